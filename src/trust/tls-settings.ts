// SPDX-License-Identifier: Apache-2.0
/** The one table of TLS settings: what our listeners take, and what our clients ask for. */
import { constants } from 'node:crypto'

export type TlsVersion = 'TLSv1.2' | 'TLSv1.3'

/** What a connection may be made of; every list in the order of preference, in OpenSSL's words. */
export interface TlsSettings {
  readonly versions: readonly [least: TlsVersion, most: TlsVersion]
  readonly suites: readonly string[]
  readonly groups: readonly string[]
  readonly signatures: readonly string[]
}

/**
 * RFC 8446 appendix B.4. ChaCha20 goes first for whoever puts it first, being without AES in hardware; CCM is
 * what the smallest devices have in silicon (RFC 7925 section 4.2), here with its whole tag.
 */
const suites13 = [
  'TLS_AES_256_GCM_SHA384',
  'TLS_CHACHA20_POLY1305_SHA256',
  'TLS_AES_128_GCM_SHA256',
  'TLS_AES_128_CCM_SHA256',
]

/** Forward secrecy and authenticated encryption only (RFC 9325 section 4.2), and CCM for the same reason. */
const suites12 = [
  'ECDHE-ECDSA-AES256-GCM-SHA384',
  'ECDHE-RSA-AES256-GCM-SHA384',
  'ECDHE-ECDSA-CHACHA20-POLY1305',
  'ECDHE-RSA-CHACHA20-POLY1305',
  'ECDHE-ECDSA-AES128-GCM-SHA256',
  'ECDHE-RSA-AES128-GCM-SHA256',
  'ECDHE-ECDSA-AES128-CCM',
]

/** What was recorded today is not read by a quantum computer of tomorrow (RFC 10024); then what all have. */
const groups = ['X25519MLKEM768', 'X25519', 'P-256', 'P-384']

/**
 * In our order, which counts: OpenSSL alone would put ML-DSA first, and give its certificate to clients that
 * could check it but know only the usual root. Who knows only the other root offers ML-DSA alone.
 *
 * It also says by which signatures devices may prove themselves, and their chains be signed: nothing with SHA-1.
 */
const signatures = [
  ...['ecdsa_secp256r1_sha256', 'ecdsa_secp384r1_sha384', 'ecdsa_secp521r1_sha512'],
  ...['ed25519', 'ed448'],
  ...['rsa_pss_pss_sha256', 'rsa_pss_pss_sha384', 'rsa_pss_pss_sha512'],
  ...['rsa_pss_rsae_sha256', 'rsa_pss_rsae_sha384', 'rsa_pss_rsae_sha512'],
  ...['rsa_pkcs1_sha256', 'rsa_pkcs1_sha384', 'rsa_pkcs1_sha512'],
  ...['mldsa65', 'mldsa87', 'mldsa44'],
]

const modern = { suites: suites13, groups, signatures }
const both = { suites: [...suites13, ...suites12], groups, signatures }

export const tlsSettings = {
  /** The devices' own port, and the one for proxies that pass TLS through. */
  devices: { versions: ['TLSv1.3', 'TLSv1.3'], ...modern },
  /**
   * The port for old devices, off unless the configuration opens it. It speaks TLS 1.3 too, so that a device
   * whose firmware has learnt it needs no other address.
   */
  legacy: { versions: ['TLSv1.2', 'TLSv1.3'], ...both },
  /** Connections that we make: to upstreams, targets of messages, mail servers, the database, our own servers. */
  calling: { versions: ['TLSv1.2', 'TLSv1.3'], ...both },
} as const satisfies Record<string, TlsSettings>

export type ListenerName = Exclude<keyof typeof tlsSettings, 'calling'>

/** The part of node's options that is the same for both sides of a connection. */
export interface TlsOptions {
  readonly minVersion: TlsVersion
  readonly maxVersion: TlsVersion
  readonly ciphers: string
  readonly ecdhCurve: string
}

export interface ListeningOptions extends TlsOptions {
  readonly sigalgs: string
  readonly secureOptions: number
}

/**
 * For a server.
 *
 * Nothing is resumed: every connection proves its key anew, and a revoked device gains nothing from an old
 * session. A ticket would carry the client's whole certificate; without (`SSL_OP_NO_TICKET`) OpenSSL still sends
 * two ids of 32 bytes in TLS 1.3, which lead nowhere since node keeps no session unless asked to: their number is
 * not within node's reach. Renegotiation could change who is at the other end.
 */
export function listeningOptions(listener: ListenerName): ListeningOptions {
  const { signatures } = tlsSettings[listener]
  return {
    ...optionsOf(tlsSettings[listener]),
    // The slash makes OpenSSL ask for the first group of whoever knows it, though the client guessed another.
    ecdhCurve: `${groups[0]}/${groups.slice(1).join(':')}`,
    sigalgs: signatures.join(':'),
    secureOptions:
      constants.SSL_OP_NO_TICKET |
      constants.SSL_OP_NO_RENEGOTIATION |
      constants.SSL_OP_CIPHER_SERVER_PREFERENCE |
      constants.SSL_OP_PRIORITIZE_CHACHA,
  }
}

/** For a client. Stars mark the groups that a share is sent for at once, as OpenSSL does by itself. */
export function callingOptions(): TlsOptions {
  const shared = groups.slice(0, 2).map((group) => `*${group}`)
  return {
    ...optionsOf(tlsSettings.calling),
    ecdhCurve: [...shared, ...groups.slice(2)].join(':'),
  }
}

function optionsOf({ versions: [minVersion, maxVersion], suites }: TlsSettings) {
  return { minVersion, maxVersion, ciphers: suites.join(':') }
}
