// SPDX-License-Identifier: Apache-2.0

import type { SignatureAsked } from '#core/authority/signing-key.ts'
import { sameBytes } from '#format/bytes.ts'
import { type SignatureAlgorithm, signatureAlgorithmFor } from '#trust/algorithms.ts'
import { signatureAlgorithmAsked } from '#trust/digest-signature.ts'
import type { PublicKey } from '#trust/public-key.ts'
import type { Refused } from '#trust/refusal.ts'
import { type SignForm, tokenAlgorithms } from './mechanisms.ts'
import { publicHalf } from './public-half.ts'
import type { TokenKey } from './questions.ts'
import { formFor } from './signature-form.ts'
import { flawOf } from './token-key.ts'

/** A key of the token that may be used. */
export interface HeldKey {
  readonly publicKey: PublicKey
  readonly form: SignForm
  readonly signatureAlgorithm: SignatureAlgorithm
  readonly extractable: boolean | null
  /** Why it is not used, if it is not what a key of ours must be. */
  readonly flaw: string | undefined
}

/** A key of the token as it may be used; what stands under a known id must still be that key. */
export function heldFrom(key: TokenKey, before?: HeldKey): HeldKey | Refused {
  const publicKey = publicHalf(key)
  if ('kind' in publicKey) return publicKey
  const { algorithm } = publicKey
  const row = tokenAlgorithms[algorithm]
  if (row === undefined) throw new TypeError(`a token has no ${algorithm}`)
  const isOther = before !== undefined && !sameBytes(before.publicKey.spki, publicKey.spki)
  return {
    ...{ publicKey, form: row.sign, signatureAlgorithm: signatureAlgorithmFor(algorithm) },
    extractable: key.extractable,
    flaw: isOther ? 'is another one than before' : flawOf(key),
  }
}

/** The same key, to sign by another algorithm than its usual one. @throws TypeError if it does not sign so */
export function heldAsAsked(held: HeldKey, { algorithm }: SignatureAsked): HeldKey {
  const signatureAlgorithm = signatureAlgorithmAsked(algorithm, held.publicKey)
  if (signatureAlgorithm.name === held.signatureAlgorithm.name) return held
  return {
    ...held,
    signatureAlgorithm,
    form: formFor(held.form, signatureAlgorithm, held.publicKey.bits),
  }
}
