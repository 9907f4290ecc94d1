// SPDX-License-Identifier: Apache-2.0
import type { ArchiveTools } from '#format/archive/archive.ts'
import type { ByteSource } from '#format/archive/byte-source.ts'
import { encodeTarHead, tarPadding } from '#format/archive/tar-entries.ts'
import { splitEcdsaSignature } from '#format/ecdsa-signature.ts'
import {
  keyAlgorithms,
  type SignatureAlgorithmName,
  signatureAlgorithms,
} from '#trust/algorithms.ts'
import type { ArtefactSigner, Piece, SigningPlan } from '#trust/artefact/form.ts'
import { knownSize } from '#trust/artefact/pieces.ts'
import type { ArtefactRefused } from '#trust/artefact/refusal.ts'
import { refuseOtherVersion, versionOption } from '#trust/artefact/said-version.ts'
import { refuse } from '#trust/refusal.ts'
import { type MenderArtifact, readArtifact, readCovered } from './read-artifact.ts'

/** What the Mender client checks, of SHA-256. */
export const menderAlgorithms = [
  'ecdsa-sha256',
  'rsa-sha256',
] as const satisfies readonly SignatureAlgorithmName[]

export interface MenderChoices {
  readonly version?: string
}

export const menderOptions = { version: versionOption }

/**
 * Plans the signature over the manifest, once every file is what it says; one that is there already is replaced.
 *
 * @throws FormatError where the artifact does not read
 */
export async function planMender(
  source: ByteSource,
  { version }: MenderChoices,
  signers: readonly ArtefactSigner[],
  tools: ArchiveTools,
): Promise<SigningPlan | ArtefactRefused> {
  const unfit = refuseMender(signers)
  if (unfit !== undefined) return unfit
  const [signer] = signers
  if (signer === undefined) throw new TypeError('nobody is to sign')
  const artifact = await readArtifact(source)
  if (artifact.kind === 'refused') return artifact
  const covered = await readCovered(source, artifact, tools)
  if (covered.kind === 'refused') return covered
  const other = refuseOtherVersion(covered.artifactName, version, 'name')
  if (other !== undefined) return other
  return {
    ...{ kind: 'plan', form: 'mender' },
    wanted: [{ signer, over: 'message', bytes: artifact.signed }],
    finish: async ([signature]) => {
      if (signature === undefined) throw new TypeError('a signature is missing')
      const raw =
        signer.algorithm === 'ecdsa-sha256' ? splitEcdsaSignature(signature, 32) : signature
      return laidOut(source, artifact, new TextEncoder().encode(raw.toBase64()))
    },
  }
}

/** Which signers no artifact can have. */
export function refuseMender(signers: readonly ArtefactSigner[]): ArtefactRefused | undefined {
  const [signer, ...more] = signers
  if (signer !== undefined && more.length === 0) return refuseSigner(signer)
  return refuse(
    'artefact-choice-wrong',
    `an artifact has one signature, there are ${signers.length} signers`,
  )
}

function refuseSigner({ algorithm, publicKey }: ArtefactSigner): ArtefactRefused | undefined {
  const fits =
    algorithm === 'ecdsa-sha256'
      ? publicKey.algorithm === 'p-256'
      : algorithm === 'rsa-sha256' &&
        signatureAlgorithms[algorithm].keyOids.includes(
          keyAlgorithms[publicKey.algorithm].identifier.oid,
        )
  return fits
    ? undefined
    : refuse(
        'artefact-signer-unfit',
        `an artifact is signed with ECDSA by P-256 or with RSA (PKCS #1 v1.5), of SHA-256, not with ${algorithm} by ${publicKey.algorithm}`,
      )
}

/** The artifact with its signature in third place, everything else as it lies. */
function laidOut(
  source: ByteSource,
  { manifest, signature }: MenderArtifact,
  text: Uint8Array,
): readonly Piece[] {
  const rest = signature === undefined ? manifest.end : signature.file.end
  return [
    { source, from: 0, length: manifest.end },
    encodeTarHead('manifest.sig', text.length),
    text,
    tarPadding(text.length),
    { source, from: rest, length: knownSize(source) - rest },
  ]
}
