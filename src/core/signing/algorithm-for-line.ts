// SPDX-License-Identifier: Apache-2.0
import { type SignatureAlgorithmName, signatureAlgorithms } from '#trust/algorithms.ts'
import { algorithmFor } from '#trust/artefact/algorithm-for.ts'
import type { AnyForm } from '#trust/artefact/forms.ts'
import type { PublicKey } from '#trust/public-key.ts'
import { refuse } from '#trust/refusal.ts'
import type { Key } from '../ledger/tables.ts'
import type { Refused } from '../refusal.ts'
import type { PlanLine } from '../releases/plan-lines.ts'

/** The algorithm by which a key signs as a line of a plan says, and as the place where it is kept can. */
export function algorithmForLine(
  { options }: Pick<PlanLine, 'options'>,
  form: AnyForm,
  publicKey: PublicKey,
  { custody }: Pick<Key, 'custody'>,
): SignatureAlgorithmName | Refused {
  const algorithm = algorithmFor(form, publicKey, form.asks?.(options, publicKey))
  if (typeof algorithm !== 'string') return algorithm
  return refuseCustody(custody, algorithm) ?? algorithm
}

/** A command of TPM 2.0 names the digest of RSASSA-PSS and no salt: its length is the TPM's. Files and tokens are told. */
function refuseCustody(
  custody: string | null,
  algorithm: SignatureAlgorithmName,
): Refused | undefined {
  const isLongest = signatureAlgorithms[algorithm].saltOctets === 'longest'
  if (!isLongest || custody?.startsWith('tpm ') !== true) return undefined
  return refuse(
    'artefact-signer-unfit',
    `${custody} chooses the salt of RSASSA-PSS itself, and ${algorithm} is told the longest: sign with a key in a file or a token, or by PKCS #1 v1.5`,
  )
}
