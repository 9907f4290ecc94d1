// SPDX-License-Identifier: Apache-2.0
import { parseSubjectPublicKeyInfo } from '#format/x509/public-key.ts'
import { keyAlgorithms } from '../algorithms.ts'
import type { PublicKey } from '../public-key.ts'
import { readRsaKey } from '../rsa-key.ts'
import { hasClosePrimes } from './close-primes.ts'
import { type KeyLists, noLists } from './key-lists.ts'
import { publishedKeys } from './published-keys.ts'
import { hasRocaMark } from './roca.ts'
import { hasSmallFactor } from './small-factors.ts'
import type { KeyWeakness } from './weaknesses.ts'

/**
 * All that is known to be wrong with a well-formed key, from the key alone and from lists; empty: nothing was found.
 *
 * Cheap enough for every request: a few microseconds for a point, below two milliseconds for an RSA modulus. Not
 * looked for is what takes longer, and what only many keys together show.
 */
export function checkKey(key: PublicKey, lists: KeyLists = noLists): readonly KeyWeakness[] {
  const modulus = modulusOf(key)
  return [
    ...publishedWeakness(key),
    ...lists.find(key),
    ...(modulus === undefined ? [] : checkModulus(modulus)),
  ]
}

function publishedWeakness({ fingerprint }: PublicKey): readonly KeyWeakness[] {
  const source = publishedKeys.get(fingerprint.toHex())
  return source === undefined
    ? []
    : [{ name: 'key-published', detail: `the private key is published in ${source}` }]
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
  }
  if (hasClosePrimes(modulus)) {
    found.push({
      name: 'close-primes',
      detail: "the primes lie within 100 rounds of fermat's method",
    })
  }
  return found
}

/** The modulus of an RSA key under either of its OIDs; undefined: it is another key. */
export function modulusOf({ algorithm, spki }: PublicKey): bigint | undefined {
  const row = keyAlgorithms[algorithm]
  if (row.canonical !== 'modulus') return undefined
  const rsa = readRsaKey(parseSubjectPublicKeyInfo(spki).key, row.identifier.oid)
  return rsa.kind === 'rsa' ? BigInt(`0x${rsa.modulus.toHex()}`) : undefined
}
