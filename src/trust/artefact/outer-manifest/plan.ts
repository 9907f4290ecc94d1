// SPDX-License-Identifier: Apache-2.0
import type { ByteSource } from '#format/archive/byte-source.ts'
import { FormatError } from '#format/format-error.ts'
import {
  encodeOuterEnvelope,
  encodeOuterSignatures,
  outerSignatureInput,
  parseOuterEnvelope,
} from '#format/outer-manifest/envelope.ts'
import {
  encodeOuterManifest,
  type ManifestFile,
  manifestEnvironments,
  manifestKinds,
  type OuterManifest,
} from '#format/outer-manifest/manifest.ts'
import { type CoseAlgorithm, coseAlgorithmOf } from '#trust/cose/algorithms.ts'
import { coseSignatureFrom } from '#trust/cose/signature.ts'
import { sha256 } from '#trust/digest.ts'
import { refuse } from '#trust/refusal.ts'
import type { ArtefactSigner, SigningPlan } from '../form.ts'
import { digestSource } from '../read-source.ts'
import type { ArtefactRefused } from '../refusal.ts'
import type { OuterManifestOptions } from './options.ts'
import { familiesOf } from './policy.ts'

interface Row {
  readonly signer: ArtefactSigner
  readonly cose: CoseAlgorithm
  readonly algorithm: number
  readonly keyId: Uint8Array
}

/**
 * Plans an outer manifest over a file, over files of which only the digests are known, or over both.
 *
 * Certificates of signers are left out: a device knows the keys.
 *
 * @param source empty, where `options.files` says all
 */
export async function planOuterManifest(
  source: ByteSource,
  options: OuterManifestOptions,
  signers: readonly ArtefactSigner[],
): Promise<SigningPlan | ArtefactRefused> {
  const policy = policyOf(signers)
  if ('reason' in policy) return policy
  const files = await filesOf(source, options)
  if ('reason' in files) return files
  const payload = payloadOf(options, files, policy)
  if ('reason' in payload) return payload
  return {
    kind: 'plan',
    form: 'outer-manifest',
    wanted: policy.map((row) => ({
      signer: row.signer,
      over: 'message',
      bytes: outerSignatureInput(row, payload),
    })),
    async finish(signatures, stamp) {
      const encoded = encodeOuterSignatures(
        policy.map(({ cose, algorithm, keyId }, index) => {
          const made = signatures[index]
          if (made === undefined) throw new TypeError(`no signature for row ${index}`)
          return { algorithm, keyId, signature: coseSignatureFrom(cose, made) }
        }),
      )
      const envelope = encodeOuterEnvelope(payload, encoded, await stamp?.(encoded))
      // A token may be longer than a device reads: nothing is given out that could not be read.
      parseOuterEnvelope(envelope)
      return [envelope]
    },
  }
}

/** Who makes no AND-policy: a classical and a post-quantum signature are asked. */
export function refuseOuterManifest(
  _: OuterManifestOptions,
  signers: readonly ArtefactSigner[],
): ArtefactRefused | undefined {
  const policy = policyOf(signers)
  return 'reason' in policy ? policy : undefined
}

function policyOf(signers: readonly ArtefactSigner[]): readonly Row[] | ArtefactRefused {
  const rows: Row[] = []
  for (const signer of signers) {
    const { algorithm: name, publicKey } = signer
    const cose = coseAlgorithmOf(name, publicKey.algorithm)
    if (cose === undefined)
      return refuse(
        'artefact-signer-unfit',
        `${name} by a key of ${publicKey.algorithm} has no place in an outer manifest`,
      )
    rows.push({ signer, cose, algorithm: cose.id, keyId: sha256(publicKey.spki) })
  }
  const { classical, postQuantum } = familiesOf(rows)
  if (!classical || !postQuantum)
    return refuse(
      'artefact-signature-missing',
      `${signers.length} signers: ${classical ? 'none by ML-DSA-65 or ML-DSA-87' : 'none by ECDSA or Ed25519'}`,
    )
  return rows
}

async function filesOf(
  source: ByteSource,
  { name, files = [] }: OuterManifestOptions,
): Promise<readonly ManifestFile[] | ArtefactRefused> {
  const rows: ManifestFile[] = []
  for (const text of files) {
    const row = parseFileRow(text)
    if (row === undefined)
      return refuse('artefact-choice-wrong', `file "${text}" is not NAME:OCTETS:SHA256`)
    rows.push(row)
  }
  const here = await digestSource(source)
  if (name !== undefined) return [{ name, ...here }, ...rows]
  if (here.octets > 0)
    return refuse('artefact-choice-wrong', `the file of ${here.octets} octets has no name`)
  return rows
}

function parseFileRow(text: string): ManifestFile | undefined {
  const match = /^(.+):(\d{1,16}):([0-9a-fA-F]{64})$/.exec(text)
  if (match === null) return
  const [, name = '', octets, digest = ''] = match
  return { name, octets: Number(octets), sha256: Uint8Array.fromHex(digest) }
}

function payloadOf(
  options: OuterManifestOptions,
  files: readonly ManifestFile[],
  policy: OuterManifest['policy'],
): Uint8Array | ArtefactRefused {
  const { product, version, securityVersion, hardware = [] } = options
  const environment = manifestEnvironments.find((one) => one === options.environment)
  if (environment === undefined)
    return refuse(
      'artefact-choice-wrong',
      `environment "${options.environment}" is none of ${manifestEnvironments.join(', ')}`,
    )
  const kind = manifestKinds.find((one) => one === options.kind)
  if (kind === undefined)
    return refuse(
      'artefact-choice-wrong',
      `kind "${options.kind}" is none of ${manifestKinds.join(', ')}`,
    )
  try {
    const madeAt = Temporal.Instant.fromEpochMilliseconds(1000 * options.madeAt)
    return encodeOuterManifest({
      ...{ product, version, securityVersion, environment, kind, madeAt },
      ...{ files, policy, hardware },
    })
  } catch (error) {
    // What a form cannot hold: a number out of bounds, a name twice, text that is too long.
    if (error instanceof FormatError || error instanceof RangeError || error instanceof TypeError)
      return refuse('artefact-choice-wrong', error.message)
    throw error
  }
}
