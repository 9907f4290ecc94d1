// SPDX-License-Identifier: Apache-2.0
import { checkPrimeSync } from 'node:crypto'
import { greatestCommonDivisor } from '#trust/weak-keys/shared-primes/greatest-common-divisor.ts'
import { bytesOf } from '#trust/weak-keys/shared-primes/octets.ts'
import { bitsOf } from '#trust/weak-keys/shared-primes/product-tree.ts'
import { oddPrimesTo } from '../small-factors.ts'
import type { KeyWeakness } from '../weaknesses.ts'
import { smoothBounds } from './deep-tests.ts'
import { powerModulo } from './power.ts'

/** What is wrong with an odd modulus that takes a second to see; nothing: nothing was found. */
export function checkModulusDeeply(modulus: bigint): readonly KeyWeakness[] {
  if (checkPrimeSync(modulus))
    return [{ name: 'modulus-degenerate', detail: 'the modulus is itself a prime' }]
  const root = powerOf(modulus)
  if (root !== undefined)
    return [
      { name: 'modulus-degenerate', detail: `the modulus is a power: one number, ${root} times` },
    ]
  const { bound } = smoothBounds.find(({ bits }) => bitsOf(modulus) <= bits) ?? smoothBounds[3]
  if (!hasSmoothPrime(modulus, bound)) return []
  return [{ name: 'modulus-smooth', detail: `p-1 with all primes up to ${bound} finds a factor` }]
}

/**
 * Whether Pollard's p-1 method finds a prime p of the modulus: whether p - 1 has, besides what it has in common with
 * the modulus less one, only prime powers up to the bound.
 *
 * What p - 1 and q - 1 have in common divides the modulus less one, and raising to that first is nearly free: it
 * finds "common prime" keys, whose p - 1 and q - 1 share a large prime by design or by a poor generator.
 *
 * @see J. M. Pollard, "Theorems on factorization and primality testing", 1974; M. J. Hinek, "Another look at small
 *   RSA exponents", CT-RSA 2006 (common prime RSA)
 */
export function hasSmoothPrime(modulus: bigint, bound: number): boolean {
  const base = powerModulo(3n, bytesOf(modulus - 1n), modulus)
  if (greatestCommonDivisor(base - 1n, modulus) !== 1n) return true
  const power = powerModulo(base, exponentFor(bound), modulus)
  // Of a power of 1 both primes are found, which is no less broken.
  return greatestCommonDivisor((power - 1n + modulus) % modulus, modulus) !== 1n
}

const exponents = new Map<number, Uint8Array>()

/** The product of the greatest power of each prime that is not above the bound; 1.44 bits for each number up to it. */
function exponentFor(bound: number): Uint8Array {
  const before = exponents.get(bound)
  if (before !== undefined) return before
  const powers = [2, ...oddPrimesTo(bound)].map((prime) => {
    let power = prime
    while (power * prime <= bound) power *= prime
    return BigInt(power)
  })
  const exponent = bytesOf(multiply(powers))
  exponents.set(bound, exponent)
  return exponent
}

function multiply(factors: readonly bigint[]): bigint {
  if (factors.length < 2) return factors[0] ?? 1n
  const middle = factors.length >> 1
  return multiply(factors.slice(0, middle)) * multiply(factors.slice(middle))
}

/** Which power of another number it is; small factors, and so high powers, are what the gate looks for. */
function powerOf(modulus: bigint): number | undefined {
  return [2, 3, 5, 7, 11, 13, 17, 19, 23, 29, 31].find((degree) => {
    const root = rootOf(modulus, BigInt(degree))
    return root ** BigInt(degree) === modulus
  })
}

/** Rounded down, after Newton from above. */
function rootOf(value: bigint, degree: bigint): bigint {
  let root = 1n << BigInt(Math.ceil(bitsOf(value) / Number(degree)) + 1)
  for (;;) {
    const next = ((degree - 1n) * root + value / root ** (degree - 1n)) / degree
    if (next >= root) return root
    root = next
  }
}
