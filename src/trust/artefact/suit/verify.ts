// SPDX-License-Identifier: Apache-2.0
import type { ByteSource } from '#format/archive/byte-source.ts'
import { sameBytes } from '#format/bytes.ts'
import { cborLimits } from '#format/cbor/limits.ts'
import { encodeCbor } from '#format/cbor/writer.ts'
import { encodeSignature1Input } from '#format/cose/sig-structure.ts'
import type { CoseSign1 } from '#format/cose/sign1.ts'
import { parseSuitEnvelope, type SuitEnvelope } from '#format/suit/envelope.ts'
import { severableMembers } from '#format/suit/numbers.ts'
import { findCoseAlgorithm } from '#trust/cose/algorithms.ts'
import { verifyCoseSignature } from '#trust/cose/signature.ts'
import { sha256 } from '#trust/digest.ts'
import type { PublicKey } from '#trust/public-key.ts'
import { refuse } from '#trust/refusal.ts'
import { bareSigner } from '../bare-signer.ts'
import { conclude } from '../conclude.ts'
import { judgeHardware } from '../judge-hardware.ts'
import { digestSource, readWhole } from '../read-source.ts'
import { type ArtefactRefused, refusingFormat } from '../refusal.ts'
import { stampOver } from '../stamp-over.ts'
import type { DeviceTrust, ProvedSigner, Verdict } from '../verdict.ts'
import { digestHolds } from './digest.ts'
import { imagesOf, type SuitImage } from './images.ts'
import { unknownCommandIn } from './unknown-command.ts'
import { formatUuid } from './uuid.ts'

/**
 * Judges an envelope: nothing of the manifest is believed before its digest and a signature over it hold.
 *
 * Commands are not run. What is in the envelope has to be covered: severed members by their digests, integrated
 * payloads by the digest of an image that names them.
 */
export async function verifySuit(
  source: ByteSource,
  trust: DeviceTrust,
  beside?: ByteSource,
): Promise<Verdict | ArtefactRefused> {
  return await refusingFormat(async () => {
    const envelope = parseSuitEnvelope(await readWhole(source, cborLimits.suitEnvelope.maxBytes))
    if (!digestHolds(envelope.digest, envelope.manifestEncoded))
      return refuse('artefact-digest-wrong', 'the digest of the envelope is not of its manifest')
    const signers = await proveBlocks(envelope, trust)
    if ('reason' in signers) return signers
    const no =
      refuseUncovered(envelope) ?? unknownCommandIn(envelope) ?? refuseForOthers(envelope, trust)
    if (no !== undefined) return no
    const images = imagesOf(envelope)
    const other = beside === undefined ? undefined : await refuseOtherImage(images, beside)
    if (other !== undefined) return other
    const covers = images.flatMap(({ name, sha256: digest }) =>
      digest === undefined ? [] : [{ name, sha256: digest }],
    )
    const securityVersion = envelope.manifest.sequenceNumber
    return conclude({ signers, version: undefined, securityVersion, covers }, trust)
  })
}

/** One that names no key is tried with every key of its kind; a release has two or three. */
const mostBlocks = 8

/**
 * Each block that names a key of the device's has to hold. One that names no key may be anybody's, and that of a
 * stranger says nothing: they are passed over, unless nothing else is left.
 */
async function proveBlocks(
  { blocks, digestBytes }: SuitEnvelope,
  trust: DeviceTrust,
): Promise<readonly ProvedSigner[] | ArtefactRefused> {
  if (blocks.length > mostBlocks)
    return refuse(
      'artefact-malformed',
      `${blocks.length} signatures, at most ${mostBlocks} are looked at`,
    )
  const signers: ProvedSigner[] = []
  let passedOver: ArtefactRefused | undefined
  for (const [index, { sign1 }] of blocks.entries()) {
    if (sign1 === undefined) continue
    if (sign1.payload !== undefined)
      return refuse('artefact-malformed', `signature ${index + 1} brings a payload of its own`)
    const { known, isNamed } = keysFor(sign1, trust.keys)
    const publicKey = await keyThatMade(sign1, known, digestBytes)
    if (publicKey === undefined) {
      const no = refuseBlock(index, known.length > 0)
      if (isNamed && known.length > 0) return no
      passedOver ??= no
    } else if ('reason' in publicKey) return publicKey
    else if (signers.some((one) => one.publicKey === publicKey))
      return refuse('artefact-field-twice', `signature ${index + 1} is of a key that signed before`)
    else {
      const stampedAt = await stampOver(
        sign1.unprotected.timeStamp,
        encodeCbor(sign1.signature),
        trust,
      )
      if (stampedAt !== undefined && 'reason' in stampedAt) return stampedAt
      signers.push({ ...bareSigner(publicKey), stampedAt })
    }
  }
  return signers.length === 0 && passedOver !== undefined ? passedOver : signers
}

function refuseBlock(index: number, isKnown: boolean): ArtefactRefused {
  return isKnown
    ? refuse('signature-wrong', `signature ${index + 1} does not hold`)
    : refuse('artefact-signer-unknown', `the device knows no key that made signature ${index + 1}`)
}

/** The keys that may have made it: by the key id, or all of the kind where there is none. */
function keysFor({ protected: header, unprotected }: CoseSign1, keys: readonly PublicKey[]) {
  const row = header.algorithm === undefined ? undefined : findCoseAlgorithm(header.algorithm)
  const keyId = header.keyId ?? unprotected.keyId
  const known = keys.filter(
    (key) =>
      key.algorithm === row?.key && (keyId === undefined || sameBytes(sha256(key.spki), keyId)),
  )
  return { known, isNamed: keyId !== undefined }
}

async function keyThatMade(
  { protected: header, protectedBytes, signature }: CoseSign1,
  keys: readonly PublicKey[],
  digestBytes: Uint8Array,
): Promise<PublicKey | ArtefactRefused | undefined> {
  const input = encodeSignature1Input(protectedBytes, digestBytes)
  for (const key of keys) {
    const genuine = await verifyCoseSignature(header.algorithm, key, input, signature)
    if (typeof genuine === 'object') return genuine
    if (genuine) return key
  }
  return
}

function refuseUncovered(envelope: SuitEnvelope): ArtefactRefused | undefined {
  const { manifest, severed, payloads, unknown } = envelope
  for (const { key, encoded } of severed) {
    const name = severableMembers[key as keyof typeof severableMembers]
    const member = manifest.members.get(key)
    if (member?.kind !== 'severed')
      return refuse(
        'artefact-not-covered',
        `${name} stands in the envelope, and the manifest has no digest of it`,
      )
    if (!digestHolds(member.digest, encoded))
      return refuse('artefact-digest-wrong', `${name} is not what the manifest's digest is of`)
  }
  const images = imagesOf(envelope)
  for (const { name, bytes } of payloads) {
    const fetched = images.filter((image) => image.uris.includes(name))
    if (fetched.length === 0)
      return refuse('artefact-not-covered', `nothing in the manifest fetches "${name}"`)
    if (!fetched.some((image) => image.digests.some((digest) => digestHolds(digest, bytes))))
      return refuse('artefact-digest-wrong', `"${name}" is not the image that the manifest names`)
  }
  if (unknown.length > 0)
    return refuse(
      'artefact-field-not-allowed',
      `the envelope has ${unknown.join(', ')}, which draft 37 does not have`,
    )
  return
}

function refuseForOthers(envelope: SuitEnvelope, { hardware }: DeviceTrust) {
  if (hardware === undefined) return
  const classes = imagesOf(envelope).flatMap((image) => image.classes)
  return judgeHardware(classes.map(formatUuid), { hardware: hardware.toLowerCase() })
}

async function refuseOtherImage(images: readonly SuitImage[], beside: ByteSource) {
  const here = await digestSource(beside)
  const found = images.some(
    (image) =>
      image.digests.some(({ bytes }) => sameBytes(bytes, here.sha256)) &&
      (image.sizes.length === 0 || image.sizes.includes(here.octets)),
  )
  if (found) return
  return refuse(
    'artefact-digest-wrong',
    `the file of ${here.octets} octets and SHA-256 ${here.sha256.toHex()} is no image of the manifest`,
  )
}
