// SPDX-License-Identifier: Apache-2.0
import { createHash } from 'node:crypto'
import type { ByteSource } from '#format/archive/byte-source.ts'
import {
  addToSum,
  cpioPadding,
  encodeCpioEnd,
  encodeCpioHead,
} from '#format/archive/cpio-entries.ts'
import { keyAlgorithms, signatureAlgorithms } from '#trust/algorithms.ts'
import type {
  ArtefactSigner,
  Piece,
  SignatureWanted,
  SigningPlan,
  Stamp,
} from '#trust/artefact/form.ts'
import { sizeOf } from '#trust/artefact/pieces.ts'
import type { ArtefactRefused } from '#trust/artefact/refusal.ts'
import { refuseOtherVersion } from '#trust/artefact/said-version.ts'
import { readInstant } from '#trust/artefact/signing-time.ts'
import { digestsFor, planCms, refuseCmsSigners } from '#trust/cms/plan-cms.ts'
import { refuse } from '#trust/refusal.ts'
import type { SwupdateChoices } from './choices.ts'
import { readUpdate, refuseFiles, type SwUpdate, signatureName } from './read-update.ts'

/** What SWUpdate's raw modes check, both of SHA-256. */
const rawAlgorithms: readonly string[] = ['rsa-sha256', 'rsa-pss-sha256']

/**
 * Plans the signature over sw-description, once every file is what it says; one that is there already is replaced.
 *
 * @throws FormatError where the update does not read
 */
export async function planSwupdate(
  source: ByteSource,
  choices: SwupdateChoices,
  signers: readonly ArtefactSigner[],
): Promise<SigningPlan | ArtefactRefused> {
  const unfit = refuseSwupdate(choices, signers)
  if (unfit !== undefined) return unfit
  const update = await readUpdate(source)
  if (update.kind === 'refused') return update
  const no =
    refuseOtherVersion(update.version, choices.version) ?? (await refuseFiles(source, update))
  if (no !== undefined) return no
  const planned =
    kindOf(choices, signers) === 'rsa'
      ? planRaw(update, signers)
      : planMessage(update, choices, signers)
  if (planned.kind === 'refused') return planned
  return {
    ...{ kind: 'plan', form: 'swupdate', wanted: planned.wanted },
    finish: async (signatures, stamp) =>
      laidOut(source, update, await planned.finish(signatures, stamp)),
  }
}

/** Who signs nothing that SWUpdate checks, and a kind of signature that it does not know. */
export function refuseSwupdate(
  choices: SwupdateChoices,
  signers: readonly ArtefactSigner[],
): ArtefactRefused | undefined {
  const kind = kindOf(choices, signers)
  if (kind === 'rsa') return refuseRaw(signers)
  return kind === 'cms'
    ? refuseCmsSigners(signers)
    : refuse('artefact-choice-wrong', `signature is "${kind}", must be cms or rsa`)
}

function refuseRaw(signers: readonly ArtefactSigner[]): ArtefactRefused | undefined {
  const [signer, ...more] = signers
  if (signer === undefined || more.length > 0)
    return refuse(
      'artefact-choice-wrong',
      `a raw signature is of one signer, not of ${signers.length}`,
    )
  const { keyOids } = signatureAlgorithms[signer.algorithm]
  const fits = keyOids.includes(keyAlgorithms[signer.publicKey.algorithm].identifier.oid)
  if (!rawAlgorithms.includes(signer.algorithm) || !fits)
    return refuse(
      'artefact-signer-unfit',
      `a raw signature is ${rawAlgorithms.join(' or ')} by a key of RSA, not ${signer.algorithm} by ${signer.publicKey.algorithm}`,
    )
  return undefined
}

interface Planned {
  readonly kind: 'planned' | 'cms-plan'
  readonly wanted: readonly SignatureWanted[]
  /** What stands in sw-description.sig. */
  finish(signatures: readonly Uint8Array[], stamp?: Stamp): Promise<Uint8Array>
}

function kindOf({ signature }: SwupdateChoices, signers: readonly ArtefactSigner[]): string {
  return signature ?? (signers.every(({ chain }) => chain.length === 0) ? 'rsa' : 'cms')
}

function planMessage(
  { description }: SwUpdate,
  choices: SwupdateChoices,
  signers: readonly ArtefactSigner[],
): Planned | ArtefactRefused {
  const signingTime = readInstant(choices.signedAt)
  if (signingTime !== undefined && 'kind' in signingTime) return signingTime
  const digests = new Map(
    digestsFor(signers).map((name) => [
      name,
      Uint8Array.from(createHash(name).update(description).digest()),
    ]),
  )
  return planCms({
    content: { kind: 'detached', digests },
    signers,
    ...(signingTime && { signingTime }),
  })
}

/** The bare signature: RSA of SHA-256, PKCS #1 v1.5 or PSS, as the signer's algorithm says. */
function planRaw({ description }: SwUpdate, signers: readonly ArtefactSigner[]): Planned {
  const [signer] = signers
  if (signer === undefined) throw new TypeError('nobody is to sign')
  return {
    kind: 'planned',
    wanted: [{ signer, over: 'message', bytes: description }],
    finish: async ([signature]) => {
      if (signature === undefined) throw new TypeError('a signature is missing')
      return signature
    },
  }
}

/** The update with its signature in second place, everything else as it lies. */
function laidOut(
  source: ByteSource,
  { describes, signature, mark }: SwUpdate,
  signed: Uint8Array,
): readonly Piece[] {
  const rest = signature === undefined ? describes.end : signature.entry.end
  const pieces: readonly Piece[] = [
    { source, from: 0, length: describes.end },
    encodeCpioHead(signatureName, signed.length, addToSum(0, signed), 2),
    signed,
    cpioPadding(signed.length),
    { source, from: rest, length: mark - rest },
  ]
  return [...pieces, encodeCpioEnd(sizeOf(pieces))]
}
