// SPDX-License-Identifier: Apache-2.0
/** The cheap gate: what is known weak from the key alone, in well under two milliseconds. */
import { parseSubjectPublicKeyInfo } from '#format/x509/public-key.ts'
import { keyAlgorithms } from '../algorithms.ts'
import type { PublicKey } from '../public-key.ts'
import { type Refused, refuse } from '../refusal.ts'
import { readRsaKey } from '../rsa-key.ts'
import { hasClosePrimes } from './close-primes.ts'
import { publishedKeys } from './published-keys.ts'
import { hasRocaMark } from './roca.ts'
import { hasSmallFactor } from './small-factors.ts'

/**
 * Refuses a well-formed key whose private half is public or easily found; undefined: nothing found.
 *
 * Not looked for: a modulus that is itself prime, and whatever only many keys together show.
 */
export function refuseWeakKey(key: PublicKey): Refused | undefined {
  const published = publishedKeys.get(key.fingerprint.toHex())
  if (published !== undefined) {
    return refuse('key-known-weak', `the private key is printed in ${published}`)
  }
  const modulus = modulusOf(key)
  return modulus === undefined ? undefined : refuseWeakModulus(modulus)
}

function refuseWeakModulus(modulus: bigint): Refused | undefined {
  if (hasSmallFactor(modulus)) {
    return refuse('key-known-weak', 'the modulus has a prime factor of at most 65537')
  }
  if (hasRocaMark(modulus)) {
    return refuse('key-known-weak', 'the modulus bears the mark of ROCA, CVE-2017-15361')
  }
  if (hasClosePrimes(modulus)) {
    return refuse('key-known-weak', "the primes lie within 100 rounds of fermat's method")
  }
  return undefined
}

/** Of an RSA key under either of its OIDs; undefined: it is another key. */
function modulusOf({ algorithm, spki }: PublicKey): bigint | undefined {
  const row = keyAlgorithms[algorithm]
  if (row.canonical !== 'modulus') return undefined
  const rsa = readRsaKey(parseSubjectPublicKeyInfo(spki).key, row.identifier.oid)
  return rsa.kind === 'rsa' ? BigInt(`0x${rsa.modulus.toHex()}`) : undefined
}
