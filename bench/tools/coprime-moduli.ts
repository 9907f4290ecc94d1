// SPDX-License-Identifier: Apache-2.0
import { Random } from '../../test/fuzz/random.ts'

/**
 * Moduli of two factors of 1,024 bits each, made thousands of times faster than RSA keys are.
 *
 * Two numbers of one window have no common factor but one that divides their distance, which is below the window's
 * width; whoever has no factor below that width is coprime to all others like it. So a sieve over one window gives
 * factors that share nothing, as primes share nothing, though they are mostly not prime: to a product, a remainder
 * and a greatest common divisor that makes no difference.
 */
export function coprimeModuli(count: number, seed: number): bigint[] {
  const factors = coprimeFactors(2 * count, seed)
  const random = new Random(seed + 1)
  for (let at = factors.length - 1; at > 0; at--) {
    const other = random.below(at + 1)
    ;[factors[at], factors[other]] = [factors[other]!, factors[at]!]
  }
  return Array.from({ length: count }, (_, at) => factors[2 * at]! * factors[2 * at + 1]!)
}

function coprimeFactors(count: number, seed: number): bigint[] {
  const random = new Random(seed)
  const digits = Array.from({ length: 256 }, () => random.below(16).toString(16)).join('')
  const start = (BigInt(`0x${digits}`) | (3n << 1022n)) & ~0xff_ffff_ffn
  // Of numbers without a factor below w there are about 0.56 / ln w.
  const width = Math.ceil((count + 1_000) * 2.2 * Math.log(60 * count + 1_000))
  const crossed = new Uint8Array(width)
  for (const prime of primesBelow(width)) {
    const first = (prime - Number(start % BigInt(prime))) % prime
    for (let at = first; at < width; at += prime) crossed[at] = 1
  }
  const found: bigint[] = []
  for (let at = 0; at < width && found.length < count; at++)
    if (crossed[at] === 0) found.push(start + BigInt(at))
  if (found.length < count) throw new Error(`the window has ${found.length} of ${count} factors`)
  return found
}

function primesBelow(limit: number): number[] {
  const composite = new Uint8Array(limit)
  const primes: number[] = []
  for (let candidate = 2; candidate < limit; candidate++) {
    if (composite[candidate] === 1) continue
    primes.push(candidate)
    for (let multiple = candidate * candidate; multiple < limit; multiple += candidate)
      composite[multiple] = 1
  }
  return primes
}
