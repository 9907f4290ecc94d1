// SPDX-License-Identifier: Apache-2.0
import { createECDH } from 'node:crypto'

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

/** SP 800-186 section 3.2.1, under the names of the algorithms of keys. */
export const curves = {
  'p-256': curve(
    'prime256v1',
    0xffffffff_00000000_ffffffff_ffffffff_bce6faad_a7179e84_f3b9cac2_fc632551n,
  ),
  'p-384': curve(
    'secp384r1',
    0xffffffff_ffffffff_ffffffff_ffffffff_ffffffff_ffffffff_c7634d81_f4372ddf_581a0db2_48b0a77a_ecec196a_ccc52973n,
  ),
  'p-521': curve(
    'secp521r1',
    0x1ff_ffffffff_ffffffff_ffffffff_ffffffff_ffffffff_ffffffff_ffffffff_fffffffa_51868783_bf2f966b_7fcc0148_f709a5d0_3bb5c9b8_899c47ae_bb6fb71e_91386409n,
  ),
} as const satisfies Record<string, Curve>

export type CurveName = keyof typeof curves

export function isCurveName(name: string): name is CurveName {
  return Object.hasOwn(curves, name)
}

function curve(openssl: string, order: bigint): Curve {
  const orderBits = order.toString(2).length
  return { openssl, order, orderBits, octets: Math.ceil(orderBits / 8) }
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

/** The remainder that is not negative. */
export function modulo(number: bigint, modulus: bigint): bigint {
  const rest = number % modulus
  return rest < 0n ? rest + modulus : rest
}

/** The inverse of a number modulo a prime; undefined for a multiple of it. */
export function inverseOf(number: bigint, prime: bigint): bigint | undefined {
  let [larger, smaller] = [prime, modulo(number, prime)]
  let [before, factor] = [0n, 1n]
  while (smaller > 1n) {
    const quotient = larger / smaller
    ;[larger, smaller] = [smaller, larger - quotient * smaller]
    ;[before, factor] = [factor, before - quotient * factor]
  }
  return smaller === 1n ? modulo(factor, prime) : undefined
}
