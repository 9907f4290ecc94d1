// SPDX-License-Identifier: Apache-2.0

/**
 * What shows that no chance made the modulus or its primes, or undefined: a run of equal octets or of a short repeated
 * word, far too few or too many bits set, or the trace that two primes leave which both repeat a pattern.
 *
 * Each takes a sound key for a bad one with a chance below 2^-60. Not found: two primes of few bits whose product
 * looks like any other, and one prime with a pattern beside a sound one.
 *
 * @see badkeys, `pattern` and `rsabias`; Google Paranoid, CheckBitPatterns, CheckContinuedFractions
 */
export function modulusPattern(modulus: bigint): string | undefined {
  const digits = modulus.toString(16)
  const octets = Uint8Array.fromHex(digits.length % 2 === 0 ? digits : `0${digits}`)
  const length = repeatedWord(octets)
  if (length !== undefined) {
    return `the modulus repeats ${length === 1 ? 'one octet' : `${length} octets`} again and again`
  }
  const { bits, set } = countBits(octets)
  if (Math.abs(2 * set - bits) > mostDeviations * Math.sqrt(bits)) {
    return `of the ${bits} bits of the modulus ${set} are set`
  }
  return isNearShortFraction(modulus, bits)
    ? 'both primes of the modulus repeat a short pattern'
    : undefined
}

/** Octets that are equal to those one word before. Chance makes 15 of them once in 2^104 keys. */
const leastRepeated = 15
const longestWord = 16

/** The length of the shortest word, in octets, that stands again and again in them. */
function repeatedWord(octets: Uint8Array): number | undefined {
  for (let length = 1; length <= longestWord; length++) {
    const least = Math.max(leastRepeated, 2 * length)
    let repeated = 0
    for (let at = length; at < octets.length; at++) {
      repeated = octets[at] === octets[at - length] ? repeated + 1 : 0
      if (repeated === least) return length
    }
  }
  return undefined
}

/** Of a fair coin: nine deviations from the mean, one key in 2^62. */
const mostDeviations = 9

function countBits(octets: Uint8Array) {
  let set = 0
  for (let octet of octets) for (; octet !== 0; octet &= octet - 1) set += 1
  return { bits: octets.length * 8 - Math.clz32(octets[0] ?? 0) + 24, set }
}

/** Of all quotients one in 2^80 is as great by chance, and some 300 are looked at. */
const greatQuotient = 1n << 80n

/**
 * A number that repeats a pattern of n bits is nearly a fraction over 2^n - 1 of a power of two, and the product of two
 * such numbers is nearly one over the product of both. A fraction that is far too near for its length shows as a
 * great quotient when Euclid's algorithm is run on the number and the power.
 */
function isNearShortFraction(modulus: bigint, bits: number): boolean {
  // What the lower half adds is smaller than what the patterns leave over.
  const half = BigInt(bits >> 1)
  let [larger, smaller] = [1n << (BigInt(bits) - half), modulus >> half]
  // From here on the fractions would be longer than what they are near to.
  const end = 1n << (half >> 1n)
  while (smaller > end) {
    const quotient = larger / smaller
    if (quotient >= greatQuotient) return true
    const rest = larger - quotient * smaller
    larger = smaller
    smaller = rest
  }
  return larger >= smaller * greatQuotient
}
