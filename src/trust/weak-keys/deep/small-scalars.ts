// SPDX-License-Identifier: Apache-2.0
import {
  inversesOf,
  multiply,
  type Point,
  positive,
  type ShortCurve,
  sumOf,
} from '../scalars/short-curve.ts'
import { smallScalarBits } from './deep-tests.ts'

/** As many points are made beforehand: 2 to 8 seconds on P-256 and P-384, once for as long as the search is kept. */
const manyBabies = 2 ** 21
/** For a handful of keys: a quarter of a second, and four times the time for each of them. */
const fewBabies = 2 ** 18
/** With fewer keys than these the few are made. */
export const fewKeys = 64

/** So many share one division. */
const together = 512

/**
 * Finds out whether the private key of a point is small: by baby steps, whose x stand in a table, and giant steps
 * that lead any small multiple into the table. A multiple and its negative have the same x, so a giant step to either
 * side and both signs cost one division together.
 *
 * @see Shanks's method; Menezes, van Oorschot, Vanstone, "Handbook of Applied Cryptography", section 3.6.2
 */
export class SmallScalars {
  readonly #curve: ShortCurve
  readonly #babies: number
  readonly #slots: Uint32Array
  readonly #giants: readonly Point[]

  /** Seconds, for the table. @param bits how far it looks */
  constructor(curve: ShortCurve, babies: number, bits: number = smallScalarBits) {
    const { generator, prime } = curve
    this.#curve = curve
    this.#babies = babies
    // Two words a slot, and at most half of the slots are taken.
    this.#slots = new Uint32Array(4 * babies)
    this.#putBabies()
    const stride = multiply(BigInt(2 * babies + 1), generator, prime)
    const count = Math.ceil(2 ** bits / (2 * babies + 1))
    this.#giants = multiplesOf(stride, count, prime)
  }

  static forKeys(curve: ShortCurve, keys: number): SmallScalars {
    return new SmallScalars(curve, keys < fewKeys ? fewBabies : manyBabies)
  }

  /** Whether it, or its negative, is below 2^36 (the bits that were asked for). The scalar itself is not told. */
  has(point: Point): boolean {
    if (this.#isMultiple(point, 0)) return true
    for (let from = 0; from < this.#giants.length; from += together)
      if (this.#hasAround(point, from)) return true
    return false
  }

  #hasAround({ x, y }: Point, from: number): boolean {
    const { prime } = this.#curve
    const giants = this.#giants.slice(from, from + together)
    if (giants.some((giant) => giant.x === x)) return true
    const inverses = inversesOf(
      giants.map((giant) => giant.x - x),
      prime,
    )
    for (const [at, giant] of giants.entries()) {
      const inverse = inverses[at]!
      const both = x + giant.x
      for (const rise of [giant.y - y, giant.y + y]) {
        const slope = (rise * inverse) % prime
        const there = (slope * slope - both) % prime
        const baby = this.#babyAt(there < 0n ? there + prime : there)
        if (baby !== undefined && this.#isTrue({ x, y }, from + at + 1, baby)) return true
      }
    }
    return false
  }

  #isMultiple(point: Point, giant: number): boolean {
    const baby = this.#babyAt(point.x)
    return baby !== undefined && this.#isTrue(point, giant, baby)
  }

  /** The table holds 52 bits of each x: what it says by chance is computed. */
  #isTrue({ x }: Point, giant: number, baby: number): boolean {
    const { generator, prime } = this.#curve
    const stride = BigInt(2 * this.#babies + 1)
    return [1n, -1n].some((sign) => {
      const scalar = BigInt(giant) * stride + sign * BigInt(baby)
      return scalar > 0n && multiply(scalar, generator, prime).x === x
    })
  }

  #babyAt(x: bigint): number | undefined {
    const mask = this.#slots.length / 2 - 1
    const { slot, tag } = placeOf(x, mask)
    for (let at = slot; ; at = (at + 1) & mask) {
      const baby = this.#slots[2 * at + 1]!
      if (baby === 0) return undefined
      if (this.#slots[2 * at] === tag) return baby
    }
  }

  #putBabies() {
    const { generator, prime } = this.#curve
    const mask = this.#slots.length / 2 - 1
    let baby = 0
    for (const x of everyMultiple(generator, this.#babies, prime)) {
      baby += 1
      const { slot, tag } = placeOf(x, mask)
      let at = slot
      while (this.#slots[2 * at + 1] !== 0) at = (at + 1) & mask
      this.#slots[2 * at] = tag
      this.#slots[2 * at + 1] = baby
    }
  }
}

/** The lowest 52 bits of x, as where to look first and what to look for. */
function placeOf(x: bigint, mask: number): { readonly slot: number; readonly tag: number } {
  const low = Number(BigInt.asUintN(52, x))
  const slots = mask + 1
  return { slot: low % slots, tag: Math.floor(low / slots) >>> 0 }
}

/** Once, twice, … a point. */
function multiplesOf(base: Point, count: number, prime: bigint): readonly Point[] {
  const points: Point[] = [base]
  for (let filled = 1; filled < count; ) {
    // All that are there, each plus the last: twice as many for one division.
    const last = points[filled - 1]!
    const some = points.slice(0, Math.min(filled, count - filled))
    points.push(...sumsOf(some, last, prime))
    filled = points.length
  }
  return points
}

/** x of once, twice, … a point, in this order. */
function* everyMultiple(base: Point, count: number, prime: bigint): Generator<bigint> {
  const steps = multiplesOf(base, Math.min(together, count), prime)
  for (const { x } of steps) yield x
  let centre = steps.at(-1)!
  const stride = centre
  for (let made = steps.length; made < count; made += steps.length) {
    const some = sumsOf(steps.slice(0, count - made), centre, prime)
    for (const { x } of some) yield x
    centre = some.at(-1)!
    if (centre.x === stride.x) return
  }
}

/** Each point plus another one; the doubling that one of them may be is found by its x. */
function sumsOf(points: readonly Point[], other: Point, prime: bigint): Point[] {
  const alike = points.findIndex(({ x }) => x === other.x)
  const inverses = inversesOf(
    points.map(({ x }) => (x === other.x ? 1n : x - other.x)),
    prime,
  )
  return points.map((point, at) => {
    if (at === alike) return sumOf(point, other, prime)
    const slope = ((point.y - other.y) * inverses[at]!) % prime
    const x = positive(slope * slope - point.x - other.x, prime)
    return { x, y: positive(slope * (other.x - x) - other.y, prime) }
  })
}
