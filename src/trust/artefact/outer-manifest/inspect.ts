// SPDX-License-Identifier: Apache-2.0
import type { ByteSource } from '#format/archive/byte-source.ts'
import { FormatError } from '#format/format-error.ts'
import { outerManifestBounds } from '#format/outer-manifest/bounds.ts'
import { type OuterEnvelope, parseOuterEnvelope } from '#format/outer-manifest/envelope.ts'
import { coseNameOf } from '#trust/cose/algorithms.ts'
import type { Anatomy, AnatomyPart } from '../form.ts'
import { readWhole } from '../read-source.ts'

export async function inspectOuterManifest(source: ByteSource): Promise<Anatomy> {
  const bytes = await readHead(source)
  try {
    const envelope = parseOuterEnvelope(bytes)
    const { product, version, environment } = envelope.manifest
    return {
      title: `outer manifest, ${product} ${version}, ${environment}`,
      parts: [
        partOfManifest(envelope, bytes),
        ...envelope.signatures.map((one, index) => partOfSignature(one, index, bytes)),
        ...partsOfTimeStamp(envelope, bytes),
      ],
    }
  } catch (error) {
    if (!(error instanceof FormatError)) throw error
    return {
      title: 'outer manifest, damaged',
      parts: [
        {
          name: 'envelope',
          offset: 0,
          octets: bytes.length,
          what: `cannot be read: ${error.message}`,
          facts: [],
        },
      ],
    }
  }
}

async function readHead(source: ByteSource): Promise<Uint8Array> {
  try {
    return await readWhole(source, outerManifestBounds.bytes)
  } catch (error) {
    if (!(error instanceof FormatError)) throw error
    return await source.read(0, outerManifestBounds.bytes)
  }
}

function partOfManifest({ manifest, payload }: OuterEnvelope, whole: Uint8Array): AnatomyPart {
  return {
    name: 'manifest',
    offset: offsetIn(whole, payload),
    octets: payload.length,
    what: `what is signed: ${manifest.files.length} files`,
    facts: [
      ['product', manifest.product],
      ['version', manifest.version],
      ['security version', `${manifest.securityVersion}`],
      ['environment', manifest.environment],
      ['kind', manifest.kind],
      ['made at', `${manifest.madeAt}`],
      ['hardware', manifest.hardware.length === 0 ? 'any' : manifest.hardware.join(', ')],
      ...manifest.files.map(
        ({ name, octets, sha256 }) =>
          ['file', `${name}, ${octets} octets, SHA-256 ${sha256.toHex()}`] as const,
      ),
      ...manifest.policy.map(
        ({ algorithm, keyId }) =>
          ['has to sign', `${coseNameOf(algorithm)}, key ${keyId.toHex()}`] as const,
      ),
    ],
  }
}

function partOfSignature(
  { algorithm, keyId, signature }: OuterEnvelope['signatures'][number],
  index: number,
  whole: Uint8Array,
): AnatomyPart {
  return {
    name: `signature ${index + 1}`,
    offset: offsetIn(whole, signature),
    octets: signature.length,
    what: coseNameOf(algorithm),
    facts: [['key', keyId.toHex()]],
  }
}

function partsOfTimeStamp({ timeStamp }: OuterEnvelope, whole: Uint8Array): AnatomyPart[] {
  if (timeStamp === undefined) return []
  const offset = offsetIn(whole, timeStamp)
  const what = 'RFC 3161 token over all signatures'
  return [{ name: 'time-stamp', offset, octets: timeStamp.length, what, facts: [] }]
}

/** Where a view begins in what it is a view of. */
function offsetIn(whole: Uint8Array, view: Uint8Array): number {
  return view.byteOffset - whole.byteOffset
}
