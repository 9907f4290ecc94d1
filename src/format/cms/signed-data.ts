// SPDX-License-Identifier: Apache-2.0
import { limits } from '#format/der/budget.ts'
import type { Oid } from '#format/der/oid.ts'
import { type DerReader, readDer } from '#format/der/reader.ts'
import { contextConstructed, tag } from '#format/der/tag.ts'
import { type DerWriter, encodeDer } from '#format/der/writer.ts'
import { FormatError } from '#format/format-error.ts'
import { contentTypes } from '#format/oids.ts'
import {
  type AlgorithmIdentifier,
  readAlgorithmIdentifier,
} from '#format/x509/algorithm-identifier.ts'
import { readSignerInfo, type SignerInfo, writeSignerInfo } from './signer-info.ts'

/** CMS SignedData, RFC 5652 5.1. All byte strings are views of the bytes that were parsed. */
export interface SignedData {
  readonly digestAlgorithms: readonly AlgorithmIdentifier[]
  readonly contentType: Oid
  /** undefined: the content is elsewhere (a detached signature), or there is none. */
  readonly content: Uint8Array | undefined
  /** X.509 certificates, whole, not parsed further. */
  readonly certificates: readonly Uint8Array[]
  /** X.509 CRLs, whole, not parsed further. */
  readonly crls: readonly Uint8Array[]
  readonly signers: readonly SignerInfo[]
}

/** How strictly a foreign message is read. */
export interface SignedDataOptions {
  /** `any`: elements of a SET OF may stand in any order, as openssl writes them and as BER allows. */
  readonly order?: 'der' | 'any'
}

/**
 * Parses ContentInfo with SignedData, strictly DER; no signature is checked.
 *
 * Attribute certificates and other revocation formats are refused.
 *
 * @throws FormatError
 */
export function parseSignedData(der: Uint8Array, options: SignedDataOptions = {}): SignedData {
  return readDer(der, limits.signedData, (reader) => {
    const contentInfo = reader.sequence()
    readContentType(contentInfo, contentTypes.signedData)
    const explicit = contentInfo.context(0)
    const signedData = readSignedData(explicit, options.order ?? 'der')
    explicit.end()
    contentInfo.end()
    return signedData
  })
}

function readSignedData(reader: DerReader, order: 'der' | 'any'): SignedData {
  const inner = reader.sequence()
  const versionStart = inner.offset
  const version = inner.smallInteger(0x7fff_ffff)
  const digestAlgorithms = readSet(inner, order, tag.set, (set) => readAlgorithmIdentifier(set))
  const encapsulated = readEncapsulated(inner)
  const certificates = readOptionalSet(inner, order, 0)
  const crls = readOptionalSet(inner, order, 1)
  const signers = readSet(inner, order, tag.set, readSignerInfo)
  inner.end()
  const signedData = { digestAlgorithms, ...encapsulated, certificates, crls, signers }
  if (version !== versionOf(signedData))
    throw new FormatError('version-unknown', versionStart, `version ${version}`)
  return signedData
}

/** 5.1: 3 where the content is no plain data or a signer is named by key, else 1. */
function versionOf({ contentType, signers }: SignedData): number {
  return contentType !== contentTypes.data || signers.some(({ signer }) => signer.kind === 'key')
    ? 3
    : 1
}

function readEncapsulated(reader: DerReader): Pick<SignedData, 'contentType' | 'content'> {
  const inner = reader.sequence()
  const contentType = inner.oid()
  if (!inner.hasMore) return { contentType, content: undefined }
  const explicit = inner.context(0)
  const content = explicit.octets()
  explicit.end()
  inner.end()
  return { contentType, content }
}

/** `[number] IMPLICIT SET OF` of which only SEQUENCEs are known: certificates, CRLs. */
function readOptionalSet(reader: DerReader, order: 'der' | 'any', number: number): Uint8Array[] {
  if (!reader.hasContext(number)) return []
  return readSet(reader, order, contextConstructed(number), (set) => {
    if (set.peek() !== tag.sequence) throw new FormatError('tag-not-expected', set.offset)
    return set.any()
  })
}

function readSet<T>(
  reader: DerReader,
  order: 'der' | 'any',
  expected: number,
  read: (set: DerReader) => T,
): T[] {
  if (order === 'der') return reader.setOf(read, expected, true)
  const set = reader.constructed(expected)
  const values: T[] = []
  while (set.hasMore) values.push(read(set))
  return values
}

function readContentType(reader: DerReader, expected: Oid): void {
  const start = reader.offset
  const found = reader.oid()
  if (found !== expected) throw new FormatError('value-not-allowed', start, `content type ${found}`)
}

/** ContentInfo with SignedData in DER: sets sorted, version by rule. */
export function encodeSignedData(signedData: SignedData): Uint8Array {
  return encodeDer((writer) => {
    writer.sequence(() => {
      writer.oid(contentTypes.signedData)
      writer.context(0, () => writer.sequence(() => writeSignedData(writer, signedData)))
    })
  })
}

/** SignedData alone, as it stands inside of an envelope that says its type itself (RFC 5652 6.1). */
export function encodeBareSignedData(signedData: SignedData): Uint8Array {
  return encodeDer((writer) => writer.sequence(() => writeSignedData(writer, signedData)))
}

function writeSignedData(writer: DerWriter, signedData: SignedData): void {
  const { content, certificates, crls } = signedData
  writer.integer(versionOf(signedData))
  writer.setOf(signedData.digestAlgorithms.map(({ der }) => der))
  writer.sequence(() => {
    writer.oid(signedData.contentType)
    if (content !== undefined) writer.context(0, () => writer.octets(content))
  })
  if (certificates.length > 0) writer.setOf(certificates, contextConstructed(0))
  if (crls.length > 0) writer.setOf(crls, contextConstructed(1))
  writer.setOf(
    signedData.signers.map((signer) => encodeDer((inner) => writeSignerInfo(inner, signer))),
  )
}
