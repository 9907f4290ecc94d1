// SPDX-License-Identifier: Apache-2.0
import { cborLimits } from '#format/cbor/limits.ts'
import { major } from '#format/cbor/major.ts'
import { CborReader } from '#format/cbor/reader.ts'
import { CborEncoded, CborTagged, type CborValue } from '#format/cbor/value.ts'
import { encodeCbor } from '#format/cbor/writer.ts'
import { type CoseSign1, readCoseSign1, sign1Tag } from '#format/cose/sign1.ts'
import { FormatError } from '#format/format-error.ts'
import { readWrappedSequence, type SuitSequence } from './commands.ts'
import { readDigest, type SuitDigest } from './digest.ts'
import { readManifest, type SuitManifest } from './manifest.ts'
import { envelopeKeys, severableMembers, suitTags, textKey } from './numbers.ts'

export interface SuitBlock {
  /** The byte string of the block, without its head: a view, as all octets in here. */
  readonly bytes: Uint8Array
  readonly offset: number
  /** Undefined: a MAC, or several signatures in one, which are not read here. */
  readonly sign1: CoseSign1 | undefined
}

/** A member that stands in the envelope, where the manifest has its digest. */
export interface SuitSevered {
  readonly key: number
  readonly offset: number
  /** The byte string with its head: what the digest covers (section 8.5). */
  readonly encoded: Uint8Array
  /** Undefined: text for people. */
  readonly sequence: SuitSequence | undefined
}

export interface SuitPayload {
  /** As a URI of the manifest names it. */
  readonly name: string
  readonly offset: number
  readonly bytes: Uint8Array
}

/** @see draft-ietf-suit-manifest-37 section 8.2 */
export interface SuitEnvelope {
  readonly digest: SuitDigest
  /** SUIT_Digest as it is encoded: what the blocks sign. */
  readonly digestBytes: Uint8Array
  readonly blocks: readonly SuitBlock[]
  /** The byte string of the manifest with its head: what the digest covers. */
  readonly manifestEncoded: Uint8Array
  readonly manifestOffset: number
  readonly manifest: SuitManifest
  readonly severed: readonly SuitSevered[]
  readonly payloads: readonly SuitPayload[]
  /** Keys that this draft does not have; nothing covers what stands there. */
  readonly unknown: readonly number[]
}

/** An envelope, tagged, and nothing else. @throws FormatError */
export function parseSuitEnvelope(bytes: Uint8Array): SuitEnvelope {
  const reader = CborReader.over(bytes, cborLimits.suitEnvelope)
  reader.tagged(suitTags.envelope)
  const start = reader.offset
  let authentication: Authentication | undefined
  let manifest: Pick<SuitEnvelope, 'manifest' | 'manifestEncoded' | 'manifestOffset'> | undefined
  const severed: SuitSevered[] = []
  const payloads: SuitPayload[] = []
  const unknown: number[] = []
  reader.map(
    () => (reader.peek() === major.text ? reader.text() : reader.integer()),
    (key) => {
      const offset = reader.offset
      if (typeof key === 'string') payloads.push({ name: key, offset, bytes: reader.byteString() })
      else if (key === envelopeKeys.authentication) authentication = readAuthentication(reader)
      else if (key === envelopeKeys.manifest) {
        const inner = reader.wrapped()
        const read = readManifest(inner)
        inner.end()
        manifest = {
          manifest: read,
          manifestEncoded: reader.since(offset),
          manifestOffset: offset,
        }
      } else if (key in severableMembers) severed.push(readSevered(reader, key))
      else {
        unknown.push(key)
        reader.item()
      }
    },
  )
  reader.end()
  if (authentication === undefined || manifest === undefined)
    throw new FormatError('element-missing', start, 'authentication or manifest')
  return { ...authentication, ...manifest, severed, payloads, unknown }
}

type Authentication = Pick<SuitEnvelope, 'digest' | 'digestBytes' | 'blocks'>

function readAuthentication(reader: CborReader): Authentication {
  const inner = reader.wrapped()
  const start = inner.offset
  let digest: Pick<SuitEnvelope, 'digest' | 'digestBytes'> | undefined
  const blocks: SuitBlock[] = []
  inner.array((index) => {
    if (index === 0) {
      const first = inner.wrapped()
      const offset = first.offset
      const read = readDigest(first)
      first.end()
      digest = { digest: read, digestBytes: first.since(offset) }
    } else blocks.push(readBlock(inner))
  })
  inner.end()
  if (digest === undefined) throw new FormatError('element-missing', start, 'digest')
  return { ...digest, blocks }
}

function readBlock(reader: CborReader): SuitBlock {
  const inner = reader.wrapped()
  const offset = inner.offset
  const sign1 = inner.startsWithTag(sign1Tag) ? readCoseSign1(inner) : undefined
  if (sign1 === undefined) inner.item()
  inner.end()
  return { bytes: inner.since(offset), offset, sign1 }
}

function readSevered(reader: CborReader, key: number): SuitSevered {
  const offset = reader.offset
  const isText = key === textKey
  const sequence = isText ? undefined : readWrappedSequence(reader)
  if (isText) reader.byteString()
  return { key, offset, encoded: reader.since(offset), sequence }
}

/** What goes into an envelope beside integrated payloads, which follow it. */
export interface SuitParts {
  readonly digestBytes: Uint8Array
  /** Each a COSE message as it is encoded. */
  readonly blocks: readonly Uint8Array[]
  /** The byte string with its head. */
  readonly manifestEncoded: Uint8Array
  /** Keys of the envelope, and what stands there as it is encoded. */
  readonly others: readonly (readonly [number, Uint8Array])[]
}

/** The byte string of the authentication, without its head. */
export function encodeAuthentication({
  digestBytes,
  blocks,
}: Pick<SuitParts, 'digestBytes' | 'blocks'>) {
  return encodeCbor([digestBytes, ...blocks])
}

/** An envelope without integrated payloads. */
export function encodeSuitEnvelope(parts: SuitParts): Uint8Array {
  const entries = new Map<number, CborValue>([
    [envelopeKeys.authentication, encodeAuthentication(parts)],
    [envelopeKeys.manifest, new CborEncoded(parts.manifestEncoded)],
    ...parts.others.map(([key, encoded]) => [key, new CborEncoded(encoded)] as const),
  ])
  return encodeCbor(new CborTagged(suitTags.envelope, entries))
}
