// SPDX-License-Identifier: Apache-2.0
/** What a server says in a handshake, as far as a probe reads it. */
import { FormatError } from '#format/format-error.ts'
import { versions } from './code-points.ts'
import { TlsReader } from './reader.ts'

/** Types of handshake messages. RFC 8446 section 4, RFC 5246 section 7.4, RFC 6066 section 8. */
export const messageType = {
  serverHello: 2,
  encryptedExtensions: 8,
  certificate: 11,
  serverKeyExchange: 12,
  certificateRequest: 13,
  serverHelloDone: 14,
  finished: 20,
  certificateStatus: 22,
} as const

const extension = {
  statusRequest: 5,
  extendedMasterSecret: 23,
  sessionTicket: 35,
  certificateAuthorities: 47,
  supportedVersions: 43,
  keyShare: 51,
  renegotiationInfo: 0xff01,
} as const

export interface ServerHello {
  readonly version: number
  readonly suite: number
  /** Before 1.3: 0 is none. */
  readonly compression: number
  /** Of 1.3: the group that was taken, or that a HelloRetryRequest asks for. */
  readonly group: number | undefined
  /** Of 1.3: the server's share; undefined in a HelloRetryRequest. */
  readonly share: Uint8Array | undefined
  readonly isRetry: boolean
  readonly extendedMasterSecret: boolean
  readonly secureRenegotiation: boolean
  readonly willSendTicket: boolean
}

/** RFC 8446 section 4.1.3: SHA-256 of "HelloRetryRequest". */
const retryRandom = 'cf21ad74e59a6111be1d8c021e65b891c2a211167abb8c5e079e09e2c8a8339c'

/** Parses the body of a ServerHello. @throws FormatError */
export function parseServerHello(body: Uint8Array): ServerHello {
  const reader = TlsReader.over(body)
  const legacyVersion = reader.uint(2)
  const isRetry = reader.bytes(32).toHex() === retryRandom
  reader.vector(1)
  const [suite, compression] = [reader.uint(2), reader.uint(1)]
  const extensions = reader.left === 0 ? new Map() : extensionsIn(reader.inside(2))
  reader.done()
  const selected = extensions.get(extension.supportedVersions)?.uint(2)
  const version = selected ?? legacyVersion
  const share = version >= versions['TLS 1.3'] ? extensions.get(extension.keyShare) : undefined
  return {
    ...{ version, suite, compression, isRetry },
    group: share?.uint(2),
    share: isRetry ? undefined : share?.vector(2),
    extendedMasterSecret: extensions.has(extension.extendedMasterSecret),
    secureRenegotiation: extensions.has(extension.renegotiationInfo),
    willSendTicket: extensions.has(extension.sessionTicket),
  }
}

/** More stand in no message of a server that means well. */
const mostExtensions = 64

function extensionsIn(reader: TlsReader): Map<number, TlsReader> {
  const found = new Map<number, TlsReader>()
  while (reader.left > 0) {
    const [at, type] = [reader.offset, reader.uint(2)]
    if (found.has(type)) throw new FormatError('extension-duplicate', at, `${type}`)
    if (found.size === mostExtensions)
      throw new FormatError('too-many', at, `at most ${mostExtensions} extensions`)
    found.set(type, reader.inside(2))
  }
  return found
}

export interface SentChain {
  /** DER, in the order in which they were sent. */
  readonly certificates: readonly Uint8Array[]
  /** The stapled OCSP response of the first, DER; undefined: none. */
  readonly staple: Uint8Array | undefined
}

/** A chain of a device PKI has two or three; a hostile one is not to be sorted for ever. */
const mostCertificates = 16

/** Parses the body of a Certificate message. RFC 8446 section 4.4.2, RFC 5246 section 7.4.2. */
export function parseCertificateMessage(body: Uint8Array, isModern: boolean): SentChain {
  const reader = TlsReader.over(body)
  if (isModern) reader.vector(1)
  const list = reader.inside(3)
  reader.done()
  const certificates: Uint8Array[] = []
  let staple: Uint8Array | undefined
  while (list.left > 0) {
    if (certificates.length === mostCertificates)
      throw new FormatError('too-many', list.offset, `at most ${mostCertificates} certificates`)
    certificates.push(list.vector(3))
    if (!isModern) continue
    const status = extensionsIn(list.inside(2)).get(extension.statusRequest)
    if (certificates.length === 1 && status !== undefined) staple = stapleIn(status)
  }
  return { certificates, staple }
}

/** Parses the body of a CertificateStatus message of TLS 1.2. RFC 6066 section 8. */
export function parseCertificateStatus(body: Uint8Array): Uint8Array | undefined {
  return stapleIn(TlsReader.over(body))
}

function stapleIn(reader: TlsReader): Uint8Array | undefined {
  return reader.uint(1) === 1 ? reader.vector(3) : undefined
}

/** A server of ours names none; one that names every root of the web has some hundred and fifty. */
const mostNames = 1_000

/** The DER of the names of authorities whose certificates a CertificateRequest wants; none: any. */
export function parseCertificateRequest(
  body: Uint8Array,
  isModern: boolean,
): readonly Uint8Array[] {
  const reader = TlsReader.over(body)
  reader.vector(1) // 1.3: the context; 1.2: types of certificates
  if (!isModern) reader.vector(2) // signature algorithms
  const list = isModern
    ? extensionsIn(reader.inside(2)).get(extension.certificateAuthorities)?.inside(2)
    : reader.inside(2)
  reader.done()
  const names: Uint8Array[] = []
  while (list !== undefined && list.left > 0) {
    if (names.length === mostNames)
      throw new FormatError('too-many', list.offset, `at most ${mostNames} names`)
    names.push(list.vector(2))
  }
  return names
}

/** The group of an ECDHE exchange of TLS 1.2; undefined: it names none, as with DHE. RFC 8422 section 5.4. */
export function parseKeyExchangeGroup(body: Uint8Array): number | undefined {
  const reader = TlsReader.over(body)
  return reader.uint(1) === 3 ? reader.uint(2) : undefined
}
