// SPDX-License-Identifier: Apache-2.0
import { limits } from '#format/der/budget.ts'
import { DerReader, readDer } from '#format/der/reader.ts'
import { tag } from '#format/der/tag.ts'
import { type DerWriter, encodeDer } from '#format/der/writer.ts'
import { FormatError } from '#format/format-error.ts'
import { type AlgorithmIdentifier, readAlgorithmIdentifier } from './algorithm-identifier.ts'
import {
  checkSerialNumber,
  type ParseOptions,
  readExplicitExtensions,
  readSameAlgorithm,
  readSerialNumber,
} from './certificate.ts'
import {
  type Extension,
  encodeExtension,
  readExtension,
  readExtensions,
  type UnknownCritical,
  writeExtensions,
} from './extension.ts'
import { type Name, readName } from './name.ts'

/** One entry of a CRL. */
export interface RevokedCertificate {
  /** Content octets as in Certificate. */
  readonly serialNumber: Uint8Array
  readonly revokedAt: Temporal.Instant
  /** RFC 5280 5.3.1; undefined means unspecified. */
  readonly reason: number | undefined
  readonly extensions: readonly Extension[]
}

/** An X.509 version 2 certificate revocation list. All byte strings are views of the bytes that were parsed. */
export interface Crl {
  readonly der: Uint8Array
  /** What is signed. */
  readonly tbs: Uint8Array
  readonly signatureAlgorithm: AlgorithmIdentifier
  readonly issuer: Name
  readonly thisUpdate: Temporal.Instant
  readonly nextUpdate: Temporal.Instant
  /** In the order of the list; read again at each iteration, so that a million entries cost no memory. */
  readonly revoked: Iterable<RevokedCertificate>
  readonly revokedCount: number
  readonly extensions: readonly Extension[]
  readonly signature: Uint8Array
}

/**
 * Parses one CRL strictly: DER, version 2, nextUpdate present, every entry checked. The signature is not.
 *
 * @throws FormatError
 * @see RFC 5280 5.1
 */
export function parseCrl(der: Uint8Array, options: ParseOptions = {}): Crl {
  return readDer(der, limits.crl, (reader) => readCrl(reader, options.unknownCritical ?? 'refuse'))
}

function readCrl(reader: DerReader, unknownCritical: UnknownCritical): Crl {
  const start = reader.offset
  const outer = reader.sequence()
  const tbsStart = outer.offset
  const tbs = outer.sequence()
  readCrlVersion(tbs)
  const signatureAlgorithm = readAlgorithmIdentifier(tbs)
  const issuer = readName(tbs)
  const thisUpdate = tbs.time()
  const nextUpdate = tbs.time()
  const revoked = readRevokedList(tbs, unknownCritical)
  const extensions = tbs.hasMore ? readExplicitExtensions(tbs, 0, unknownCritical) : []
  tbs.end()
  const tbsBytes = outer.since(tbsStart)
  readSameAlgorithm(outer, signatureAlgorithm)
  const signature = outer.bitStringOctets()
  outer.end()
  return {
    der: reader.since(start),
    tbs: tbsBytes,
    signatureAlgorithm,
    issuer,
    thisUpdate,
    nextUpdate,
    revoked,
    revokedCount: revoked.count,
    extensions,
    signature,
  }
}

/** 5.1.2.1: version 2, since extensions MUST be there. */
export function readCrlVersion(tbs: DerReader): void {
  const start = tbs.offset
  if (tbs.peek() !== tag.integer) throw new FormatError('version-unknown', start, 'version 1')
  const version = tbs.smallInteger(0x7fff_ffff)
  if (version !== 1) throw new FormatError('version-unknown', start, `version ${version + 1}`)
}

/** 5.1.2.6: absent if nothing is revoked, never empty. */
function readRevokedList(tbs: DerReader, unknownCritical: UnknownCritical): RevokedList {
  if (tbs.peek() !== tag.sequence) return new RevokedList(new Uint8Array(), 0, unknownCritical)
  const start = tbs.offset
  const list = tbs.nonEmpty(tag.sequence)
  let count = 0
  for (; list.hasMore; count++) readRevoked(list, unknownCritical)
  return new RevokedList(tbs.since(start), count, unknownCritical)
}

/** Entries that were read once, to check them, and are read again when somebody looks. */
class RevokedList implements Iterable<RevokedCertificate> {
  readonly count: number
  readonly #der: Uint8Array
  readonly #unknownCritical: UnknownCritical

  constructor(der: Uint8Array, count: number, unknownCritical: UnknownCritical) {
    this.#der = der
    this.count = count
    this.#unknownCritical = unknownCritical
  }

  *[Symbol.iterator](): Iterator<RevokedCertificate> {
    if (this.count === 0) return
    const list = DerReader.over(this.#der, limits.crl).sequence()
    while (list.hasMore) yield readRevoked(list, this.#unknownCritical)
  }
}

function readRevoked(list: DerReader, unknownCritical: UnknownCritical): RevokedCertificate {
  const entry = list.sequence()
  const serialNumber = readSerialNumber(entry)
  const revokedAt = entry.time()
  const extensions = entry.hasMore ? readExtensions(entry, unknownCritical) : []
  entry.end()
  return { serialNumber, revokedAt, reason: readExtension(extensions, 'cRLReason'), extensions }
}

/** What is to be listed. */
export interface Revocation {
  readonly serialNumber: Uint8Array
  readonly revokedAt: Temporal.Instant
  /** 0 or undefined writes none (RFC 5280 5.3.1). */
  readonly reason?: number | undefined
  /** All of the entry's extensions; if there are any, `reason` is not looked at. */
  readonly extensions?: readonly Extension[]
}

/** What is in a CRL before it is signed. */
export interface TbsCrl {
  readonly signatureAlgorithm: AlgorithmIdentifier
  readonly issuer: Name
  readonly thisUpdate: Temporal.Instant
  readonly nextUpdate: Temporal.Instant
  readonly revoked: Iterable<Revocation>
  readonly extensions: readonly Extension[]
}

/**
 * What is to be signed; entries and extensions stand in the order given.
 *
 * @throws FormatError `serial-number-wrong`, `time-malformed`, `value-not-allowed` (a reason that does not exist)
 */
export function encodeTbsCrl(tbs: TbsCrl): Uint8Array {
  return encodeDer((writer) => {
    writer.sequence(() => {
      writer.integer(1)
      writer.raw(tbs.signatureAlgorithm.der)
      writer.raw(tbs.issuer.der)
      writer.time(tbs.thisUpdate)
      writer.time(tbs.nextUpdate)
      writeRevokedList(writer, tbs.revoked)
      if (tbs.extensions.length > 0)
        writer.context(0, () => writeExtensions(writer, tbs.extensions))
    })
  })
}

function writeRevokedList(writer: DerWriter, revoked: Iterable<Revocation>): void {
  const entries = Iterator.from(revoked)
  let next = entries.next()
  if (next.done) return
  writer.sequence(() => {
    for (; !next.done; next = entries.next()) writeRevoked(writer, next.value)
  })
}

/** The entries one after the other, without what stands around them in a list. @throws as `encodeTbsCrl` */
export function encodeRevoked(revoked: Iterable<Revocation>): Uint8Array {
  return encodeDer((writer) => {
    for (const one of revoked) writeRevoked(writer, one)
  })
}

function writeRevoked(writer: DerWriter, revocation: Revocation): void {
  const { serialNumber, revokedAt, reason, extensions = [] } = revocation
  checkSerialNumber(serialNumber, 0)
  writer.sequence(() => {
    writer.integerBytes(serialNumber)
    writer.time(revokedAt)
    if (extensions.length > 0) writeExtensions(writer, extensions)
    else if (reason !== undefined && reason !== 0) writer.raw(reasonExtensions(reason))
  })
}

/** The Extensions of an entry with this reason: ten texts that repeat a million times. */
function reasonExtensions(reason: number): Uint8Array {
  const known = encodedReasons.get(reason)
  if (known !== undefined) return known
  if (!Number.isInteger(reason) || reason < 1 || reason > 10 || reason === 7)
    throw new FormatError('value-not-allowed', 0, `reason ${reason}`)
  const extension = encodeExtension('cRLReason', reason)
  const encoded = encodeDer((writer) => writeExtensions(writer, [extension]))
  encodedReasons.set(reason, encoded)
  return encoded
}

const encodedReasons = new Map<number, Uint8Array>()
