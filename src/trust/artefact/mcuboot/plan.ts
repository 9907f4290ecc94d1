// SPDX-License-Identifier: Apache-2.0
import type { ByteSource } from '#format/archive/byte-source.ts'
import {
  mcubootHeaderOctets,
  parseMcubootHeader,
  parseMcubootVersion,
} from '#format/firmware/boot/mcuboot.ts'
import { encodeMcubootTrailer } from '#format/firmware/boot/mcuboot-slot.ts'
import { mcubootValues } from '#format/firmware/boot/mcuboot-values.ts'
import { encodeMcubootArea, type McubootEntry } from '#format/firmware/boot/mcuboot-write.ts'
import { FormatError } from '#format/format-error.ts'
import { keyAlgorithms, signatureAlgorithms } from '#trust/algorithms.ts'
import { type DigestName, digestBy } from '#trust/digest-signature.ts'
import type { PublicKey } from '#trust/public-key.ts'
import { refuse } from '#trust/refusal.ts'
import { filled } from '../filled.ts'
import type { ArtefactSigner, Piece, SignatureWanted, SigningPlan } from '../form.ts'
import { digestPieces, sizeOf } from '../pieces.ts'
import { type ArtefactRefused, refusingFormat } from '../refusal.ts'
import { anyVersion } from '../said-version.ts'
import type { McubootChoices } from './choices.ts'
import {
  digestValues,
  isSignatureValue,
  type McubootKind,
  mcubootKeyOctets,
  mcubootKinds,
} from './kinds.ts'
import { keptFault, layoutOfImage, layoutOfPayload, type McubootLayout } from './layout.ts'

/**
 * An image from a payload, or an image signed anew.
 *
 * @see MCUboot scripts/imgtool/image.py, Image.create
 */
export function planMcuboot(
  source: ByteSource,
  choices: McubootChoices,
  signers: readonly ArtefactSigner[],
): Promise<SigningPlan | ArtefactRefused> {
  return refusingFormat(async () => {
    const how = chooseKind(signers, choices)
    if (how.kind === 'refused') return how
    const layout = (await isMcuboot(source))
      ? await layoutOfImage(source, choices)
      : await layoutOfPayload(source, choices)
    if (layout.kind === 'refused') return layout
    const chosen = chooseDigest(how.how, layout, choices)
    if (chosen.kind === 'refused') return chosen
    const digest = await digestPieces(chosen.digest, layout.covered)
    const slot = slotFor(choices)
    if (slot !== undefined && 'kind' in slot) return slot
    const longest = signers.map(({ publicKey }) => new Uint8Array(mostOctets(publicKey)))
    const most = trailerValues(layout, chosen, digest, { signers, signatures: longest, choices })
    return (
      keptFault(layout, digest) ??
      refuseSlot([...layout.covered, encodeMcubootArea('bare', most)], slot) ?? {
        kind: 'plan',
        form: 'mcuboot',
        wanted: signers.map((signer) => wantedFrom(signer, digest)),
        finish: async (signatures) => {
          const entries = trailerValues(layout, chosen, digest, { signers, signatures, choices })
          const image = [...layout.covered, encodeMcubootArea('bare', entries)]
          return slot === undefined ? image : [...image, ...restOf(slot, image)]
        },
      }
    )
  })
}

/** What no image could be signed by: keys of several types, or a version that is none. */
export function refuseMcuboot(
  choices: McubootChoices,
  signers: readonly ArtefactSigner[],
): ArtefactRefused | undefined {
  const how = chooseKind(signers, choices)
  if (how.kind === 'refused') return how
  if (choices.version === undefined || choices.version === anyVersion) return undefined
  try {
    parseMcubootVersion(choices.version)
    return undefined
  } catch (error) {
    if (!(error instanceof FormatError)) throw error
    return refuse('artefact-choice-wrong', error.message)
  }
}

/** Whether a source begins with a header of MCUboot. */
export async function isMcuboot(source: ByteSource): Promise<boolean> {
  try {
    parseMcubootHeader(await source.read(0, mcubootHeaderOctets))
    return true
  } catch (error) {
    if (error instanceof FormatError) return false
    throw error
  }
}

interface Chosen {
  readonly kind: 'chosen'
  readonly how: McubootKind
  readonly digest: DigestName
}

/** All signers sign one digest by one type: a build of MCUboot knows one. */
function chooseKind(
  signers: readonly ArtefactSigner[],
  choices: McubootChoices,
): { readonly kind: 'how'; readonly how: McubootKind } | ArtefactRefused {
  const hows = new Set<McubootKind>()
  for (const { publicKey, algorithm } of signers) {
    const how = mcubootKinds[publicKey.algorithm]
    if (how === undefined || how.algorithm !== algorithm)
      return refuse(
        'artefact-signer-unfit',
        `MCUboot checks no ${algorithm} by a key of ${publicKey.algorithm}`,
      )
    if (how.value === 'rsa2048' && choices.exceptionRsa2048 !== true)
      return refuse(
        'artefact-signer-unfit',
        'RSA-2048 signs by exception only: choose exceptionRsa2048 where devices check nothing else',
      )
    hows.add(how)
  }
  const [how] = hows
  if (how === undefined) return refuse('artefact-choice-wrong', 'nobody is to sign')
  return hows.size > 1
    ? refuse('artefact-signer-unfit', 'a build of MCUboot checks signatures of one type')
    : { kind: 'how', how }
}

/** Signatures that stay decide what their image is digested by. */
function chooseDigest(
  how: McubootKind,
  { kept, stated }: McubootLayout,
  choices: McubootChoices,
): Chosen | ArtefactRefused {
  const mine = mcubootValues[how.value].type
  if (kept.some(({ type }) => isSignatureValue(type) && type !== mine))
    return refuse('artefact-signer-unfit', 'the signatures that stay are of another type')
  const wanted = stated?.digest ?? choices.digest ?? how.digests[0]
  const digest = how.digests.find((name) => name === wanted)
  return digest === undefined
    ? refuse(
        'artefact-choice-wrong',
        `digest ${wanted}: an image for this key has ${how.digests.join(' or ')}`,
      )
    : { kind: 'chosen', how, digest }
}

/** Ed25519 signs the digest as a message; the others take it as what it is. */
function wantedFrom(signer: ArtefactSigner, digest: Uint8Array): SignatureWanted {
  const over = signatureAlgorithms[signer.algorithm].digest === null ? 'message' : 'digest'
  return { signer, over, bytes: digest }
}

interface Made {
  readonly signers: readonly ArtefactSigner[]
  readonly signatures: readonly Uint8Array[]
  readonly choices: McubootChoices
}

/** The digest, then each key before its signature: MCUboot holds the last key that it read against the next signature. */
function trailerValues(
  { kept }: McubootLayout,
  { how, digest: name }: Chosen,
  digest: Uint8Array,
  { signers, signatures, choices }: Made,
): readonly McubootEntry[] {
  const pairs = signers.flatMap(({ publicKey }, index) => {
    const octets = mcubootKeyOctets(publicKey)
    const key =
      choices.fullKey === true
        ? { type: mcubootValues.publicKey.type, bytes: octets }
        : { type: mcubootValues.keyHash.type, bytes: digestBy(name, octets) }
    return [key, { type: mcubootValues[how.value].type, bytes: signatures[index]! }]
  })
  const stated = digestValues.find((one) => one === name)!
  return [{ type: mcubootValues[stated].type, bytes: digest }, ...kept, ...pairs]
}

/** Of a signature by this key; ECDSA in DER has no fixed length. */
function mostOctets({ algorithm, bits }: PublicKey): number {
  const { canonical } = keyAlgorithms[algorithm]
  if (canonical === 'modulus') return bits / 8
  return canonical === 'affine-point' ? 2 * (bits / 8) + 9 : 64
}

interface Slot {
  readonly size: number
  readonly trailer: Uint8Array
  readonly erased: number
}

/** @throws FormatError if its numbers make no sense */
function slotFor(choices: McubootChoices): Slot | ArtefactRefused | undefined {
  const { pad, confirm, slotSize, align = 1, erased = 0xff } = choices
  if (pad !== true && confirm !== true) return undefined
  if (slotSize === undefined || !Number.isInteger(slotSize) || slotSize < 1)
    return refuse('artefact-choice-wrong', 'pad and confirm need slotSize, the octets of the slot')
  if (confirm === true && choices.overwriteOnly === true)
    return refuse('artefact-choice-wrong', 'what is copied over has nothing to confirm')
  const trailer = encodeMcubootTrailer({
    ...{ align, maxAlign: choices.maxAlign ?? Math.max(8, align), erased },
    maxSectors: choices.maxSectors ?? 128,
    overwriteOnly: choices.overwriteOnly === true,
    confirmed: confirm === true,
  })
  return { size: slotSize, trailer, erased }
}

function refuseSlot(image: readonly Piece[], slot: Slot | undefined): ArtefactRefused | undefined {
  if (slot === undefined) return undefined
  const wanted = sizeOf(image) + slot.trailer.length
  return wanted <= slot.size
    ? undefined
    : refuse('artefact-choice-wrong', `a slot of ${slot.size} octets, and ${wanted} are needed`)
}

/** What fills the slot behind the image. */
function restOf({ size, trailer, erased }: Slot, image: readonly Piece[]): readonly Piece[] {
  const length = size - trailer.length - sizeOf(image)
  return [{ source: filled(erased, length), from: 0, length }, trailer]
}
