// SPDX-License-Identifier: Apache-2.0
import { createECDH } from 'node:crypto'
import { bytesOf, numberOf } from '#trust/weak-keys/shared-primes/octets.ts'
import { inverseOf, type Point, positive, type ShortCurve } from '../scalars/short-curve.ts'
import { powerModulo } from './power.ts'

/** A point whose so many times is the given one, or its negative: OpenSSL tells x alone. */
export function dividedBy(divisor: bigint, point: Point, curve: ShortCurve): Point {
  const { octets, openssl, order, prime, generator } = curve
  const exchange = createECDH(openssl)
  exchange.setPrivateKey(padded(inverseOf(divisor % order, order), octets))
  const uncompressed = new Uint8Array(1 + 2 * octets)
  uncompressed[0] = 4
  uncompressed.set(padded(point.x, octets), 1)
  uncompressed.set(padded(point.y, octets), 1 + octets)
  const x = numberOf(exchange.computeSecret(uncompressed))
  // y^2 = x^3 - 3 x + b, where the generator tells b; all these primes are 3 modulo 4.
  const side = (value: bigint) => value * value * value - 3n * value
  const square = positive(side(x) - side(generator.x) + generator.y * generator.y, prime)
  return { x, y: powerModulo(square, bytesOf((prime + 1n) / 4n), prime) }
}

function padded(value: bigint, octets: number): Uint8Array {
  const bytes = bytesOf(value)
  const all = new Uint8Array(octets)
  all.set(bytes, octets - bytes.length)
  return all
}
