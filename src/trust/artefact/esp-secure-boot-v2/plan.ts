// SPDX-License-Identifier: Apache-2.0
import type { ByteSource } from '#format/archive/byte-source.ts'
import { readExactly } from '#format/archive/fields.ts'
import { sameBytes } from '#format/bytes.ts'
import {
  type EspBlock,
  encodeEspSector,
  mostEspBlocks,
} from '#format/firmware/boot/esp-signature.ts'
import { refuse } from '#trust/refusal.ts'
import type { ArtefactForm, ArtefactSigner, Piece, SigningPlan } from '../form.ts'
import { digestPieces } from '../pieces.ts'
import { type ArtefactRefused, refusingFormat } from '../refusal.ts'
import { refuseOtherVersion, versionOption } from '../said-version.ts'
import {
  chipFault,
  type EspKind,
  espKeyOctets,
  espKinds,
  espSignatureOctets,
  kindOfScheme,
} from './keys.ts'
import { type EspSignedImage, readEspSignedImage } from './signed-image.ts'

export interface EspChoices {
  readonly version?: string
  readonly keepSignatures?: boolean
}

export const espChoices: ArtefactForm<EspChoices>['options'] = {
  version: versionOption,
  keepSignatures: {
    kind: 'flag',
    help: 'add to the signatures of a signed image, three at most; else they are replaced',
  },
}

/**
 * Pads the image to its sector and puts the signature sector behind it.
 *
 * @see esptool espsecure/__init__.py, sign_secure_boot_v2
 */
export function planEsp(
  source: ByteSource,
  choices: EspChoices,
  signers: readonly ArtefactSigner[],
): Promise<SigningPlan | ArtefactRefused> {
  return refusingFormat(async () => {
    const kind = chooseKind(signers)
    if ('reason' in kind) return kind
    const signed = await readEspSignedImage(source)
    if (signed.kind === 'refused') return signed
    const strange = chipFault(signed.image.chip, kind)
    if (strange !== undefined) return refuse('artefact-signer-unfit', strange)
    const kept = choices.keepSignatures === true ? signed.blocks : []
    const covered = coveredBy(source, signed)
    const digest = await digestPieces(kind.digest, covered)
    const no =
      refuseOtherVersion(signed.description?.version, choices.version) ??
      (await refuseImage(source, signed)) ??
      refuseKept(kept, kind, digest, signers.length)
    if (no !== undefined) return no
    return {
      kind: 'plan',
      form: 'esp-secure-boot-v2',
      wanted: signers.map((signer) => ({ signer, over: 'digest', bytes: digest })),
      finish: async (signatures) => {
        const blocks = signers.map(({ publicKey }, index) => ({
          ...{ scheme: kind.scheme, digest, key: espKeyOctets(publicKey) },
          signature: espSignatureOctets(kind.scheme, signatures[index]!),
        }))
        return [...covered, encodeEspSector([...kept, ...blocks])]
      },
    }
  })
}

/** What no chip could check. */
export function refuseEsp(
  _: EspChoices,
  signers: readonly ArtefactSigner[],
): ArtefactRefused | undefined {
  const kind = chooseKind(signers)
  if ('reason' in kind) return kind
  return signers.length <= mostEspBlocks
    ? undefined
    : refuse(
        'artefact-choice-wrong',
        `a sector holds ${mostEspBlocks} signatures, not ${signers.length}`,
      )
}

/** A chip is set to one scheme, and looks for no block of another. */
function chooseKind(signers: readonly ArtefactSigner[]): EspKind | ArtefactRefused {
  const kinds = new Set<EspKind>()
  for (const { publicKey, algorithm } of signers) {
    const kind = espKinds[publicKey.algorithm]
    if (kind === undefined || kind.algorithm !== algorithm)
      return refuse(
        'artefact-signer-unfit',
        `secure boot v2 checks no ${algorithm} by a key of ${publicKey.algorithm}`,
      )
    kinds.add(kind)
  }
  const [kind] = kinds
  if (kind === undefined) return refuse('artefact-choice-wrong', 'nobody is to sign')
  return kinds.size > 1
    ? refuse('artefact-signer-unfit', 'a chip checks signatures of one scheme')
    : kind
}

function coveredBy(source: ByteSource, { covered, present }: EspSignedImage): readonly Piece[] {
  const padding = new Uint8Array(covered - present).fill(0xff)
  return [{ source, from: 0, length: present }, padding]
}

/** An image that its own digest does not fit is not signed: it would never run. */
async function refuseImage(
  source: ByteSource,
  { image: { digestAt } }: EspSignedImage,
): Promise<ArtefactRefused | undefined> {
  if (digestAt === undefined) return undefined
  const stated = (await readExactly(source, digestAt, 32)).slice()
  const digest = await digestPieces('sha256', [{ source, from: 0, length: digestAt }])
  return sameBytes(stated, digest)
    ? undefined
    : refuse(
        'artefact-digest-wrong',
        `sha256 of the image is ${digest.toHex()}, the one at offset ${digestAt} ${stated.toHex()}`,
      )
}

function refuseKept(
  kept: readonly EspBlock[],
  { scheme }: EspKind,
  digest: Uint8Array,
  more: number,
): ArtefactRefused | undefined {
  if (kept.length + more > mostEspBlocks)
    return refuse(
      'artefact-choice-wrong',
      `${kept.length} signatures stay and ${more} are added, at most ${mostEspBlocks} have room`,
    )
  if (kept.some((block) => kindOfScheme[block.scheme].scheme !== scheme))
    return refuse('artefact-signer-unfit', 'the signatures that stay are of another scheme')
  const wrong = kept.find((block) => !sameBytes(block.digest, digest))
  return wrong === undefined
    ? undefined
    : refuse(
        'artefact-digest-wrong',
        `the image has ${digest.toHex()}, its signatures are over ${wrong.digest.toHex()}`,
      )
}
