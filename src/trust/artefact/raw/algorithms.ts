// SPDX-License-Identifier: Apache-2.0
import type { SignatureAlgorithmName } from '#trust/algorithms.ts'

/** What stands bare beside files. */
export const rawSignatures = {
  title: 'bare signature',
  algorithms: [
    ...(['ecdsa-sha256', 'ecdsa-sha384', 'ecdsa-sha512', 'ed25519'] as const),
    ...(['rsa-sha256', 'rsa-sha384', 'rsa-sha512'] as const),
    ...(['rsa-pss-sha256', 'rsa-pss-sha384', 'rsa-pss-sha512'] as const),
    ...(['ml-dsa-65', 'ml-dsa-87', 'ml-dsa-44'] as const),
  ] satisfies readonly SignatureAlgorithmName[],
}
