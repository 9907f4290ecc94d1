// SPDX-License-Identifier: Apache-2.0
import { createECDH } from 'node:crypto'
import {
  inverseOf as inverseOfUnit,
  positive,
  type ShortCurveName,
  shortCurves,
} from '../scalars/short-curve.ts'

/** A curve of prime order, as far as the watch on nonces needs it: its points are OpenSSL's matter. */
export interface Curve {
  /** As OpenSSL names it. */
  readonly openssl: string
  /** How many points there are: private keys and nonces are below it. */
  readonly order: bigint
  readonly orderBits: number
  /** Octets of a number below the order, and of a coordinate. */
  readonly octets: number
}

/** Of the one table of curves, under the names of the algorithms of keys. */
export const curves: Readonly<Record<ShortCurveName, Curve>> = {
  'p-256': curve('p-256'),
  'p-384': curve('p-384'),
  'p-521': curve('p-521'),
}

export type CurveName = ShortCurveName

export { isShortCurve as isCurveName } from '../scalars/short-curve.ts'

function curve(name: ShortCurveName): Curve {
  const { openssl, order, octets } = shortCurves[name]
  return { openssl, order, octets, orderBits: order.toString(2).length }
}

/**
 * Whether a number is the private key of a point: the proof that there is nothing to argue about.
 *
 * The octets that OpenSSL is handed are wiped; what a BigInt held stays in memory until it is collected.
 *
 * @param point x and y, in the octets of the curve each
 */
export function isPrivateKeyOf(
  point: Uint8Array,
  scalar: bigint,
  { openssl, order, octets }: Curve,
): boolean {
  if (scalar <= 0n || scalar >= order) return false
  const bytes = octetsOf(scalar, octets)
  const pair = createECDH(openssl)
  pair.setPrivateKey(bytes)
  bytes.fill(0)
  return pair.getPublicKey().subarray(1).equals(point)
}

/** Unsigned, the highest octet first. */
export function numberOf(bytes: Uint8Array): bigint {
  return bytes.length === 0 ? 0n : BigInt(`0x${bytes.toHex()}`)
}

export function octetsOf(number: bigint, octets: number): Uint8Array {
  return Uint8Array.fromHex(number.toString(16).padStart(2 * octets, '0'))
}

/** The inverse of a number modulo a prime; undefined for a multiple of it. */
export function inverseOf(number: bigint, prime: bigint): bigint | undefined {
  return positive(number, prime) === 0n ? undefined : inverseOfUnit(number, prime)
}
