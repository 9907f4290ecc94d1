// SPDX-License-Identifier: Apache-2.0
/** A SUIT envelope and what may be done to it, for us and for a reader in another language. */
import { memorySource } from '#format/archive/byte-source.ts'
import { concatBytes } from '#format/bytes.ts'
import { cborLimits } from '#format/cbor/limits.ts'
import { parseCbor } from '#format/cbor/reader.ts'
import { CborTagged, type CborValue } from '#format/cbor/value.ts'
import { encodeCbor } from '#format/cbor/writer.ts'
import { encodeSignature1Input } from '#format/cose/sig-structure.ts'
import { encodeCoseSign1 } from '#format/cose/sign1.ts'
import { signatureAlgorithms } from '#trust/algorithms.ts'
import type { ArtefactRefusal } from '#trust/artefact/refusal.ts'
import { suitForm } from '#trust/artefact/suit/form.ts'
import type { SuitOptions } from '#trust/artefact/suit/options.ts'
import { coseAlgorithmOf } from '#trust/cose/algorithms.ts'
import { coseSignatureFrom } from '#trust/cose/signature.ts'
import { sha256 } from '#trust/digest.ts'
import { sign } from '#trust/private-key.ts'
import { type SoftSigner, signPlan, softSigner } from './soft-signers.ts'

export const image = new TextEncoder().encode('image of a sensor\n')

export const suitWishes: SuitOptions = {
  ...{ sequenceNumber: 42, vendor: 'example.com', class: 'sensor-3', integrated: true },
  description: 'mends the clock',
}

export interface SuitHouse {
  readonly signer: SoftSigner
  readonly stranger: SoftSigner
  readonly genuine: Uint8Array
}

export async function suitHouse(): Promise<SuitHouse> {
  const signer = await softSigner('p-256')
  const plan = await suitForm.plan(memorySource(image), suitWishes, [signer])
  if (plan.kind === 'refused') throw new Error(plan.detail)
  return {
    signer,
    stranger: await softSigner('p-256'),
    genuine: await signPlan(plan, [signer]),
  }
}

type Entries = Map<CborValue, CborValue>

/** The envelope as a map, for what our own encoder does not write. */
export function entriesOf(bytes: Uint8Array): Entries {
  const item = parseCbor(bytes, cborLimits.suitEnvelope)
  if (!(item instanceof CborTagged && item.value instanceof Map)) throw new Error('no envelope')
  return new Map(item.value)
}

export function tagged(entries: Entries): Uint8Array {
  return encodeCbor(new CborTagged(107, entries))
}

function changed(bytes: Uint8Array, change: (entries: Entries) => void): Uint8Array {
  const entries = entriesOf(bytes)
  change(entries)
  return tagged(entries)
}

const octetsOf = (value: CborValue | undefined): Uint8Array => {
  if (!(value instanceof Uint8Array)) throw new Error('no octets')
  return value
}

function manifestOf(entries: Entries): Entries {
  const item = parseCbor(octetsOf(entries.get(3)), cborLimits.suitManifest)
  if (!(item instanceof Map)) throw new Error('no manifest')
  return new Map(item)
}

function authenticationOf(entries: Entries): CborValue[] {
  const item = parseCbor(octetsOf(entries.get(2)), cborLimits.suitManifest)
  if (!Array.isArray(item)) throw new Error('no authentication')
  return [...item]
}

/** The same envelope around another manifest, with the digest and the signature that belong to it. */
export async function resigned(
  { genuine, signer }: Pick<SuitHouse, 'genuine' | 'signer'>,
  change: (manifest: Entries, envelope: Entries) => void,
  digestOf = (manifest: Uint8Array) => sha256(encodeCbor(manifest)),
): Promise<Uint8Array> {
  const entries = entriesOf(genuine)
  const manifest = manifestOf(entries)
  change(manifest, entries)
  const encoded = encodeCbor(manifest)
  entries.set(3, encoded)
  const digestBytes = encodeCbor([-16, digestOf(encoded)])
  entries.set(2, encodeCbor([digestBytes, await blockBy(signer, digestBytes)]))
  return tagged(entries)
}

async function blockBy(signer: SoftSigner, digestBytes: Uint8Array): Promise<Uint8Array> {
  const cose = coseAlgorithmOf(signer.algorithm, signer.publicKey.algorithm)!
  const header = encodeCbor(
    new Map<number, CborValue>([
      [1, cose.id],
      [4, sha256(signer.publicKey.spki)],
    ]),
  )
  const input = encodeSignature1Input(header, digestBytes)
  const made = await sign(signer.pair.privateKey, signatureAlgorithms[signer.algorithm], input)
  return encodeCoseSign1(header, new Map(), null, coseSignatureFrom(cose, made))
}

function withBlocks(
  bytes: Uint8Array,
  change: (blocks: readonly Uint8Array[]) => readonly Uint8Array[],
): Uint8Array {
  return changed(bytes, (entries) => {
    const [digest, ...blocks] = authenticationOf(entries)
    entries.set(2, encodeCbor([digest!, ...change(blocks.map(octetsOf))]))
  })
}

/** A block from its four parts. */
function withParts(
  block: Uint8Array,
  change: (parts: CborValue[]) => readonly CborValue[],
): Uint8Array {
  const item = parseCbor(block, cborLimits.coseMessage)
  if (!(item instanceof CborTagged && Array.isArray(item.value))) throw new Error('no block')
  return encodeCbor(new CborTagged(18, change([...item.value])))
}

const flipped = (bytes: Uint8Array) =>
  bytes.map((octet, index) => (index === bytes.length >> 1 ? octet ^ 1 : octet))

function withSignature(bytes: Uint8Array, change: (signature: Uint8Array) => Uint8Array) {
  return withBlocks(bytes, (blocks) =>
    blocks.map((block) =>
      withParts(block, ([header, other, payload, signature]) => [
        ...[header!, other!, payload!, change(octetsOf(signature))],
      ]),
    ),
  )
}

export interface SuitCorruption {
  readonly what: string
  readonly reason: ArtefactRefusal
  readonly bytes: (house: SuitHouse) => Uint8Array | Promise<Uint8Array>
}

/** What a device that knows the signer's key, with its counter at 42, refuses, whoever reads it. */
export const suitCorruptions: readonly SuitCorruption[] = [
  row('a bit of the signature', 'signature-wrong', ({ genuine }) =>
    withSignature(genuine, flipped),
  ),
  row('a signature with a zero in front', 'signature-wrong', ({ genuine }) =>
    withSignature(genuine, (signature) => concatBytes([Uint8Array.of(0), signature])),
  ),
  row('another manifest under the same digest', 'artefact-digest-wrong', ({ genuine }) =>
    changed(genuine, (entries) => {
      entries.set(3, encodeCbor(manifestOf(entries).set(2, 43)))
    }),
  ),
  row('another manifest with its own digest', 'signature-wrong', ({ genuine }) =>
    changed(genuine, (entries) => {
      const manifest = encodeCbor(manifestOf(entries).set(2, 43))
      const [, ...blocks] = authenticationOf(entries)
      entries.set(3, manifest)
      const digest = encodeCbor([-16, sha256(encodeCbor(manifest))])
      entries.set(2, encodeCbor([digest, ...blocks]))
    }),
  ),
  row(
    'a digest without the head of the byte string, truly signed',
    'artefact-digest-wrong',
    (house) => resigned(house, () => undefined, sha256),
  ),
  row('a digest of an unknown algorithm', 'artefact-digest-wrong', ({ genuine }) =>
    changed(genuine, (entries) => {
      const [, ...blocks] = authenticationOf(entries)
      entries.set(2, encodeCbor([encodeCbor([-17, new Uint8Array(8)]), ...blocks]))
    }),
  ),
  row('no signature', 'artefact-not-signed', ({ genuine }) => withBlocks(genuine, () => [])),
  row('a MAC in the place of the signature', 'artefact-not-signed', ({ genuine }) =>
    withBlocks(genuine, () => [
      encodeCbor(new CborTagged(17, [new Uint8Array(), new Map(), null, new Uint8Array(32)])),
    ]),
  ),
  row('the signature of a stranger alone', 'artefact-signer-unknown', ({ genuine, stranger }) =>
    resigned({ genuine, signer: stranger }, () => undefined),
  ),
  row('the signature twice', 'artefact-field-twice', ({ genuine }) =>
    withBlocks(genuine, ([block]) => [block!, block!]),
  ),
  row('a signature with a payload of its own', 'artefact-malformed', ({ genuine }) =>
    withBlocks(genuine, (blocks) =>
      blocks.map((block) =>
        withParts(block, ([header, other, , signature]) => [
          ...[header!, other!, Uint8Array.of(1), signature!],
        ]),
      ),
    ),
  ),
  row('a critical header', 'artefact-malformed', ({ genuine }) =>
    withBlocks(genuine, (blocks) =>
      blocks.map((block) =>
        withParts(block, ([, other, payload, signature]) => [
          encodeCbor(
            new Map<number, CborValue>([
              [1, -7],
              [2, [99]],
              [99, 0],
            ]),
          ),
          ...[other!, payload!, signature!],
        ]),
      ),
    ),
  ),
  row('another text', 'artefact-digest-wrong', ({ genuine }) =>
    changed(genuine, (entries) => entries.set(23, flipped(octetsOf(entries.get(23))))),
  ),
  row('a member that the manifest does not know', 'artefact-not-covered', ({ genuine }) =>
    changed(genuine, (entries) => entries.set(16, encodeCbor([21, 2]))),
  ),
  row('another image in it', 'artefact-digest-wrong', ({ genuine }) =>
    changed(genuine, (entries) => entries.set('#image', flipped(image))),
  ),
  row('a payload that nothing fetches', 'artefact-not-covered', ({ genuine }) =>
    changed(genuine, (entries) => entries.set('#other', image)),
  ),
  row('a key of another draft', 'artefact-field-not-allowed', ({ genuine }) =>
    changed(genuine, (entries) => entries.set(15, Uint8Array.of(0x80))),
  ),
  row('an unknown command, truly signed', 'artefact-field-not-allowed', (house) =>
    resigned(house, (manifest) => manifest.set(7, encodeCbor([3, 15, 77, 2]))),
  ),
  row('an unknown parameter, truly signed', 'artefact-field-not-allowed', (house) =>
    resigned(house, (manifest) => manifest.set(7, encodeCbor([20, new Map([[78, 1]]), 3, 15]))),
  ),
  row('a dependency in the common section, truly signed', 'artefact-field-not-allowed', (house) =>
    resigned(house, (manifest) => {
      const common = parseCbor(octetsOf(manifest.get(3)), cborLimits.suitManifest)
      if (!(common instanceof Map)) throw new Error('no common section')
      manifest.set(3, encodeCbor(new Map([[1, new Map()], ...common])))
    }),
  ),
  row('more signatures than anybody looks at', 'artefact-malformed', ({ genuine }) =>
    withBlocks(genuine, ([block]) => Array.from({ length: 9 }, () => block!)),
  ),
  row('a lower sequence number, truly signed', 'artefact-version-lower', (house) =>
    resigned(house, (manifest) => manifest.set(2, 41)),
  ),
  row('a manifest of another version, truly signed', 'artefact-malformed', (house) =>
    resigned(house, (manifest) => manifest.set(1, 2)),
  ),
  row('a manifest without a sequence number, truly signed', 'artefact-malformed', (house) =>
    resigned(house, (manifest) => manifest.delete(2)),
  ),
  row('a command without its argument, truly signed', 'artefact-malformed', (house) =>
    resigned(house, (manifest) => manifest.set(7, encodeCbor([3, 15, 3]))),
  ),
  row('its end missing', 'artefact-truncated', ({ genuine }) => genuine.subarray(0, -1)),
  row('octets behind it', 'artefact-trailing-octets', ({ genuine }) =>
    concatBytes([genuine, Uint8Array.of(0)]),
  ),
  row('no tag', 'artefact-malformed', ({ genuine }) => genuine.subarray(2)),
  row('a map without a count', 'artefact-malformed', ({ genuine }) =>
    concatBytes([Uint8Array.of(0xd8, 107, 0xbf), genuine.subarray(3), Uint8Array.of(0xff)]),
  ),
]

function row(
  what: string,
  reason: ArtefactRefusal,
  bytes: SuitCorruption['bytes'],
): SuitCorruption {
  return { what, reason, bytes }
}
