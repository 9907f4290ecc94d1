// SPDX-License-Identifier: Apache-2.0

import type { ByteSource } from '#format/archive/byte-source.ts'
import { sameBytes } from '#format/bytes.ts'
import { outerManifestBounds } from '#format/outer-manifest/bounds.ts'
import {
  type OuterEnvelope,
  outerSignatureInput,
  parseOuterEnvelope,
} from '#format/outer-manifest/envelope.ts'
import type { OuterManifest } from '#format/outer-manifest/manifest.ts'
import { coseNameOf } from '#trust/cose/algorithms.ts'
import { verifyCoseSignature } from '#trust/cose/signature.ts'
import { sha256 } from '#trust/digest.ts'
import { refuse } from '#trust/refusal.ts'
import { bareSigner } from '../bare-signer.ts'
import { conclude } from '../conclude.ts'
import { judgeHardware } from '../judge-hardware.ts'
import { digestSource, readWhole } from '../read-source.ts'
import { type ArtefactRefused, refusingFormat } from '../refusal.ts'
import { stampOver } from '../stamp-over.ts'
import type { DeviceTrust, ProvedSigner, Verdict } from '../verdict.ts'
import { familiesOf } from './policy.ts'

/** Judges an outer manifest, in the order of docs/outer-manifest.md. */
export async function verifyOuterManifest(
  source: ByteSource,
  trust: DeviceTrust,
  beside?: ByteSource,
): Promise<Verdict | ArtefactRefused> {
  return await refusingFormat(async () => {
    // 1.
    const envelope = parseOuterEnvelope(await readWhole(source, outerManifestBounds.bytes))
    const { manifest } = envelope
    // 2.
    const differing = refuseOtherSignatures(envelope)
    if (differing !== undefined) return differing
    // 3.
    const signers = await proveRows(envelope, trust)
    if ('reason' in signers) return signers
    // 4.
    const { classical, postQuantum } = familiesOf(manifest.policy)
    if (trust.demandsBoth && !(classical && postQuantum))
      return refuse(
        'artefact-signature-missing',
        `the device demands both kinds of signature, the policy names ${namesOf(manifest.policy)}`,
      )
    // 5.
    const elsewhere = refuseForAnother(manifest, trust)
    if (elsewhere !== undefined) return elsewhere
    // 6.
    const other = beside === undefined ? undefined : await refuseOtherFile(manifest, beside)
    if (other !== undefined) return other
    const { version, securityVersion, files } = manifest
    const covers = files.map(({ name, sha256 }) => ({ name, sha256 }))
    return conclude({ signers, version, securityVersion, covers }, trust)
  })
}

/** Stripped, added, doubled or in another order: what stands there is not what the policy names. */
function refuseOtherSignatures({ manifest: { policy }, signatures }: OuterEnvelope) {
  if (signatures.length !== policy.length)
    return refuse(
      'artefact-signatures-differ',
      `${signatures.length} signatures (${namesOf(signatures)}) for a policy of ${policy.length} (${namesOf(policy)})`,
    )
  for (const [index, row] of policy.entries()) {
    const one = signatures[index]!
    if (one.algorithm !== row.algorithm || !sameBytes(one.keyId, row.keyId))
      return refuse(
        'artefact-signatures-differ',
        `signature ${index + 1} is ${nameOf(one)}, the policy names ${nameOf(row)}`,
      )
  }
  return
}

async function proveRows(
  { manifest: { policy }, payload, signatures, signaturesBytes, timeStamp }: OuterEnvelope,
  trust: DeviceTrust,
): Promise<readonly ProvedSigner[] | ArtefactRefused> {
  const stampedAt = await stampOver(timeStamp, signaturesBytes, trust)
  if (stampedAt !== undefined && 'reason' in stampedAt) return stampedAt
  const byId = new Map(trust.keys.map((key) => [sha256(key.spki).toHex(), key]))
  const signers: ProvedSigner[] = []
  for (const [index, row] of policy.entries()) {
    const publicKey = byId.get(row.keyId.toHex())
    if (publicKey === undefined)
      return refuse('artefact-signer-unknown', `the device knows no key ${nameOf(row)}`)
    const input = outerSignatureInput(row, payload)
    const { signature } = signatures[index]!
    const genuine = await verifyCoseSignature(row.algorithm, publicKey, input, signature)
    if (typeof genuine === 'object') return genuine
    if (!genuine)
      return refuse('signature-wrong', `signature ${index + 1} (${nameOf(row)}) does not hold`)
    signers.push({ ...bareSigner(publicKey), stampedAt })
  }
  return signers
}

function refuseForAnother(manifest: OuterManifest, trust: DeviceTrust) {
  const { environment, product } = trust
  if (environment !== undefined && environment !== manifest.environment)
    return refuse(
      'artefact-environment-wrong',
      `made for ${manifest.environment}, the device is for ${environment}`,
    )
  if (product !== undefined && product !== manifest.product)
    return refuse(
      'artefact-hardware-wrong',
      `made for product ${manifest.product}, the device is ${product}`,
    )
  return judgeHardware(manifest.hardware, trust)
}

async function refuseOtherFile({ files }: OuterManifest, beside: ByteSource) {
  const here = await digestSource(beside)
  const found = files.find(({ sha256: digest }) => sameBytes(digest, here.sha256))
  if (found?.octets === here.octets) return
  return refuse(
    'artefact-digest-wrong',
    `the file of ${here.octets} octets and SHA-256 ${here.sha256.toHex()} is none of ${files.map(({ name }) => name).join(', ')}`,
  )
}

function namesOf(rows: OuterManifest['policy']): string {
  return rows.map(({ algorithm }) => coseNameOf(algorithm)).join(', ')
}

function nameOf({ algorithm, keyId }: OuterManifest['policy'][number]): string {
  return `${coseNameOf(algorithm)} of key ${keyId.subarray(0, 8).toHex()}`
}
