// SPDX-License-Identifier: Apache-2.0

/** y^2 = x^3 - 3 x + b over a prime field; its points are as many as its order says. */
export interface ShortCurve {
  readonly prime: bigint
  readonly order: bigint
  readonly generator: Point
  /** As OpenSSL names it. */
  readonly openssl: string
  readonly octets: number
}

/** Affine; the point at infinity has no place here, as nothing below comes near it. */
export interface Point {
  readonly x: bigint
  readonly y: bigint
}

/** SP 800-186 section 3.2.1, under the names of the algorithms of keys. */
export const shortCurves = {
  'p-256': {
    prime: 0xffffffff_00000001_00000000_00000000_00000000_ffffffff_ffffffff_ffffffffn,
    order: 0xffffffff_00000000_ffffffff_ffffffff_bce6faad_a7179e84_f3b9cac2_fc632551n,
    generator: {
      x: 0x6b17d1f2_e12c4247_f8bce6e5_63a440f2_77037d81_2deb33a0_f4a13945_d898c296n,
      y: 0x4fe342e2_fe1a7f9b_8ee7eb4a_7c0f9e16_2bce3357_6b315ece_cbb64068_37bf51f5n,
    },
    openssl: 'prime256v1',
    octets: 32,
  },
  'p-384': {
    prime:
      0xffffffff_ffffffff_ffffffff_ffffffff_ffffffff_ffffffff_ffffffff_fffffffe_ffffffff_00000000_00000000_ffffffffn,
    order:
      0xffffffff_ffffffff_ffffffff_ffffffff_ffffffff_ffffffff_c7634d81_f4372ddf_581a0db2_48b0a77a_ecec196a_ccc52973n,
    generator: {
      x: 0xaa87ca22_be8b0537_8eb1c71e_f320ad74_6e1d3b62_8ba79b98_59f741e0_82542a38_5502f25d_bf55296c_3a545e38_72760ab7n,
      y: 0x3617de4a_96262c6f_5d9e98bf_9292dc29_f8f41dbd_289a147c_e9da3113_b5f0b8c0_0a60b1ce_1d7e819d_7a431d7c_90ea0e5fn,
    },
    openssl: 'secp384r1',
    octets: 48,
  },
  'p-521': {
    prime: 2n ** 521n - 1n,
    order:
      0x1ff_ffffffff_ffffffff_ffffffff_ffffffff_ffffffff_ffffffff_ffffffff_fffffffa_51868783_bf2f966b_7fcc0148_f709a5d0_3bb5c9b8_899c47ae_bb6fb71e_91386409n,
    generator: {
      x: 0xc6_858e06b7_0404e9cd_9e3ecb66_2395b442_9c648139_053fb521_f828af60_6b4d3dba_a14b5e77_efe75928_fe1dc127_a2ffa8de_3348b3c1_856a429b_f97e7e31_c2e5bd66n,
      y: 0x118_39296a78_9a3bc004_5c8a5fb4_2c7d1bd9_98f54449_579b4468_17afbd17_273e662c_97ee7299_5ef42640_c550b901_3fad0761_353c7086_a272c240_88be9476_9fd16650n,
    },
    openssl: 'secp521r1',
    octets: 66,
  },
} as const satisfies Record<string, ShortCurve>

export type ShortCurveName = keyof typeof shortCurves

export function isShortCurve(name: string): name is ShortCurveName {
  return Object.hasOwn(shortCurves, name)
}

/** The sum of two points that are neither the same nor each other's negative. */
export function add(left: Point, right: Point, prime: bigint): Point {
  const slope = (right.y - left.y) * inverseOf(right.x - left.x, prime)
  return alongSlope(slope, left, right, prime)
}

export function double(point: Point, prime: bigint): Point {
  const slope = 3n * (point.x * point.x - 1n) * inverseOf(2n * point.y, prime)
  return alongSlope(slope, point, point, prime)
}

/** The sum of two points on a line of this slope, reduced or not. */
export function alongSlope(steep: bigint, left: Point, right: Point, prime: bigint): Point {
  const slope = steep % prime
  const x = positive(slope * slope - left.x - right.x, prime)
  return { x, y: positive(slope * (left.x - x) - left.y, prime) }
}

/** @param scalar above zero, and below the order */
export function multiply(scalar: bigint, point: Point, prime: bigint): Point {
  let sum: Point | undefined
  for (const bit of scalar.toString(2)) {
    if (sum !== undefined) sum = double(sum, prime)
    if (bit === '1') sum = sum === undefined ? point : sumOf(sum, point, prime)
  }
  return sum ?? point
}

/** Of any two points whose sum is one. */
export function sumOf(left: Point, right: Point, prime: bigint): Point {
  return left.x === right.x ? double(left, prime) : add(left, right, prime)
}

export function positive(number: bigint, prime: bigint): bigint {
  const rest = number % prime
  return rest < 0n ? rest + prime : rest
}

/** Euclid's algorithm; a number that is no multiple of the prime. */
export function inverseOf(number: bigint, prime: bigint): bigint {
  let [larger, smaller] = [prime, positive(number, prime)]
  let [before, factor] = [0n, 1n]
  while (smaller > 1n) {
    const quotient = larger / smaller
    ;[larger, smaller] = [smaller, larger - quotient * smaller]
    ;[before, factor] = [factor, before - quotient * factor]
  }
  return positive(factor, prime)
}

/** All inverses for the price of one and three multiplications each (Montgomery's trick). */
export function inversesOf(numbers: readonly bigint[], prime: bigint): bigint[] {
  const products: bigint[] = []
  let product = 1n
  for (const number of numbers) {
    products.push(product)
    product = (product * number) % prime
  }
  let inverse = inverseOf(product, prime)
  const inverses = new Array<bigint>(numbers.length)
  for (let at = numbers.length - 1; at >= 0; at--) {
    inverses[at] = (inverse * (products[at] ?? 1n)) % prime
    inverse = (inverse * (numbers[at] ?? 1n)) % prime
  }
  return inverses
}
