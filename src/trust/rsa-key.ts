// SPDX-License-Identifier: Apache-2.0
import { limits } from '#format/der/budget.ts'
import type { Oid } from '#format/der/oid.ts'
import { readDer } from '#format/der/reader.ts'
import { FormatError } from '#format/format-error.ts'
import { findRsaAlgorithm, type KeyAlgorithm } from './algorithms.ts'
import { type Refused, refuse } from './refusal.ts'

/**
 * FIPS 186-5 section A.1.1 asks for 2^16 < e < 2^256. OpenSSL checks no signature under a modulus of more than
 * 3072 bits with an exponent of more than 64 (OPENSSL_RSA_MAX_PUBEXP_BITS); the smaller bound holds for all here,
 * and keeps a hostile exponent from costing more than four times a usual one.
 */
const maxExponentOctets = 8
const leastExponent = 65_537n

export interface RsaKey {
  readonly kind: 'rsa'
  readonly algorithm: KeyAlgorithm
  /** Big-endian without leading zeros, a view; its highest bit is set, as all known sizes are whole octets. */
  readonly modulus: Uint8Array
}

/**
 * Reads the content of an RSA key's BIT STRING and checks both numbers.
 *
 * @param oid of its algorithm: rsaEncryption or id-RSASSA-PSS
 * @see RFC 8017 appendix A.1.1 (RSAPublicKey)
 */
export function readRsaKey(key: Uint8Array, oid: Oid): RsaKey | Refused {
  const numbers = readNumbers(key)
  if ('kind' in numbers) return numbers
  const { modulus, exponent } = numbers
  const bits = modulus.length * 8 - Math.clz32(modulus[0] ?? 0) + 24
  const algorithm = findRsaAlgorithm(bits, oid)
  if (bits < 2048)
    return refuse('key-too-weak', `rsa modulus has ${bits} bits, at least 2048 are asked`)
  if (algorithm === undefined) {
    return refuse(
      'key-algorithm-unknown',
      `rsa modulus has ${bits} bits, must have 2048, 3072 or 4096`,
    )
  }
  if (((modulus.at(-1) ?? 0) & 1) === 0) return refuse('key-malformed', 'rsa modulus is even')
  return refuseExponent(exponent) ?? { kind: 'rsa', algorithm, modulus }
}

function readNumbers(key: Uint8Array) {
  try {
    return readDer(key, limits.small, (reader) => {
      const sequence = reader.sequence()
      const modulus = sequence.integerBytes()
      const exponent = sequence.integerBytes()
      sequence.end()
      if (modulus[0]! >= 0x80 || exponent[0]! >= 0x80) {
        return refuse('key-malformed', 'rsa modulus or exponent is negative')
      }
      return { modulus: withoutSign(modulus), exponent: withoutSign(exponent) }
    })
  } catch (error) {
    if (!(error instanceof FormatError)) throw error
    return refuse('key-malformed', `rsa key: ${error.message}`)
  }
}

/** DER puts a zero octet before a number whose highest bit is set. */
function withoutSign(content: Uint8Array): Uint8Array {
  return content[0] === 0 ? content.subarray(1) : content
}

function refuseExponent(exponent: Uint8Array): Refused | undefined {
  if (exponent.length > maxExponentOctets) {
    return refuse(
      'key-malformed',
      `rsa exponent has ${exponent.length} octets, at most ${maxExponentOctets}`,
    )
  }
  const value = BigInt(`0x0${exponent.toHex()}`)
  if ((value & 1n) === 0n) return refuse('key-malformed', `rsa exponent ${value} is even`)
  return value < leastExponent
    ? refuse('key-malformed', `rsa exponent is ${value}, at least ${leastExponent} is asked`)
    : undefined
}
