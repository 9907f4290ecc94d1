// SPDX-License-Identifier: Apache-2.0
import { oddPrimesTo } from './small-factors.ts'

/** Of sound moduli one in 2^48 is a square modulo all of them. */
const primesAsked = 48

/**
 * Whether small primes, all alike, see the modulus as a square.
 *
 * Primes that were made as powers of one number modulo many small primes, as ROCA's are, give such a modulus every
 * other time, whatever the number: this finds relatives of ROCA that nobody has described yet.
 *
 * @see Google Paranoid, CheckROCAVariant
 */
export function hasStructuredPrimes(modulus: bigint): boolean {
  const rest = modulus % product
  return rows.every(({ prime, squares }) => squares.has(Number(rest % prime)))
}

/** 3 sees every second modulus of two odd primes as a square and is left out, as it is there. */
const rows = oddPrimesTo(229)
  .slice(1, 1 + primesAsked)
  .map((prime) => ({ prime: BigInt(prime), squares: squaresModulo(prime) }))
const product = rows.reduce((all, { prime }) => all * prime, 1n)

function squaresModulo(prime: number): ReadonlySet<number> {
  return new Set(Array.from({ length: prime - 1 }, (_, at) => (at + 1) ** 2 % prime))
}
