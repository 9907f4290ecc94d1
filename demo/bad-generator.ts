// SPDX-License-Identifier: Apache-2.0
/** RSA keys of chosen primes, as a device makes them whose generator gives the same number twice. */
import { createPrivateKey, createPublicKey, generatePrimeSync } from 'node:crypto'
import { parseSubjectPublicKeyInfo } from '#format/x509/public-key.ts'
import type { KeyPair } from '#trust/private-key.ts'
import { importPublicKey } from '#trust/public-key.ts'

const exponent = 65_537n

/** A prime of 1024 bits whose two highest are set, so that two of them make a modulus of 2048: from a good source. */
export function primeOf1024(): bigint {
  for (;;) {
    const found = generatePrimeSync(1024, { bigint: true })
    if (found >> 1022n === 3n && (found - 1n) % exponent !== 0n) return found
  }
}

/** The key of two primes of 1024 bits. */
export function keyOfPrimes(p: bigint, q: bigint): KeyPair {
  const d = inverse(exponent, (p - 1n) * (q - 1n))
  const numbers = {
    ...{ n: p * q, e: exponent, d, p, q },
    ...{ dp: d % (p - 1n), dq: d % (q - 1n), qi: inverse(q, p) },
  }
  const key = Object.fromEntries(Object.entries(numbers).map(([name, one]) => [name, text(one)]))
  const privateKey = createPrivateKey({ format: 'jwk', key: { kty: 'RSA', ...key } })
  const spki = createPublicKey(privateKey).export({ format: 'der', type: 'spki' })
  const publicKey = importPublicKey(parseSubjectPublicKeyInfo(Uint8Array.from(spki)))
  if ('kind' in publicKey) throw new TypeError(publicKey.detail)
  return { privateKey, publicKey }
}

function text(value: bigint): string {
  const digits = value.toString(16)
  const whole = digits.length % 2 === 0 ? digits : `0${digits}`
  return Uint8Array.fromHex(whole).toBase64({ alphabet: 'base64url', omitPadding: true })
}

function inverse(value: bigint, modulus: bigint): bigint {
  let [old, rest] = [modulus, value % modulus]
  let [before, factor] = [0n, 1n]
  while (rest !== 0n) {
    const quotient = old / rest
    ;[old, rest] = [rest, old % rest]
    ;[before, factor] = [factor, before - quotient * factor]
  }
  return ((before % modulus) + modulus) % modulus
}
