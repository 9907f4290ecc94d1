// SPDX-License-Identifier: Apache-2.0
import { keyAlgorithms } from '../algorithms.ts'
import type { PublicKey } from '../public-key.ts'
import { hasClosePrimes } from './close-primes.ts'
import { type KeyLists, noLists } from './key-lists.ts'
import { seedOf } from './known-seeds.ts'
import { modulusPattern } from './modulus-pattern.ts'
import { publishedIn } from './published-keys.ts'
import { hasRocaMark } from './roca.ts'
import { checkScalar } from './scalars/check-scalar.ts'
import { hasSmallFactor } from './small-factors.ts'
import { hasStructuredPrimes } from './structured-primes.ts'
import type { KeyWeakness } from './weaknesses.ts'

/**
 * All that is known to be wrong with a well-formed key, from the key alone and from lists; empty: nothing was found.
 *
 * Cheap enough for every request: a few microseconds for a point, below two milliseconds for an RSA modulus. Not
 * looked for is what takes longer, and what only many keys together show.
 */
export function checkKey(key: PublicKey, lists: KeyLists = noLists): readonly KeyWeakness[] {
  const alone = weaknessesAlone(key)
  const listed = lists.find(key)
  if (listed.length === 0) return alone
  // What is known without a list may stand in one, too.
  return [...alone, ...listed.filter(({ name }) => alone.every((one) => one.name !== name))]
}

/** A key is looked at when it comes in and again before it is certified; its numbers stay what they are. */
const lookedAt = new WeakMap<PublicKey, readonly KeyWeakness[]>()

function weaknessesAlone(key: PublicKey): readonly KeyWeakness[] {
  const before = lookedAt.get(key)
  if (before !== undefined) return before
  const modulus = modulusOf(key)
  const found = [
    ...publishedWeakness(key),
    ...seedWeakness(key),
    ...checkScalar(key),
    ...(modulus === undefined ? [] : checkModulus(modulus)),
  ]
  lookedAt.set(key, found)
  return found
}

function publishedWeakness({ fingerprint }: PublicKey): readonly KeyWeakness[] {
  const source = publishedIn(fingerprint.toHex())
  return source === undefined
    ? []
    : [{ name: 'key-published', detail: `the private key is published in ${source}` }]
}

function seedWeakness({ fingerprint }: PublicKey): readonly KeyWeakness[] {
  const seed = seedOf(fingerprint)
  return seed === undefined
    ? []
    : [{ name: 'seed-known', detail: `the key was made from a seed of octets ${seed}` }]
}

/** What is known to be wrong with an odd RSA modulus, whatever its size. */
export function checkModulus(modulus: bigint): readonly KeyWeakness[] {
  const found: KeyWeakness[] = []
  if (hasSmallFactor(modulus)) {
    found.push({
      name: 'prime-small',
      detail: 'the modulus has a prime factor of at most 65537',
    })
  }
  if (hasRocaMark(modulus)) {
    found.push({ name: 'roca', detail: 'the modulus bears the mark of ROCA, CVE-2017-15361' })
  } else if (hasStructuredPrimes(modulus)) {
    found.push({
      name: 'primes-structured',
      detail: 'the modulus is a square modulo each of 48 small primes',
    })
  }
  if (hasClosePrimes(modulus)) {
    found.push({
      name: 'close-primes',
      detail: "the primes lie within 100 rounds of fermat's method",
    })
  }
  const pattern = modulusPattern(modulus)
  if (pattern !== undefined) found.push({ name: 'modulus-pattern', detail: pattern })
  return found
}

/** The modulus of an RSA key under either of its OIDs; undefined: it is another key. */
export function modulusOf({ algorithm, material }: PublicKey): bigint | undefined {
  return keyAlgorithms[algorithm].canonical === 'modulus'
    ? BigInt(`0x${material.toHex()}`)
    : undefined
}
