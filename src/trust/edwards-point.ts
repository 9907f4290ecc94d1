// SPDX-License-Identifier: Apache-2.0
/** Whether 32 octets are a sound Ed25519 public key; OpenSSL imports any 32 octets. */

/** RFC 8032 section 5.1: the field's prime and the curve's constant. */
const prime = 2n ** 255n - 19n
const d = 37095705934669439343138083508754565189542113879843219016388785533085940283555n

/**
 * The y coordinates of the eight points whose order divides 8: under such a key one signature
 * fits many messages. Two more encodings of them are not canonical and are caught as such.
 */
const smallOrder = new Set([
  0n,
  1n,
  prime - 1n,
  0x05fc536d880238b13933c6d305acdfd5f098eff289f4c345b027b2c28f95e826n,
  0x7a03ac9277fdc74ec6cc392cfa53202a0f67100d760b3cba4fd84d3d706a17c7n,
])

/**
 * What is wrong with the encoded point, or undefined.
 *
 * Not checked: a component of small order beside one of large order, which harms only its maker.
 *
 * @see RFC 8032 section 5.1.3 (decoding)
 */
export function edwardsPointFault(encoded: Uint8Array): string | undefined {
  const y = littleEndian(encoded) & (2n ** 255n - 1n)
  if (y >= prime) return 'ed25519 key is not a canonical encoding: y is not below 2^255 - 19'
  if (smallOrder.has(y)) return 'ed25519 key is a point of small order'
  return isOnCurve(y) ? undefined : 'ed25519 key is not a point on the curve'
}

/** x^2 = (y^2 - 1) / (d y^2 + 1) has a root exactly if the product of the two is a square (Euler). */
function isOnCurve(y: bigint): boolean {
  const square = (y * y) % prime
  const product = ((square - 1n) * (d * square + 1n)) % prime
  return power(product, (prime - 1n) / 2n) === 1n
}

function power(base: bigint, exponent: bigint): bigint {
  let result = 1n
  for (const bit of exponent.toString(2)) {
    result = (result * result) % prime
    if (bit === '1') result = (result * base) % prime
  }
  return result
}

function littleEndian(bytes: Uint8Array): bigint {
  return BigInt(`0x${bytes.toReversed().toHex()}`)
}
