// SPDX-License-Identifier: Apache-2.0
import type { ArchiveTools } from '#format/archive/archive.ts'
import type { ByteSource } from '#format/archive/byte-source.ts'
import {
  isSquashfs,
  parseSuperblock,
  superblockOctets,
} from '#format/archive/squashfs-superblock.ts'
import { concatBytes } from '#format/bytes.ts'
import {
  encodeSignedManifest,
  type RaucManifest,
  type RaucVerity,
} from '#format/firmware/bundle/rauc-manifest.ts'
import type { ArtefactSigner, Piece, SigningPlan } from '#trust/artefact/form.ts'
import type { ArtefactRefused } from '#trust/artefact/refusal.ts'
import { refuseOtherVersion } from '#trust/artefact/said-version.ts'
import { readInstant } from '#trust/artefact/signing-time.ts'
import { planCms, refuseCmsSigners } from '#trust/cms/plan-cms.ts'
import { sha256 } from '#trust/digest.ts'
import { refuse } from '#trust/refusal.ts'
import type { RaucChoices } from './choices.ts'
import { manifestIn, refuseImages } from './content.ts'
import { hashTree, type TreeFault, treeBlock, treeFault } from './hash-tree.ts'
import { oneSigner, readBundle, type SignedBundle } from './read-bundle.ts'

/** What the CMS will be behind, and what it holds. */
interface Payload {
  readonly kind: 'payload'
  readonly pieces: readonly Piece[]
  readonly manifest: Uint8Array
  readonly version: string | undefined
}

/** RAUC takes no larger CMS, unless `max-bundle-signature-size` of its configuration says so. */
const usualLargestCms = 65_536
/** The largest signature there is (ML-DSA-87) and what stands around it, and a time-stamp with its chain. */
const roomForASigner = 16_384

/** Which signers no bundle can have. */
export function refuseRauc(
  _: RaucChoices,
  signers: readonly ArtefactSigner[],
): ArtefactRefused | undefined {
  return signers.length === 1
    ? refuseCmsSigners(signers)
    : refuse('artefact-choice-wrong', `there are ${signers.length} signers, ${oneSigner}`)
}

/** @throws FormatError where the source is a bundle or a squashfs that does not read */
export async function planRauc(
  source: ByteSource,
  choices: RaucChoices,
  signers: readonly ArtefactSigner[],
  tools: ArchiveTools,
): Promise<SigningPlan | ArtefactRefused> {
  const unfit = refuseRauc(choices, signers)
  if (unfit !== undefined) return unfit
  const signingTime = readInstant(choices.signedAt)
  if (signingTime !== undefined && 'kind' in signingTime) return signingTime
  const salt = readSalt(choices.salt)
  if (salt !== undefined && 'kind' in salt) return salt
  const bundle = await readBundle(source)
  if (bundle?.kind === 'refused') return bundle
  const payload =
    bundle === undefined
      ? await newPayload(source, salt, tools)
      : await knownPayload(source, bundle, tools)
  if (payload.kind === 'refused') return payload
  const no =
    refuseOtherVersion(payload.version, choices.version) ?? refuseLarge(payload, choices, signers)
  if (no !== undefined) return no
  const plan = planCms({
    content: { kind: 'attached', bytes: payload.manifest },
    signers,
    ...(signingTime && { signingTime }),
  })
  if (plan.kind === 'refused') return plan
  return {
    ...{ kind: 'plan', form: 'rauc', wanted: plan.wanted },
    finish: async (signatures, stamp) => {
      const cms = await plan.finish(signatures, stamp)
      return [...payload.pieces, concatBytes([cms, bigEndian(cms.length)])]
    },
  }
}

/** A bundle that is signed anew: its manifest stays as it was signed, once all that it says is true. */
async function knownPayload(
  source: ByteSource,
  { squashfsSize, payloadSize, verity, manifest, signed }: SignedBundle,
  tools: ArchiveTools,
): Promise<Payload | ArtefactRefused> {
  const no =
    (await refuseTree(source, squashfsSize, verity)) ??
    (await refuseImages(source, squashfsSize, manifest.images, tools))
  if (no !== undefined) return no
  const pieces = [{ source, from: 0, length: payloadSize }]
  return { kind: 'payload', pieces, manifest: signed, version: manifest.version }
}

/** A squashfs with a complete manifest in it, as `rauc bundle` packs it before it signs, and as we build it. */
async function newPayload(
  source: ByteSource,
  chosen: Uint8Array | undefined,
  tools: ArchiveTools,
): Promise<Payload | ArtefactRefused> {
  const { size = 0 } = source
  const head = (await source.read(0, superblockOctets)).slice()
  if (!isSquashfs(head))
    return refuse('artefact-of-another-form', 'it is neither a bundle of RAUC nor a squashfs')
  const { used } = parseSuperblock(head)
  if (size % treeBlock !== 0 || size <= treeBlock || used > size)
    return refuse(
      'artefact-truncated',
      `the squashfs has ${used} octets, the file ${size}: must be a multiple of ${treeBlock}, more than one of them, and hold it`,
    )
  // A small one is filled up to the two blocks that RAUC asks for.
  if (size - used >= treeBlock && size > 2 * treeBlock)
    return refuse(
      'artefact-trailing-octets',
      `${size - used} octets follow the squashfs, which is no bundle: it was cut off, or something was added`,
    )
  const manifest = await manifestIn(source, tools)
  const no =
    manifest === undefined
      ? refuse('artefact-of-another-form', 'the squashfs has no manifest.raucm: it is no bundle')
      : (refuseInner(manifest) ?? (await refuseImages(source, size, manifest.images, tools)))
  if (no !== undefined || manifest === undefined)
    return no ?? refuse('artefact-malformed', 'no manifest')
  const salt = chosen ?? saltOf(manifest)
  const { root, bytes } = await hashTree(source, size, salt)
  const signed = encodeSignedManifest(manifest, { hash: root, salt, size: bytes.length })
  const pieces = [{ source, from: 0, length: size }, bytes]
  return { kind: 'payload', pieces, manifest: signed, version: manifest.version }
}

/** RAUC refuses a manifest within the squashfs that tells of the tree: it cannot know its own hash. */
function refuseInner({ format, verity }: RaucManifest): ArtefactRefused | undefined {
  return verity !== undefined || format === 'crypt'
    ? refuse(
        'artefact-field-not-allowed',
        `the manifest in the squashfs is of format ${format}${verity === undefined ? '' : ' and tells of a hash tree'}, which only the signed one may`,
      )
    : undefined
}

/** Whether the tree is over this squashfs, and lies behind it as it should. */
export async function refuseTree(
  source: ByteSource,
  squashfsSize: number,
  { hash, salt }: Pick<RaucVerity, 'hash' | 'salt'>,
): Promise<ArtefactRefused | undefined> {
  const fault = await treeFault(source, squashfsSize, hash, salt)
  return fault && refuse('artefact-digest-wrong', treeFaults[fault])
}

const treeFaults = {
  data: 'the squashfs has another verity-hash than was signed',
  tree: 'the hash tree behind the squashfs is another one than was signed',
} as const satisfies Record<TreeFault, string>

/**
 * A salt that nobody has to choose: the same squashfs gives the same bundle, wherever it is signed.
 *
 * It is no secret. It keeps tables that were made before from fitting, which what the manifest says of its images does.
 */
function saltOf({ groups }: RaucManifest): Uint8Array {
  const said = groups.map(({ name, values }) => [name, ...values])
  return sha256(new TextEncoder().encode(`vitalsign verity salt ${JSON.stringify(said)}`))
}

function readSalt(text: string | undefined): Uint8Array | ArtefactRefused | undefined {
  if (text === undefined) return undefined
  return /^[0-9a-fA-F]{64}$/.test(text)
    ? Uint8Array.fromHex(text)
    : refuse('artefact-choice-wrong', 'the salt must be 32 octets in hexadecimal digits')
}

function refuseLarge(
  { manifest }: Payload,
  { largestSignature = usualLargestCms }: RaucChoices,
  signers: readonly ArtefactSigner[],
): ArtefactRefused | undefined {
  const chains = signers.flatMap(({ chain }) => chain.map(({ length }) => length))
  const needed =
    chains.reduce((sum, length) => sum + length, manifest.length) + signers.length * roomForASigner
  return needed > largestSignature
    ? refuse(
        'artefact-choice-wrong',
        `the signature may need ${needed} octets, devices take ${largestSignature}: sign with fewer keys, or raise largestSignature once they have max-bundle-signature-size`,
      )
    : undefined
}

function bigEndian(value: number): Uint8Array {
  const bytes = new Uint8Array(8)
  new DataView(bytes.buffer).setBigUint64(0, BigInt(value))
  return bytes
}
