// SPDX-License-Identifier: Apache-2.0
/** Why something is not genuine: the reasons that trust can give. */
export const trustRefusals = [
  'certificate-expired',
  'certificate-not-trusted',
  'certificate-not-yet-valid',
  'certificate-wrong-purpose',
  'key-algorithm-unknown',
  'key-known-weak',
  'key-malformed',
  'key-too-weak',
  'name-not-permitted',
  'path-budget-spent',
  'path-too-long',
  'possession-not-proved',
  'signature-algorithm-unknown',
  'signature-wrong',
] as const

export type TrustRefusal = (typeof trustRefusals)[number]

/** A "no" with its reason; `detail` names the rule and both values, never a secret, in lower case. */
export interface Refused<R extends string = TrustRefusal> {
  readonly kind: 'refused'
  readonly reason: R
  readonly detail: string
}

export function refuse<R extends string>(reason: R, detail: string): Refused<R> {
  return { kind: 'refused', reason, detail }
}
