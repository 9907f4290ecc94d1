// SPDX-License-Identifier: Apache-2.0

import { sameBytes } from '#format/bytes.ts'
import { limits } from '#format/der/budget.ts'
import { type DerReader, readDer } from '#format/der/reader.ts'
import { encodeDer } from '#format/der/writer.ts'
import { FormatError } from '#format/format-error.ts'
import { type AlgorithmIdentifier, readAlgorithmIdentifier } from './algorithm-identifier.ts'
import {
  type Extension,
  readExtensions,
  type UnknownCritical,
  writeExtensions,
} from './extension.ts'
import { type Name, readName } from './name.ts'
import { readSubjectPublicKeyInfo, type SubjectPublicKeyInfo } from './public-key.ts'

/** What is signed of an X.509 version 3 certificate. All byte strings are views of the bytes that were parsed. */
export interface ToBeSigned {
  /** The whole of it. */
  readonly tbs: Uint8Array
  /** Content octets of the INTEGER: positive, minimal (a leading 00 before a high bit), at most 20. */
  readonly serialNumber: Uint8Array
  readonly signatureAlgorithm: AlgorithmIdentifier
  readonly issuer: Name
  readonly notBefore: Temporal.Instant
  readonly notAfter: Temporal.Instant
  readonly subject: Name
  readonly publicKey: SubjectPublicKeyInfo
  readonly extensions: readonly Extension[]
}

/** The same with its signature. */
export interface Certificate extends ToBeSigned {
  readonly der: Uint8Array
  readonly signature: Uint8Array
}

export interface ParseOptions {
  readonly unknownCritical?: UnknownCritical
}

/**
 * Parses one certificate strictly: DER, version 3, no unique identifiers, extensions checked. The signature is not.
 *
 * @throws FormatError
 * @see RFC 5280 4.1
 */
export function parseCertificate(der: Uint8Array, options: ParseOptions = {}): Certificate {
  return readDer(der, limits.certificate, (reader) =>
    readCertificate(reader, options.unknownCritical ?? 'refuse'),
  )
}

/** Parses a TBSCertificate as strictly. @throws FormatError */
export function parseToBeSigned(tbs: Uint8Array, options: ParseOptions = {}): ToBeSigned {
  return readDer(tbs, limits.certificate, (reader) =>
    readToBeSigned(reader, options.unknownCritical ?? 'refuse'),
  )
}

/** Reads one certificate. */
export function readCertificate(reader: DerReader, unknownCritical: UnknownCritical): Certificate {
  const start = reader.offset
  const outer = reader.sequence()
  const toBeSigned = readToBeSigned(outer, unknownCritical)
  readSameAlgorithm(outer, toBeSigned.signatureAlgorithm)
  const signature = outer.bitStringOctets()
  outer.end()
  return { ...toBeSigned, der: reader.since(start), signature }
}

function readToBeSigned(reader: DerReader, unknownCritical: UnknownCritical): ToBeSigned {
  const start = reader.offset
  const tbs = reader.sequence()
  readVersion(tbs)
  const serialNumber = readSerialNumber(tbs)
  const signatureAlgorithm = readAlgorithmIdentifier(tbs)
  const issuer = readName(tbs)
  const { notBefore, notAfter } = readValidity(tbs)
  const subject = readName(tbs)
  const publicKey = readSubjectPublicKeyInfo(tbs)
  const extensions = tbs.hasMore ? readExplicitExtensions(tbs, 3, unknownCritical) : []
  tbs.end()
  return {
    tbs: reader.since(start),
    serialNumber,
    signatureAlgorithm,
    issuer,
    notBefore,
    notAfter,
    subject,
    publicKey,
    extensions,
  }
}

/** 4.1.2.1: version 3, the only one that this house reads or writes. */
function readVersion(tbs: DerReader): void {
  if (!tbs.hasContext(0)) throw new FormatError('version-unknown', tbs.offset, 'version 1')
  const explicit = tbs.context(0)
  const start = explicit.offset
  const version = explicit.smallInteger(0x7fff_ffff)
  if (version === 0) throw new FormatError('default-encoded', start, 'version 1')
  if (version !== 2) throw new FormatError('version-unknown', start, `version ${version + 1}`)
  explicit.end()
}

/** 4.1.2.2: positive, at most 20 octets. */
export function readSerialNumber(reader: DerReader): Uint8Array {
  const start = reader.offset
  const content = reader.integerBytes()
  checkSerialNumber(content, start)
  return content
}

/** @throws FormatError `serial-number-wrong` unless positive and of at most 20 octets */
export function checkSerialNumber(content: Uint8Array, offset: number): void {
  const zero = content.length === 1 && content[0] === 0
  if (content[0]! >= 0x80 || zero || content.length > 20)
    throw new FormatError('serial-number-wrong', offset)
}

function readValidity(tbs: DerReader) {
  const validity = tbs.sequence()
  const notBefore = validity.time()
  const notAfter = validity.time()
  validity.end()
  return { notBefore, notAfter }
}

/** `[number] EXPLICIT Extensions`. */
export function readExplicitExtensions(
  reader: DerReader,
  number: number,
  unknownCritical: UnknownCritical,
): Extension[] {
  const explicit = reader.context(number)
  const extensions = readExtensions(explicit, unknownCritical)
  explicit.end()
  return extensions
}

/** 4.1.1.2: the algorithm outside is the one inside, parameters and all. */
export function readSameAlgorithm(outer: DerReader, inside: AlgorithmIdentifier): void {
  const start = outer.offset
  const outside = readAlgorithmIdentifier(outer)
  if (!sameBytes(outside.der, inside.der))
    throw new FormatError('signature-algorithm-differs', start, `${outside.oid}, ${inside.oid}`)
}

/** What is in a certificate before it is signed. */
export interface TbsCertificate {
  /** Content octets as in Certificate. */
  readonly serialNumber: Uint8Array
  readonly signatureAlgorithm: AlgorithmIdentifier
  readonly issuer: Name
  readonly notBefore: Temporal.Instant
  readonly notAfter: Temporal.Instant
  readonly subject: Name
  /** SubjectPublicKeyInfo, DER. */
  readonly publicKey: Uint8Array
  readonly extensions: readonly Extension[]
}

/**
 * What is to be signed. Extensions stand in the order given.
 *
 * @throws FormatError `serial-number-wrong`, `integer-malformed`, `time-malformed`
 */
export function encodeTbsCertificate(tbs: TbsCertificate): Uint8Array {
  checkSerialNumber(tbs.serialNumber, 0)
  return encodeDer((writer) => {
    writer.sequence(() => {
      writer.context(0, () => writer.integer(2))
      writer.integerBytes(tbs.serialNumber)
      writer.raw(tbs.signatureAlgorithm.der)
      writer.raw(tbs.issuer.der)
      writer.sequence(() => {
        writer.time(tbs.notBefore)
        writer.time(tbs.notAfter)
      })
      writer.raw(tbs.subject.der)
      writer.raw(tbs.publicKey)
      if (tbs.extensions.length > 0)
        writer.context(3, () => writeExtensions(writer, tbs.extensions))
    })
  })
}

/** The SIGNED form that certificate, CRL and request share: what was signed, how, and the signature. */
export function encodeSigned(
  toBeSigned: Uint8Array,
  algorithm: AlgorithmIdentifier,
  signature: Uint8Array,
): Uint8Array {
  return encodeDer((writer) => {
    writer.sequence(() => {
      writer.raw(toBeSigned)
      writer.raw(algorithm.der)
      writer.bitStringOctets(signature)
    })
  })
}
