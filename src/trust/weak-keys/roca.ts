// SPDX-License-Identifier: Apache-2.0
import { oddPrimesTo } from './small-factors.ts'

/**
 * Whether the modulus bears the mark of ROCA (CVE-2017-15361): primes of the form k M + 65537^a mod M,
 * so that modulo every prime of M the modulus is a power of 65537.
 *
 * A sound key is taken for a marked one with a chance below 2^-25.
 *
 * @see "The Return of Coppersmith's Attack", Nemec et al., CCS 2017, section 3.1: M of keys from 512
 *   bits on is the product of the first 39 primes, to 167; longer keys have more
 */
export function hasRocaMark(modulus: bigint): boolean {
  return powers.every(({ prime, reachable }) => reachable.has(Number(modulus % BigInt(prime))))
}

const powers = oddPrimesTo(167).map((prime) => ({ prime, reachable: powersOf(65_537, prime) }))

function powersOf(generator: number, prime: number): ReadonlySet<number> {
  const reachable = new Set<number>()
  for (let power = 1; !reachable.has(power); power = (power * generator) % prime)
    reachable.add(power)
  return reachable
}
