// SPDX-License-Identifier: Apache-2.0
/** An outer manifest and what may be done to it, for us and for a reader in another language. */
import { memorySource } from '#format/archive/byte-source.ts'
import { concatBytes } from '#format/bytes.ts'
import { CborEncoded, CborTagged, type CborValue } from '#format/cbor/value.ts'
import { encodeCbor } from '#format/cbor/writer.ts'
import {
  bodyProtected,
  encodeOuterEnvelope,
  encodeOuterSignatures,
  type OuterEnvelope,
  type OuterSignature,
  outerSignatureInput,
  parseOuterEnvelope,
} from '#format/outer-manifest/envelope.ts'
import { encodeOuterManifest, type OuterManifest } from '#format/outer-manifest/manifest.ts'
import { signatureAlgorithms } from '#trust/algorithms.ts'
import { outerManifestForm } from '#trust/artefact/outer-manifest/form.ts'
import type { OuterManifestOptions } from '#trust/artefact/outer-manifest/options.ts'
import type { ArtefactRefusal } from '#trust/artefact/refusal.ts'
import { coseAlgorithmOf } from '#trust/cose/algorithms.ts'
import { coseSignatureFrom } from '#trust/cose/signature.ts'
import { sha256 } from '#trust/digest.ts'
import { sign } from '#trust/private-key.ts'
import { type SoftSigner, signPlan, softSigner } from './soft-signers.ts'

export const firmware = new TextEncoder().encode('firmware of a pump\n')

export const usualOptions: OuterManifestOptions = {
  product: 'pump-7',
  version: '4.2.0',
  securityVersion: 42,
  environment: 'production',
  kind: 'security',
  madeAt: 1_795_000_000,
  name: 'pump.bin',
  files: [`library.bin:16:${'21'.repeat(32)}`],
  hardware: ['board-c', 'board-d'],
}

export interface OuterHouse {
  readonly classical: SoftSigner
  readonly postQuantum: SoftSigner
  readonly stranger: SoftSigner
  /** Of the firmware, by both. */
  readonly genuine: Uint8Array
}

export async function outerHouse(): Promise<OuterHouse> {
  const classical = await softSigner('p-256')
  const postQuantum = await softSigner('ml-dsa-65')
  const stranger = await softSigner('p-256')
  const signers = [classical, postQuantum]
  const plan = await outerManifestForm.plan(memorySource(firmware), usualOptions, signers)
  if (plan.kind === 'refused') throw new Error(plan.detail)
  return { classical, postQuantum, stranger, genuine: await signPlan(plan, signers) }
}

/** A manifest with this policy, signed by all of it, whatever our own rules say. */
export async function signedBy(
  signers: readonly SoftSigner[],
  change: (manifest: OuterManifest) => OuterManifest,
  genuine: Uint8Array,
): Promise<Uint8Array> {
  const { manifest } = parseOuterEnvelope(genuine)
  const policy = signers.map(rowOf)
  const payload = encodeOuterManifest(change({ ...manifest, policy }))
  return await around(payload, signers)
}

function rowOf({ publicKey, algorithm }: SoftSigner) {
  const cose = coseAlgorithmOf(algorithm, publicKey.algorithm)
  if (cose === undefined) throw new Error('no COSE algorithm')
  return { algorithm: cose.id, keyId: sha256(publicKey.spki) }
}

async function around(payload: Uint8Array, signers: readonly SoftSigner[]): Promise<Uint8Array> {
  const signatures: OuterSignature[] = []
  for (const signer of signers) {
    const row = rowOf(signer)
    const made = await sign(
      signer.pair.privateKey,
      signatureAlgorithms[signer.algorithm],
      outerSignatureInput(row, payload),
    )
    const cose = coseAlgorithmOf(signer.algorithm, signer.publicKey.algorithm)!
    signatures.push({ ...row, signature: coseSignatureFrom(cose, made) })
  }
  return encodeOuterEnvelope(payload, encodeOuterSignatures(signatures), undefined)
}

/** The same envelope with other signatures. */
function withSignatures(
  genuine: Uint8Array,
  change: (signatures: readonly OuterSignature[]) => readonly OuterSignature[],
): Uint8Array {
  const { payload, signatures } = parseOuterEnvelope(genuine)
  return encodeOuterEnvelope(payload, encodeOuterSignatures(change(signatures)), undefined)
}

/** The same signatures around another payload. */
function withPayload(genuine: Uint8Array, payload: Uint8Array): Uint8Array {
  const { signatures } = parseOuterEnvelope(genuine)
  return encodeOuterEnvelope(payload, encodeOuterSignatures(signatures), undefined)
}

function withManifest(
  genuine: Uint8Array,
  change: (manifest: OuterManifest) => OuterManifest,
): Uint8Array {
  return withPayload(genuine, encodeOuterManifest(change(parseOuterEnvelope(genuine).manifest)))
}

const flipped = (bytes: Uint8Array, at = bytes.length >> 1) =>
  bytes.map((octet, index) => (index === at ? octet ^ 1 : octet))

function flippedSignature(genuine: Uint8Array, which: number): Uint8Array {
  return withSignatures(genuine, (signatures) =>
    signatures.map((one, index) =>
      index === which ? { ...one, signature: flipped(one.signature) } : one,
    ),
  )
}

/** The envelope from its parts as CBOR, for what our own encoder does not write. */
function assembled(
  { payload, signaturesBytes }: OuterEnvelope,
  other: { readonly body?: Uint8Array; readonly unprotected?: ReadonlyMap<CborValue, CborValue> },
): Uint8Array {
  const { body = bodyProtected, unprotected = new Map() } = other
  const parts = [body, unprotected, payload, new CborEncoded(signaturesBytes)]
  return encodeCbor(new CborTagged(98, parts))
}

export interface OuterCorruption {
  readonly what: string
  readonly reason: ArtefactRefusal
  readonly bytes: (house: OuterHouse) => Uint8Array | Promise<Uint8Array>
}

/** What a device with both keys, its own demand and a counter at 42 refuses, whoever reads it. */
export const outerCorruptions: readonly OuterCorruption[] = [
  row('the ML-DSA signature stripped', 'artefact-signatures-differ', ({ genuine }) =>
    withSignatures(genuine, ([first]) => [first!]),
  ),
  row('the classical signature stripped', 'artefact-signatures-differ', ({ genuine }) =>
    withSignatures(genuine, ([, second]) => [second!]),
  ),
  row('all signatures stripped', 'artefact-signatures-differ', ({ genuine }) =>
    withSignatures(genuine, () => []),
  ),
  row('the signatures in another order', 'artefact-signatures-differ', ({ genuine }) =>
    withSignatures(genuine, (all) => all.toReversed()),
  ),
  row('a signature doubled', 'artefact-signatures-differ', ({ genuine }) =>
    withSignatures(genuine, ([first, second]) => [first!, second!, second!]),
  ),
  row('one signature in the place of the other', 'artefact-signatures-differ', ({ genuine }) =>
    withSignatures(genuine, ([first]) => [first!, first!]),
  ),
  row('a signature of a stranger added', 'artefact-signatures-differ', (house) =>
    withSignatures(house.genuine, (all) => [...all, { ...all[0]!, ...rowOf(house.stranger) }]),
  ),
  row('the header of a signature with another algorithm', 'artefact-signatures-differ', (house) =>
    withSignatures(house.genuine, ([first, second]) => [{ ...first!, algorithm: -35 }, second!]),
  ),
  row('a bit of the classical signature', 'signature-wrong', ({ genuine }) =>
    flippedSignature(genuine, 0),
  ),
  row('a bit of the ML-DSA signature', 'signature-wrong', ({ genuine }) =>
    flippedSignature(genuine, 1),
  ),
  row('the classical signature with a zero in front', 'signature-wrong', ({ genuine }) =>
    withSignatures(genuine, ([first, second]) => [
      { ...first!, signature: concatBytes([Uint8Array.of(0), first!.signature]) },
      second!,
    ]),
  ),
  row('an empty ML-DSA signature', 'signature-wrong', ({ genuine }) =>
    withSignatures(genuine, ([first, second]) => [
      first!,
      { ...second!, signature: new Uint8Array() },
    ]),
  ),
  row('the security version raised', 'signature-wrong', ({ genuine }) =>
    withManifest(genuine, (manifest) => ({ ...manifest, securityVersion: 43 })),
  ),
  row('the digest of a file changed', 'signature-wrong', ({ genuine }) =>
    withManifest(genuine, (manifest) => ({
      ...manifest,
      files: manifest.files.map((file) => ({ ...file, sha256: flipped(file.sha256) })),
    })),
  ),
  row('the ML-DSA row taken out of the policy, with its signature', 'signature-wrong', (house) => {
    const less = withManifest(house.genuine, (manifest) => ({
      ...manifest,
      policy: manifest.policy.slice(0, 1),
    }))
    return withSignatures(less, ([first]) => [first!])
  }),
  row('a classical policy, truly signed', 'artefact-signature-missing', (house) =>
    signedBy([house.classical], (manifest) => manifest, house.genuine),
  ),
  row('a post-quantum policy, truly signed', 'artefact-signature-missing', (house) =>
    signedBy([house.postQuantum], (manifest) => manifest, house.genuine),
  ),
  row('two signatures of strangers, truly signed', 'artefact-signer-unknown', (house) =>
    signedBy([house.stranger, house.postQuantum], (manifest) => manifest, house.genuine),
  ),
  row('a lower security version, truly signed', 'artefact-version-lower', (house) =>
    signedBy(
      [house.classical, house.postQuantum],
      (manifest) => ({ ...manifest, securityVersion: 41 }),
      house.genuine,
    ),
  ),
  row('another environment, truly signed', 'artefact-environment-wrong', (house) =>
    signedBy(
      [house.classical, house.postQuantum],
      (manifest) => ({ ...manifest, environment: 'trial' }),
      house.genuine,
    ),
  ),
  row('another product, truly signed', 'artefact-hardware-wrong', (house) =>
    signedBy(
      [house.classical, house.postQuantum],
      (manifest) => ({ ...manifest, product: 'pump-8' }),
      house.genuine,
    ),
  ),
  row('other hardware, truly signed', 'artefact-hardware-wrong', (house) =>
    signedBy(
      [house.classical, house.postQuantum],
      (manifest) => ({ ...manifest, hardware: ['board-e'] }),
      house.genuine,
    ),
  ),
  row('other files, truly signed', 'artefact-digest-wrong', (house) =>
    signedBy(
      [house.classical, house.postQuantum],
      (manifest) => ({ ...manifest, files: manifest.files.slice(0, 1) }),
      house.genuine,
    ),
  ),
  row('its end missing', 'artefact-truncated', ({ genuine }) => genuine.subarray(0, -1)),
  row('octets behind it', 'artefact-trailing-octets', ({ genuine }) =>
    concatBytes([genuine, Uint8Array.of(0)]),
  ),
  row('an array without a count', 'artefact-malformed', ({ genuine }) =>
    concatBytes([Uint8Array.of(0xd8, 98, 0x9f), genuine.subarray(3), Uint8Array.of(0xff)]),
  ),
  row('a length in more octets than it takes', 'artefact-malformed', ({ genuine }) =>
    concatBytes([
      ...[genuine.subarray(0, 3), Uint8Array.of(0x59, 0)],
      ...[bodyProtected.subarray(0, 0), genuine.subarray(4)],
    ]),
  ),
  row('no tag', 'artefact-malformed', ({ genuine }) => genuine.subarray(2)),
  row('the tag of another message', 'artefact-malformed', ({ genuine }) => flipped(genuine, 1)),
  row('another content type', 'artefact-malformed', ({ genuine }) =>
    assembled(parseOuterEnvelope(genuine), { body: encodeCbor(new Map([[3, 'text/plain']])) }),
  ),
  row('a header that nothing signed', 'artefact-malformed', ({ genuine }) =>
    assembled(parseOuterEnvelope(genuine), { unprotected: new Map([[4, Uint8Array.of(1)]]) }),
  ),
]

function row(
  what: string,
  reason: ArtefactRefusal,
  bytes: OuterCorruption['bytes'],
): OuterCorruption {
  return { what, reason, bytes }
}
