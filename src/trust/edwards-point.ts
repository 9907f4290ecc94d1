// SPDX-License-Identifier: Apache-2.0
/** Whether the octets are a sound Ed25519 or Ed448 public key; OpenSSL imports any of the right length. */

interface EdwardsCurve {
  readonly name: string
  readonly octets: number
  readonly prime: bigint
  readonly primeText: string
  /** a x^2 + y^2 = 1 + d x^2 y^2 */
  readonly a: bigint
  readonly d: bigint
  /**
   * The y coordinates of the points whose order divides the cofactor: under such a key one signature fits
   * many messages. Further encodings of them are not canonical and are caught as such.
   */
  readonly smallOrder: ReadonlySet<bigint>
}

/** RFC 8032 section 5.1: cofactor 8. */
const p25519 = 2n ** 255n - 19n
/** RFC 8032 section 5.2: cofactor 4. */
const p448 = 2n ** 448n - 2n ** 224n - 1n

const curves: readonly EdwardsCurve[] = [
  {
    name: 'ed25519',
    octets: 32,
    prime: p25519,
    primeText: '2^255 - 19',
    a: -1n,
    d: 37095705934669439343138083508754565189542113879843219016388785533085940283555n,
    smallOrder: new Set([
      0n,
      1n,
      p25519 - 1n,
      0x05fc536d880238b13933c6d305acdfd5f098eff289f4c345b027b2c28f95e826n,
      0x7a03ac9277fdc74ec6cc392cfa53202a0f67100d760b3cba4fd84d3d706a17c7n,
    ]),
  },
  {
    name: 'ed448',
    octets: 57,
    prime: p448,
    primeText: '2^448 - 2^224 - 1',
    a: 1n,
    d: -39081n,
    smallOrder: new Set([0n, 1n, p448 - 1n]),
  },
]

/**
 * What is wrong with the encoded point, or undefined; the length says of which curve it is.
 *
 * Not checked: a component of small order beside one of large order, which harms only its maker.
 *
 * @see RFC 8032 sections 5.1.3 and 5.2.3 (decoding)
 */
export function edwardsPointFault(encoded: Uint8Array): string | undefined {
  const curve = curves.find(({ octets }) => octets === encoded.length)
  if (curve === undefined) return `a point of ${encoded.length} octets is of no curve`
  const { name, prime, primeText, smallOrder } = curve
  // The highest bit is the sign of x; all others, spare ones of Ed448 included, are y.
  const y = littleEndian(encoded) & (2n ** BigInt(8 * curve.octets - 1) - 1n)
  if (y >= prime) return `${name} key is not a canonical encoding: y is not below ${primeText}`
  if (smallOrder.has(y)) return `${name} key is a point of small order`
  return isOnCurve(y, curve) ? undefined : `${name} key is not a point on the curve`
}

/** x^2 = (1 - y^2) / (a - d y^2) has a root exactly if the product of the two is a square (Euler). */
function isOnCurve(y: bigint, { prime, a, d }: EdwardsCurve): boolean {
  const square = (y * y) % prime
  const product = ((1n - square) * (a - d * square)) % prime
  return power(product, (prime - 1n) / 2n, prime) === 1n
}

function power(base: bigint, exponent: bigint, prime: bigint): bigint {
  const positive = ((base % prime) + prime) % prime
  let result = 1n
  for (const bit of exponent.toString(2)) {
    result = (result * result) % prime
    if (bit === '1') result = (result * positive) % prime
  }
  return result
}

function littleEndian(bytes: Uint8Array): bigint {
  return BigInt(`0x${bytes.toReversed().toHex()}`)
}
