// SPDX-License-Identifier: Apache-2.0

import { knownSeeds } from '#trust/weak-keys/known-seeds.ts'
import { publishedKeys } from '#trust/weak-keys/published-keys.ts'

/**
 * Whether the private half of a key that nothing else proves may be one: with no public half beside it any octets fit,
 * and programs have what stands before such a key as a constant, with something else behind it.
 *
 * Of octets of chance three quarters are different ones, of 66 some 58; fewer than this come once in a million. What
 * was published with a simple private half is one nevertheless.
 */
export function mayBeSecret(octets: Uint8Array, fingerprint: string): boolean {
  const least = octets.length === 32 ? 24 : Math.floor(octets.length * 0.68)
  return (
    new Set(octets).size >= least || publishedKeys.has(fingerprint) || knownSeeds.has(fingerprint)
  )
}
