// SPDX-License-Identifier: Apache-2.0
import { createDiffieHellman } from 'node:crypto'
import { bytesOf, numberOf } from '#trust/weak-keys/shared-primes/octets.ts'

/**
 * base^exponent modulo an odd number, by OpenSSL: four times as fast as BigInt, which has no multiplication modulo.
 *
 * The one place where Node lets OpenSSL raise numbers of any kind is a Diffie-Hellman exchange, which does not ask
 * whether its modulus is prime. It gives no secret of 1 or -1, and takes 512 to 10,000 bits: then we do it ourselves.
 *
 * @param base from 2 to the modulus less 2
 * @param exponent big-endian, any length
 */
export function powerModulo(base: bigint, exponent: Uint8Array, modulus: bigint): bigint {
  try {
    const exchange = createDiffieHellman(bytesOf(modulus), Uint8Array.of(2))
    exchange.setPrivateKey(exponent)
    return numberOf(exchange.computeSecret(bytesOf(base)))
  } catch (error) {
    if (!isOfOpenSsl(error)) throw error
    return slowPower(base, exponent, modulus)
  }
}

function isOfOpenSsl(error: unknown): boolean {
  return error instanceof Error && 'code' in error && String(error.code).startsWith('ERR_')
}

function slowPower(base: bigint, exponent: Uint8Array, modulus: bigint): bigint {
  let power = 1n
  for (const octet of exponent)
    for (let bit = 7; bit >= 0; bit--) {
      power = (power * power) % modulus
      if ((octet >> bit) & 1) power = (power * base) % modulus
    }
  return power
}
