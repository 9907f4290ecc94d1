// SPDX-License-Identifier: Apache-2.0
import type { ArchiveTools } from '#format/archive/archive.ts'
import type { ByteSource } from '#format/archive/byte-source.ts'
import { decodeBase64 } from '#format/base64.ts'
import { joinEcdsaSignature } from '#format/ecdsa-signature.ts'
import { signatureAlgorithms } from '#trust/algorithms.ts'
import { bareSigner } from '#trust/artefact/bare-signer.ts'
import { conclude } from '#trust/artefact/conclude.ts'
import { judgeHardware } from '#trust/artefact/judge-hardware.ts'
import type { ArtefactRefused } from '#trust/artefact/refusal.ts'
import type { DeviceTrust, Verdict } from '#trust/artefact/verdict.ts'
import type { PublicKey } from '#trust/public-key.ts'
import { refuse } from '#trust/refusal.ts'
import { verifySignature } from '#trust/signature.ts'
import { readArtifact, readCovered } from './read-artifact.ts'

/**
 * As the Mender client judges: the signature over the manifest by one of its keys, every file by the manifest, and no
 * file beside it, made for the device's type.
 *
 * @throws FormatError where the artifact does not read
 */
export async function verifyMender(
  source: ByteSource,
  trust: DeviceTrust,
  tools: ArchiveTools,
): Promise<Verdict | ArtefactRefused> {
  const artifact = await readArtifact(source)
  if (artifact.kind === 'refused') return artifact
  const { signature, signed, digests } = artifact
  if (signature === undefined)
    return refuse('artefact-not-signed', 'there is no manifest.sig behind the manifest')
  const signer = await signerOf(signed, decodeBase64(signature.text), trust)
  if ('reason' in signer) return signer
  const covered = await readCovered(source, artifact, tools)
  if (covered.kind === 'refused') return covered
  const elsewhere = judgeHardware(covered.deviceTypes, trust)
  if (elsewhere !== undefined) return elsewhere
  return conclude(
    {
      signers: [bareSigner(signer)],
      version: covered.artifactName,
      securityVersion: covered.securityVersion,
      covers: [...digests].map(([name, sha256]) => ({ name, sha256 })),
    },
    trust,
  )
}

async function signerOf(
  manifest: Uint8Array,
  signature: Uint8Array,
  { keys }: DeviceTrust,
): Promise<PublicKey | ArtefactRefused> {
  const able = keys.filter(({ algorithm }) => algorithm === 'p-256' || algorithm.startsWith('rsa-'))
  if (able.length === 0)
    return refuse(
      'artefact-signer-unknown',
      'an artifact is checked with a key of P-256 or RSA, and the device knows none',
    )
  for (const key of able) if (await holds(manifest, signature, key)) return key
  return refuse('signature-wrong', `none of ${able.length} keys of the device signed the manifest`)
}

/** ECDSA as r and s of 32 octets side by side, RSA as it is. */
async function holds(
  manifest: Uint8Array,
  signature: Uint8Array,
  key: PublicKey,
): Promise<boolean> {
  if (key.algorithm !== 'p-256') {
    const { identifier } = signatureAlgorithms['rsa-sha256']
    return (await verifySignature(identifier, key, manifest, signature)) === true
  }
  if (signature.length !== 64) return false
  const { identifier } = signatureAlgorithms['ecdsa-sha256']
  return (await verifySignature(identifier, key, manifest, joinEcdsaSignature(signature))) === true
}
