// SPDX-License-Identifier: Apache-2.0
import type { ByteSource } from '#format/archive/byte-source.ts'
import { readExactly } from '#format/archive/fields.ts'
import { sameBytes } from '#format/bytes.ts'
import {
  type McubootImage,
  type McubootValue,
  parseMcubootImage,
} from '#format/firmware/boot/mcuboot.ts'
import { mcubootValues } from '#format/firmware/boot/mcuboot-values.ts'
import { signatureAlgorithms } from '#trust/algorithms.ts'
import type { PublicKey } from '#trust/public-key.ts'
import { refuse } from '#trust/refusal.ts'
import { verifyOver } from '#trust/verify-digest.ts'
import { bareSigner } from '../bare-signer.ts'
import { conclude } from '../conclude.ts'
import { digestPieces } from '../pieces.ts'
import { type ArtefactRefused, refusingFormat } from '../refusal.ts'
import type { DeviceTrust, Verdict } from '../verdict.ts'
import { findNamedKey, isSignatureValue, type McubootKind, mcubootKinds } from './kinds.ts'
import { securityCounterOf, statedDigest, structureFault, tailFault } from './structure.ts'

/** A signature whose key the device knows. */
interface Known {
  readonly key: PublicKey
  readonly kind: McubootKind
  readonly value: McubootValue
}

/** What is signed as it is has to be in memory for Ed25519; images in the flash of controllers are smaller. */
const mostPureOctets = 67_108_864

/**
 * Whether a bootloader with these keys starts the image; stricter than MCUboot in its usual build, never laxer.
 *
 * Roots count for nothing: MCUboot knows keys alone.
 *
 * @see MCUboot boot/bootutil/src/image_validate.c
 */
export function verifyMcuboot(
  source: ByteSource,
  trust: DeviceTrust,
): Promise<Verdict | ArtefactRefused> {
  return refusingFormat(async () => {
    const image = await parseMcubootImage(source)
    const wrong = structureFault(image) ?? (await tailFault(source, image))
    if (wrong !== undefined) return wrong
    const known = knownSignatures(image, trust.keys)
    if ('kind' in known) return known
    const unproved = isPure(image)
      ? await refusePure(source, image, known)
      : await refuseDigested(source, image, known)
    return unproved ?? verdictOf(image, known, trust)
  })
}

/** Signatures by keys that the device does not know are passed over, as MCUboot does. */
function knownSignatures(
  image: McubootImage,
  keys: readonly PublicKey[],
): readonly Known[] | ArtefactRefused {
  const found: Known[] = []
  let [key, count] = [undefined as PublicKey | undefined, 0]
  for (const value of image.values) {
    if (isKeyValue(value.type)) key = findNamedKey(keys, value)
    if (!isSignatureValue(value.type)) continue
    count++
    const kind = key && mcubootKinds[key.algorithm]
    if (key !== undefined && kind !== undefined) {
      if (mcubootValues[kind.value].type !== value.type)
        return refuse(
          'signature-wrong',
          `a signature of another type than its key ${key.algorithm}`,
        )
      found.push({ key, kind, value })
    }
    key = undefined
  }
  if (count === 0) return refuse('artefact-not-signed', 'no trailer value is a signature')
  if (found.length === 0)
    return refuse('artefact-signer-unknown', `none of ${count} signatures is by a known key`)
  return found
}

function isKeyValue(type: number): boolean {
  return type === mcubootValues.keyHash.type || type === mcubootValues.publicKey.type
}

/** MCUboot asks for one octet 01; a mark of another value is none, and stands there for no reason. */
export function isPure({ values }: McubootImage): boolean {
  return values.some(({ type }) => type === mcubootValues.pure.type)
}

/** Header, payload and the protected area. */
function coveredBy(source: ByteSource, { header }: McubootImage) {
  const length = header.headerSize + header.imageSize + header.protectedSize
  return { source, from: 0, length }
}

async function refuseDigested(
  source: ByteSource,
  image: McubootImage,
  known: readonly Known[],
): Promise<ArtefactRefused | undefined> {
  const stated = statedDigest(image.values)
  if (stated === undefined)
    return refuse('artefact-malformed', 'no trailer value is the digest of the image')
  const { digest: name, value } = stated
  const misfit = known.find(({ kind }) => !kind.digests.includes(name))
  if (misfit !== undefined)
    return refuse('signature-wrong', `${misfit.key.algorithm} over an image digested by ${name}`)
  const digest = await digestPieces(name, [coveredBy(source, image)])
  if (!sameBytes(digest, value.bytes))
    return refuse(
      'artefact-digest-wrong',
      `${name} of the image is ${digest.toHex()}, the one at offset ${value.offset} ${value.bytes.toHex()}`,
    )
  return refuseSignatures(known, digest)
}

async function refusePure(
  source: ByteSource,
  image: McubootImage,
  known: readonly Known[],
): Promise<ArtefactRefused | undefined> {
  const mark = image.values.find(({ type }) => type === mcubootValues.pure.type)
  if (mark?.bytes.length !== 1 || mark.bytes[0] !== 1)
    return refuse('artefact-malformed', `the mark of a pure signature at offset ${mark?.offset}`)
  const covered = coveredBy(source, image)
  const misfit = known.find(({ kind }) => kind.algorithm !== 'ed25519')
  if (misfit !== undefined)
    return refuse('signature-wrong', `${misfit.key.algorithm} signs no image as it is`)
  if (covered.length > mostPureOctets)
    return refuse(
      'artefact-malformed',
      `${covered.length} octets are signed as they are, at most ${mostPureOctets} are looked at`,
    )
  return refuseSignatures(known, await readExactly(source, 0, covered.length))
}

/** Ed25519 signs the digest, or the image itself, as a message. */
async function refuseSignatures(
  known: readonly Known[],
  bytes: Uint8Array,
): Promise<ArtefactRefused | undefined> {
  for (const { key, kind, value } of known) {
    const algorithm = signatureAlgorithms[kind.algorithm]
    const over = algorithm.digest === null ? 'message' : 'digest'
    if (!(await verifyOver(over, algorithm, key, bytes, value.bytes)))
      return refuse('signature-wrong', `by ${key.algorithm}, at offset ${value.offset}`)
  }
  return undefined
}

function verdictOf(
  image: McubootImage,
  known: readonly Known[],
  trust: DeviceTrust,
): Verdict | ArtefactRefused {
  const found = {
    signers: known.map(({ key }) => bareSigner(key)),
    version: image.header.version,
    securityVersion: securityCounterOf(image),
    covers: [],
  }
  return conclude(found, trust)
}
