// SPDX-License-Identifier: Apache-2.0
/** Signatures that are made elsewhere: what is asked for, and what came back. */
import { signatureAlgorithms } from '#trust/algorithms.ts'
import type { SignatureWanted, SigningPlan } from '#trust/artefact/form.ts'
import { refuse } from '#trust/refusal.ts'
import { verifyOver } from '#trust/verify-digest.ts'
import type { Said } from '../commands/read-line.ts'
import { readFile } from '../files.ts'
import { wrongUse } from '../stop.ts'
import { listed } from './device-trust.ts'
import { stopFor } from './stop-for.ts'

/** What has to be signed, for programs. */
export function wantedDocument({ form, wanted }: SigningPlan) {
  return {
    ...{ kind: 'to-be-signed', form },
    wanted: wanted.map(({ signer, over, bytes }) => ({
      key: signer.publicKey.fingerprint.toHex(),
      keyAlgorithm: signer.publicKey.algorithm,
      algorithm: signer.algorithm,
      digest: signatureAlgorithms[signer.algorithm].digest,
      over,
      bytes: bytes.toBase64(),
    })),
  }
}

/** The same for people: a line a signature. */
export function wantedLines({ wanted }: SigningPlan): readonly string[] {
  return wanted.map(({ signer: { publicKey, algorithm }, over, bytes }) => {
    const key = `${publicKey.algorithm} ${publicKey.fingerprint.toHex().slice(0, 16)}`
    return `${key}  ${algorithm} over the ${over}  ${bytes.toHex()}`
  })
}

/** Signatures from files, one for each that is wanted, in their order: octets, or base64 as text. @throws Stop */
export function readSignatures(said: Said, { wanted }: SigningPlan): readonly Uint8Array[] {
  const paths = listed(said, 'signatures')
  if (paths.length !== wanted.length)
    throw wrongUse(
      `${paths.length} signatures are given, ${wanted.length} are wanted`,
      'name a file for each, in the order of --digest-only: --signatures FILE',
    )
  return paths.map((path) => octetsIn(readFile(path, '--signatures')))
}

/** A signature has chance in it, and is no text of base64 alone. */
function octetsIn(bytes: Uint8Array): Uint8Array {
  const text = new TextDecoder('latin1').decode(bytes).trim()
  return /^[A-Za-z0-9+/\s]+={0,2}$/.test(text) ? Uint8Array.fromBase64(text) : bytes
}

/** Whether each signature is the one that was wanted, before anything is made of it. @throws Stop */
export async function checkSignatures(
  wanted: readonly SignatureWanted[],
  signatures: readonly Uint8Array[],
): Promise<void> {
  for (const [index, { signer, over, bytes }] of wanted.entries()) {
    const { publicKey, algorithm } = signer
    const signature = signatures[index] ?? new Uint8Array()
    const row = signatureAlgorithms[algorithm]
    if (await verifyOver(over, row, publicKey, bytes, signature)) continue
    throw stopFor(
      refuse(
        'signature-wrong',
        `signature ${index + 1} is not by ${algorithm} of ${publicKey.fingerprint.toHex().slice(0, 16)} over what is to be signed: the file or a choice changed meanwhile, or another key signed`,
      ),
    )
  }
}
