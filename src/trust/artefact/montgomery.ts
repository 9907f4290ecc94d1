// SPDX-License-Identifier: Apache-2.0
/** What bootloaders are given of an RSA key, beside its modulus, so that they need no division (Montgomery). */
import { limits } from '#format/der/budget.ts'
import { readDer } from '#format/der/reader.ts'
import { parseSubjectPublicKeyInfo } from '#format/x509/public-key.ts'
import type { PublicKey } from '../public-key.ts'

export interface MontgomeryKey {
  readonly exponent: bigint
  /** R^2 modulo n, of as many octets as n; R is 2 to the bits of n. */
  readonly squaredResidue: Uint8Array
  /** -1/n modulo 2^32. */
  readonly negativeInverse: number
}

/** @throws TypeError if it is no RSA key */
export function montgomeryOf({ material, spki, bits, algorithm }: PublicKey): MontgomeryKey {
  if (!algorithm.startsWith('rsa')) throw new TypeError(`a key of ${algorithm}`)
  const modulus = BigInt(`0x${material.toHex()}`)
  const residue = 2n ** BigInt(2 * bits) % modulus
  return {
    exponent: exponentOf(spki),
    squaredResidue: Uint8Array.fromHex(residue.toString(16).padStart(bits / 4, '0')),
    negativeInverse: Number(2n ** 32n - inverseMod32(modulus)),
  }
}

function exponentOf(spki: Uint8Array): bigint {
  return readDer(parseSubjectPublicKeyInfo(spki).key, limits.small, (reader) => {
    const sequence = reader.sequence()
    sequence.integerBytes()
    const exponent = BigInt(`0x${sequence.integerBytes().toHex()}`)
    sequence.end()
    return exponent
  })
}

/** Of an odd number, modulo 2^32: each step doubles the bits that are right. */
export function inverseMod32(odd: bigint): bigint {
  let inverse = 1n
  for (let bits = 1; bits < 32; bits *= 2)
    inverse = BigInt.asUintN(32, inverse * (2n - odd * inverse))
  return inverse
}
