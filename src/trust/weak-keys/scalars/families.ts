// SPDX-License-Identifier: Apache-2.0
import type { WeaknessName } from '../weaknesses.ts'
import type { ShortCurve } from './short-curve.ts'

/** Private keys that no chance made, all of one kind. */
export interface Family {
  readonly finds: Extract<WeaknessName, 'scalar-small' | 'scalar-pattern'>
  /** What such a private key is, for people. */
  readonly words: string
  readonly scalars: Multiples | Powers | Named
}

/** One scalar, from once to `count` times: their points are walked by additions. */
export interface Multiples {
  readonly kind: 'multiples'
  readonly base: (curve: ShortCurve) => bigint
  readonly count: number
}

/** Each power of two that is shorter than the order, and the number below it. */
export interface Powers {
  readonly kind: 'powers'
}

/** A few, one by one; below the order, and not zero. */
export interface Named {
  readonly kind: 'named'
  readonly of: (curve: ShortCurve) => readonly bigint[]
}

const words16 = 65_535

/**
 * By the octet that names them in a list. A private key and its negative have the same x, so that each is found for
 * both. The families of words are those that were met with keys of real money behind them.
 *
 * @see FIPS 186-5 appendix A.2; Independent Security Evaluators, "Ethercombing", 2019; Google Paranoid,
 *   CheckWeakECPrivateKey
 */
export const families = {
  1: {
    finds: 'scalar-small',
    words: 'below 2^20, or as little below the order of the curve',
    scalars: { kind: 'multiples', base: () => 1n, count: 2 ** 20 },
  },
  2: {
    finds: 'scalar-pattern',
    words: 'one octet again and again',
    scalars: { kind: 'multiples', base: (curve) => repeated(8, curve), count: 255 },
  },
  3: {
    finds: 'scalar-pattern',
    words: 'two octets again and again',
    scalars: { kind: 'multiples', base: (curve) => repeated(16, curve), count: words16 },
  },
  4: {
    finds: 'scalar-pattern',
    words: 'a small number in each word of 32 bits',
    scalars: { kind: 'multiples', base: (curve) => repeated(32, curve), count: words16 },
  },
  5: {
    finds: 'scalar-pattern',
    words: 'a small number in each word of 64 bits',
    scalars: { kind: 'multiples', base: (curve) => repeated(64, curve), count: words16 },
  },
  6: {
    finds: 'scalar-pattern',
    words: 'two octets, and zeros for the rest',
    scalars: {
      kind: 'multiples',
      base: (curve) => 1n << BigInt(8 * (wholeOctets(curve) - 2)),
      count: words16,
    },
  },
  7: {
    finds: 'scalar-pattern',
    words: 'a power of two, or one less',
    scalars: { kind: 'powers' },
  },
  8: {
    finds: 'scalar-pattern',
    words: 'octets that count, or a word that people write',
    scalars: { kind: 'named', of: writtenByPeople },
  },
} as const satisfies Record<number, Family>

export type FamilyPart = keyof typeof families

export function familyOf(part: number): Family | undefined {
  return new Map<number, Family>(
    Object.entries(families).map(([name, family]) => [Number(name), family]),
  ).get(part)
}

/** P-521 has 65 and one bit. */
function wholeOctets({ order }: ShortCurve): number {
  return Math.floor(order.toString(2).length / 8)
}

/** 1 in each word of so many bits. */
function repeated(bits: number, curve: ShortCurve): bigint {
  let scalar = 0n
  for (let at = 0; at + bits <= 8 * wholeOctets(curve); at += bits) scalar |= 1n << BigInt(at)
  return scalar
}

/** In hex, written again and again until the scalar is full. */
const writtenWords = [
  ...['0123456789abcdef', 'fedcba9876543210', '0f1e2d3c4b5a69788796a5b4c3d2e1f0', '1234567890'],
  ...['deadbeef', 'cafebabe', 'deadc0de', 'baadf00d', 'feedface', '8badf00d', 'abadcafe'],
  ...['00112233445566778899aabbccddeeff', '112233445566778899aabbccddeeff00', 'a5a55a5a', 'aa55'],
]

function writtenByPeople(curve: ShortCurve): readonly bigint[] {
  const octets = wholeOctets(curve)
  const counting = [0, 1].map((first) => octetsOf(octets, (at) => first + at))
  const falling = [0, 1].map((last) => octetsOf(octets, (at) => octets - 1 - at + last))
  const fromTop = octetsOf(octets, (at) => 255 - at)
  const words = writtenWords.map((word) => BigInt(`0x${word.repeat(octets).slice(0, 2 * octets)}`))
  return [...counting, ...falling, fromTop, ...words].map((scalar) => scalar % curve.order)
}

function octetsOf(octets: number, octetAt: (at: number) => number): bigint {
  return BigInt(`0x${Uint8Array.from({ length: octets }, (_, at) => octetAt(at)).toHex()}`)
}
