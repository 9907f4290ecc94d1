// SPDX-License-Identifier: Apache-2.0

/** CA/Browser Forum Baseline Requirements 6.1.1.3 (5): "within 100 rounds of Fermat's factorization method". */
const rounds = 100

/** Whether the two primes of an odd modulus lie so close that Fermat's method finds them at once. */
export function hasClosePrimes(modulus: bigint): boolean {
  let middle = squareRoot(modulus)
  if (middle * middle < modulus) middle += 1n
  let rest = middle * middle - modulus
  for (let round = 0; round < rounds; round++) {
    if (isSquare(rest)) return true
    rest += 2n * middle + 1n
    middle += 1n
  }
  return false
}

/** One number in 90,000 that is no square passes for one modulo all of these. */
const sieves = [256, 9, 5, 7, 11, 13, 17, 19, 23, 29, 31].map((modulus) => ({
  modulus,
  squares: new Set(Array.from({ length: modulus }, (_, root) => (root * root) % modulus)),
}))
/** Below 2^53, so that one division of a long number serves all sieves but the first. */
const product = sieves.slice(1).reduce((all, { modulus }) => all * modulus, 1)

function isSquare(value: bigint): boolean {
  const [first, ...others] = sieves
  if (!first?.squares.has(Number(BigInt.asUintN(8, value)))) return false
  const rest = Number(value % BigInt(product))
  if (!others.every(({ modulus, squares }) => squares.has(rest % modulus))) return false
  return squareRoot(value) ** 2n === value
}

/** The integer square root, rounded down (Newton from above). */
export function squareRoot(value: bigint): bigint {
  if (value < 2n) return value
  let root = 1n << BigInt((value.toString(16).length * 4 + 1) >> 1)
  for (;;) {
    const next = (root + value / root) >> 1n
    if (next >= root) return root
    root = next
  }
}
