// SPDX-License-Identifier: Apache-2.0
/** Nonces that are found by trying: the same numbers that make a poor private key. */
import type { KeyList } from '../lists/key-list.ts'
import { digestOfNumber } from '../lists/number-digest.ts'
import {
  type Family,
  familyOf,
  type Multiples,
  type Named,
  type Powers,
} from '../scalars/families.ts'
import { around, powersOf, stepsOf } from '../scalars/multiples.ts'
import { pointOfScalar, xOfScalar } from '../scalars/scalar-point.ts'
import { double, type Point, type ShortCurve, shortCurves, sumOf } from '../scalars/short-curve.ts'
import type { CurveName } from './curve.ts'

/** So many are known without any list. */
const knownWithoutList = 1024

/** Half of how far a great step goes. */
const smallSteps = 512

/**
 * The table of small nonces: up to 2^20, and simple patterns, by the list that the gate on keys makes.
 *
 * r is the x of a multiple of the generator, as a key's is, but for a chance below 2^-127: where x is not below the
 * order, r is less. Such a signature is passed by.
 */
export class SmallNonces {
  readonly #list: () => Pick<KeyList, 'find'> | undefined
  readonly #known = new Map<CurveName, ReadonlyMap<string, bigint>>()

  /** @param list of scalars (`makeScalarList`); undefined: it is not there yet */
  constructor(list: () => Pick<KeyList, 'find'> | undefined = () => undefined) {
    this.#list = list
  }

  /** The nonce of a signature, or its negative, if it is in the table; microseconds for one that is not. */
  readonly find = (curve: CurveName, r: Uint8Array): bigint | undefined => {
    const known = this.#knownOf(curve).get(r.toHex())
    if (known !== undefined) return known
    const part = this.#list()?.find(digestOfNumber(r))
    const family = part === undefined ? undefined : familyOf(part)
    return family && scalarOf(BigInt(`0x${r.toHex()}`), family, shortCurves[curve])
  }

  #knownOf(name: CurveName): ReadonlyMap<string, bigint> {
    const before = this.#known.get(name)
    if (before !== undefined) return before
    const { generator, prime, octets } = shortCurves[name]
    const steps = stepsOf(generator, knownWithoutList, prime)
    const hex = ({ x }: Point) => x.toString(16).padStart(2 * octets, '0')
    const known = new Map(steps.map((point, at) => [hex(point), BigInt(at + 1)]))
    this.#known.set(name, known)
    return known
  }
}

/** The scalar of a family, or its negative, whose multiple of the generator has this x; undefined: it is none of it. */
export function scalarOf(x: bigint, family: Family, curve: ShortCurve): bigint | undefined {
  const candidates = candidatesOf(x, family, curve)
  return candidates.find((one) => one > 0n && one < curve.order && xOfScalar(one, curve) === x)
}

function candidatesOf(x: bigint, family: Family, curve: ShortCurve): readonly bigint[] {
  const { scalars } = family
  if (scalars.kind === 'multiples') return multiplesWith(x, walkOf(scalars, curve), curve)
  const scalar = listedOf(scalars, curve).get(x)
  return scalar === undefined ? [] : [scalar]
}

/** Small steps one by one, and great steps over all of them (Shanks). */
interface Walk {
  /** What is multiplied. */
  readonly scalar: bigint
  readonly small: ReadonlyMap<bigint, number>
  readonly great: readonly Point[]
  readonly stride: number
}

const walks = new Map<ShortCurve, Map<Multiples, Walk>>()

function walkOf(scalars: Multiples, curve: ShortCurve): Walk {
  return onceOf(walks, scalars, curve, () => {
    const { prime, order } = curve
    const scalar = scalars.base(curve) % order
    const base = pointOfScalar(scalar, curve)
    const steps = stepsOf(base, smallSteps, prime)
    const stride = 2 * smallSteps + 1
    const far = sumOf(double(steps.at(-1) ?? base, prime), base, prime)
    return {
      ...{ scalar, stride, small: new Map(steps.map((one, at) => [one.x, at + 1])) },
      great: stepsOf(far, Math.ceil(scalars.count / stride), prime),
    }
  })
}

/** x -> its scalar, of what is few. */
const lists = new Map<ShortCurve, Map<Powers | Named, ReadonlyMap<bigint, bigint>>>()

function listedOf(scalars: Powers | Named, curve: ShortCurve): ReadonlyMap<bigint, bigint> {
  return onceOf(lists, scalars, curve, () => {
    if (scalars.kind === 'named')
      return new Map(scalars.of(curve).map((one) => [xOfScalar(one, curve), one]))
    const points = powersOf(curve)
    // First the powers from 1 on, then one less of each from 2 on.
    const powers = (points.length + 1) / 2
    return new Map(
      points.map((x, at) => [
        x,
        at < powers ? 1n << BigInt(at) : (1n << BigInt(at - powers + 1)) - 1n,
      ]),
    )
  })
}

function onceOf<K, V>(
  all: Map<ShortCurve, Map<K, V>>,
  key: K,
  curve: ShortCurve,
  make: () => V,
): V {
  const ofCurve = all.get(curve) ?? new Map<K, V>()
  all.set(curve, ofCurve)
  const made = ofCurve.get(key) ?? make()
  ofCurve.set(key, made)
  return made
}

function multiplesWith(
  x: bigint,
  { scalar, small, great, stride }: Walk,
  curve: ShortCurve,
): readonly bigint[] {
  const point = lift(x, curve)
  if (point === undefined) return []
  const times = small.get(x) ?? greatStep(x, great, stride)
  // What is a step itself is no step away from one: there is no slope.
  const found = times === undefined ? sums(point, small, great, stride, curve.prime) : [times]
  return found.map((one) => (BigInt(one) * scalar) % curve.order)
}

function greatStep(x: bigint, great: readonly Point[], stride: number): number | undefined {
  const at = great.findIndex((one) => one.x === x)
  return at === -1 ? undefined : (at + 1) * stride
}

/** A great step to either side lands a small one before or behind where it would be zero. */
function sums(
  point: Point,
  small: ReadonlyMap<bigint, number>,
  great: readonly Point[],
  stride: number,
  prime: bigint,
): readonly number[] {
  let at = 0
  for (const landed of around(point, great, prime)) {
    const far = (Math.floor(at++ / 2) + 1) * stride
    const rest = small.get(landed)
    if (rest !== undefined) return [far + rest, far - rest]
  }
  return []
}

/** One of the two points with this x; undefined: there is none. All three primes are 3 modulo 4. */
function lift(x: bigint, { prime, generator }: ShortCurve): Point | undefined {
  const curveAt = (at: bigint) => at * at * at - 3n * at
  const constant = generator.y * generator.y - curveAt(generator.x)
  const square = (((curveAt(x) + constant) % prime) + prime) % prime
  const y = power(square, (prime + 1n) >> 2n, prime)
  return (y * y) % prime === square ? { x, y } : undefined
}

function power(base: bigint, exponent: bigint, modulus: bigint): bigint {
  let product = 1n
  for (const bit of exponent.toString(2)) {
    product = (product * product) % modulus
    if (bit === '1') product = (product * base) % modulus
  }
  return product
}
