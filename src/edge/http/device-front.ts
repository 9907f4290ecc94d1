// SPDX-License-Identifier: Apache-2.0
import { constants } from 'node:crypto'
import { createServer } from 'node:https'
import type { SecureContextOptions } from 'node:tls'
import { encodePem } from '#format/pem.ts'
import { type Front, type FrontOptions, openFront, serverOptions } from './front.ts'

/** What the server proves itself with. */
export interface TlsIdentity {
  /** PKCS #8, PEM, unencrypted: node takes a TLS key in no other form. Lives in memory only. */
  readonly key: string
  /** DER, leaf first, then what stands between it and the root; the root itself is not sent. */
  readonly chain: readonly Uint8Array[]
  /** For clients that offer no signature of the first one's kind: one whose key withstands quantum computers. */
  readonly beside?: TlsIdentity | undefined
}

export interface DeviceFrontOptions extends FrontOptions {
  readonly identity: TlsIdentity
}

export interface DeviceFront extends Front {
  /**
   * From now on new connections see this identity; those that stand are left in peace.
   *
   * @throws Error if key and chain do not belong together; then the former stays
   */
  swapIdentity(identity: TlsIdentity): void
}

/**
 * Opens the devices' door: TLS 1.2 or 1.3, a client certificate asked for and never demanded.
 *
 * No connection resumes another: each one proves its key anew, and a revoked device gains nothing
 * from an old session.
 *
 * @throws Fault `port-taken` if the address cannot be had
 */
export async function openDeviceFront(options: DeviceFrontOptions): Promise<DeviceFront> {
  const server = createServer({
    ...serverOptions(options.limits),
    ...contextOptions(options.identity),
    requestCert: true,
    rejectUnauthorized: false,
    handshakeTimeout: options.limits.handshakeMilliseconds,
    ALPNProtocols: ['http/1.1', 'http/1.0'],
  })
  const front = await openFront(server, options)
  return {
    ...front,
    swapIdentity: (next) => server.setSecureContext(contextOptions(next)),
  }
}

/**
 * Forward secrecy and authenticated encryption only (RFC 9325 section 4.2), with the suites of small
 * devices (RFC 7925 section 4.2, the one with the whole tag).
 */
const ciphers = [
  'TLS_AES_256_GCM_SHA384',
  'TLS_CHACHA20_POLY1305_SHA256',
  'TLS_AES_128_GCM_SHA256',
  'ECDHE-ECDSA-AES256-GCM-SHA384',
  'ECDHE-RSA-AES256-GCM-SHA384',
  'ECDHE-ECDSA-CHACHA20-POLY1305',
  'ECDHE-RSA-CHACHA20-POLY1305',
  'ECDHE-ECDSA-AES128-GCM-SHA256',
  'ECDHE-RSA-AES128-GCM-SHA256',
  'ECDHE-ECDSA-AES128-CCM',
].join(':')

/**
 * In our order, which counts: OpenSSL alone would put ML-DSA first, and give its certificate to clients that
 * could check it but know only the usual root. Who knows only the other root offers ML-DSA alone.
 */
const signaturesWithTwin = [
  ...['ecdsa_secp256r1_sha256', 'ecdsa_secp384r1_sha384', 'ecdsa_secp521r1_sha512'],
  ...['ed25519', 'ed448'],
  ...['rsa_pss_pss_sha256', 'rsa_pss_pss_sha384', 'rsa_pss_pss_sha512'],
  ...['rsa_pss_rsae_sha256', 'rsa_pss_rsae_sha384', 'rsa_pss_rsae_sha512'],
  ...['rsa_pkcs1_sha256', 'rsa_pkcs1_sha384', 'rsa_pkcs1_sha512'],
  ...['mldsa65', 'mldsa87', 'mldsa44'],
].join(':')

function contextOptions(identity: TlsIdentity): SecureContextOptions {
  const { beside } = identity
  const all = beside === undefined ? [identity] : [identity, beside]
  return {
    key: all.map(({ key }) => key),
    cert: all.map(({ chain }) => chain.map(pemCertificate).join('')),
    ...(beside !== undefined && { sigalgs: signaturesWithTwin }),
    // None is named (absent, node would name every root of the web): a device with a birth certificate of
    // another maker would else keep it to itself. It also spares OpenSSL's own look at the chain, which
    // decides nothing: measured 0.6 ms instead of 1.1 ms a handshake with a P-384 root.
    ca: [],
    minVersion: 'TLSv1.2',
    ciphers,
    // A ticket would carry the client's whole certificate (what TLS 1.3 still sends are ids that lead
    // nowhere), and renegotiation could change it.
    secureOptions:
      constants.SSL_OP_NO_TICKET |
      constants.SSL_OP_NO_RENEGOTIATION |
      constants.SSL_OP_CIPHER_SERVER_PREFERENCE |
      constants.SSL_OP_PRIORITIZE_CHACHA,
  }
}

function pemCertificate(der: Uint8Array): string {
  return encodePem('CERTIFICATE', der)
}
