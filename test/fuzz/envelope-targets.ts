// SPDX-License-Identifier: Apache-2.0
/** CBOR and what is made of it: one encoding only, so that whatever is accepted is written again octet by octet. */
import { readFileSync } from 'node:fs'
import { isDeepStrictEqual } from 'node:util'
import { concatBytes } from '#format/bytes.ts'
import { cborLimits } from '#format/cbor/limits.ts'
import { parseCbor } from '#format/cbor/reader.ts'
import { encodeCbor } from '#format/cbor/writer.ts'
import { emptyHeader } from '#format/cose/header.ts'
import { parseCoseSign } from '#format/cose/sign.ts'
import { encodeCoseSign1, parseCoseSign1 } from '#format/cose/sign1.ts'
import { type LmsSignature, parseHssPublicKey, parseHssSignature } from '#format/lms/hss.ts'
import { lmsParameters } from '#format/lms/parameters.ts'
import {
  encodeOuterEnvelope,
  encodeOuterSignatures,
  parseOuterEnvelope,
} from '#format/outer-manifest/envelope.ts'
import { encodeOuterManifest } from '#format/outer-manifest/manifest.ts'
import { encodeSuitEnvelope, parseSuitEnvelope } from '#format/suit/envelope.ts'
import { formatVectors, parseVector } from '../vectors/vector.ts'
import type { Target } from './targets.ts'

const outerFile = new URL('../vectors/outer-manifest/two-files', import.meta.url)
const outerManifest = parseVector('two-files', readFileSync(outerFile, 'utf8')).bytes
const suitEnvelopes = formatVectors
  .filter(({ name }) => name.startsWith('suit-example-'))
  .map(({ bytes }) => bytes)
const binary = { exact: true, limits: undefined, binary: true } as const

export const envelopeTargets: readonly Target[] = [
  {
    name: 'cbor',
    parse: (bytes) => parseCbor(bytes, cborLimits.item),
    again: (bytes) => encodeCbor(parseCbor(bytes, cborLimits.item)),
    ...binary,
    seeds: [...suitEnvelopes, outerManifest],
  },
  {
    name: 'cose-sign',
    parse: parseCoseSign,
    // Headers are kept as they stood, so that what a signature covers is what was read.
    again: (bytes) => {
      parseCoseSign(bytes)
      return bytes
    },
    ...binary,
    seeds: [outerManifest],
  },
  {
    name: 'cose-sign1',
    parse: parseCoseSign1,
    again(bytes) {
      const { protectedBytes, unprotected, payload, signature } = parseCoseSign1(bytes)
      if (!isDeepStrictEqual(unprotected, emptyHeader)) return bytes
      return encodeCoseSign1(protectedBytes, new Map(), payload ?? null, signature)
    },
    ...binary,
    seeds: suitEnvelopes.flatMap((bytes) =>
      parseSuitEnvelope(bytes).blocks.map((block) => block.bytes),
    ),
  },
  {
    name: 'outer-manifest',
    parse: parseOuterEnvelope,
    again(bytes) {
      const { manifest, signatures, timeStamp } = parseOuterEnvelope(bytes)
      const payload = encodeOuterManifest(manifest)
      return encodeOuterEnvelope(payload, encodeOuterSignatures(signatures), timeStamp)
    },
    ...binary,
    seeds: [outerManifest],
  },
  {
    name: 'suit-envelope',
    parse: parseSuitEnvelope,
    again(bytes) {
      const envelope = parseSuitEnvelope(bytes)
      // Nothing of ours writes these: they are read over, or are streamed behind what is written.
      if (envelope.payloads.length + envelope.unknown.length > 0) return bytes
      return encodeSuitEnvelope({
        digestBytes: envelope.digestBytes,
        blocks: envelope.blocks.map((block) => block.bytes),
        manifestEncoded: envelope.manifestEncoded,
        others: envelope.severed.map(({ key, encoded }) => [key, encoded]),
      })
    },
    ...binary,
    seeds: suitEnvelopes,
  },
  {
    name: 'hss-public-key',
    parse: parseHssPublicKey,
    again: (bytes) => parseHssPublicKey(bytes).bytes,
    ...binary,
  },
  {
    name: 'hss-signature',
    parse: parseHssSignature,
    again(bytes) {
      const { signed, last } = parseHssSignature(bytes)
      const parts = signed.flatMap(({ signature, key }) => [...partsOf(signature), key.bytes])
      return concatBytes([u32(signed.length), ...parts, ...partsOf(last)])
    },
    ...binary,
  },
]

function partsOf({ leaf, otsType, randomizer, chains, lms, path }: LmsSignature): Uint8Array[] {
  const [type = 0] = [...lmsParameters].find(([, row]) => row === lms) ?? []
  return [u32(leaf), u32(otsType), randomizer, chains, u32(type), path]
}

function u32(value: number): Uint8Array {
  const bytes = new Uint8Array(4)
  new DataView(bytes.buffer).setUint32(0, value)
  return bytes
}
