// SPDX-License-Identifier: Apache-2.0
/** A fleet whose moduli have small primes, so that thousands are made in a second, and some that are shared. */
import { generatePrimeSync } from 'node:crypto'
import { sha256 } from '#trust/digest.ts'
import { bytesOf } from '#trust/weak-keys/shared-primes/octets.ts'
import type { SharedPrime, WatchedModulus } from '#trust/weak-keys/shared-primes/shared-prime.ts'

/** Each a new one, of 96 bits. */
export function newPrime(): bigint {
  return generatePrimeSync(96, { bigint: true })
}

/** Keys with ids from `first` on; each modulus has the given prime, where one is given, and a new one. */
export function watchedKeys(
  first: number,
  primes: readonly (bigint | undefined)[],
): WatchedModulus[] {
  return primes.map((prime, at) => ({
    id: watchedId(first + at),
    modulus: bytesOf((prime ?? newPrime()) * newPrime()),
  }))
}

/** As many keys that share nothing, with the given primes in the first of them. */
export function subsetOf(first: number, count: number, planted: readonly bigint[]) {
  const rest = Array.from({ length: count - planted.length }, () => undefined)
  return watchedKeys(first, [...planted, ...rest])
}

export function watchedId(at: number): string {
  return `key_${at.toString(16).padStart(32, '0')}`
}

/** What was told, as lines that can be compared. */
export function toldOf(shared: readonly SharedPrime[]): string[] {
  return shared.map(({ kind, cause, members }) => `${kind} ${cause.toHex()} ${members}`).sort()
}

/** What is to be told of a prime that these have. */
export function primeToBeTold(prime: bigint, members: readonly number[]): string {
  return toldOf([
    { kind: 'prime', cause: sha256(bytesOf(prime)), members: members.map(watchedId) },
  ])[0]!
}
