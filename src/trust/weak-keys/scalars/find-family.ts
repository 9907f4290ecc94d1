// SPDX-License-Identifier: Apache-2.0
import type { Family } from './families.ts'
import { around, powersOf, stepsOf } from './multiples.ts'
import { pointOfScalar, xOfScalar } from './scalar-point.ts'
import { double, type Point, type ShortCurve, sumOf } from './short-curve.ts'

/**
 * Whether the private key of a point is of the family, or the negative of one that is: certain either way, which a
 * short digest in a list is not.
 *
 * Less than a millisecond mostly, and some tens of them for the first question about a family.
 */
export function isOfFamily(point: Point, family: Family, curve: ShortCurve): boolean {
  const { scalars } = family
  switch (scalars.kind) {
    case 'multiples': {
      const base = scalars.base(curve) % curve.order
      return isMultiple(point, walkOf(family, base, scalars.count, curve), curve)
    }
    case 'powers':
      return knownX(family, curve, () => powersOf(curve)).has(point.x)
    case 'named':
      return knownX(family, curve, () => scalars.of(curve).map((one) => xOfScalar(one, curve))).has(
        point.x,
      )
  }
}

/** Small steps one by one, and great steps over all of them: any multiple is one of either, or a sum of both. */
interface Walk {
  readonly small: ReadonlySet<bigint>
  readonly great: readonly Point[]
  readonly greatAlone: ReadonlySet<bigint>
}

const walks = new Map<ShortCurve, Map<Family, Walk>>()

function walkOf(family: Family, scalar: bigint, count: number, curve: ShortCurve): Walk {
  const ofCurve = walks.get(curve) ?? new Map<Family, Walk>()
  walks.set(curve, ofCurve)
  const before = ofCurve.get(family)
  if (before !== undefined) return before
  const base = pointOfScalar(scalar, curve)
  // More small steps than great ones: those are made once, these are walked for each key.
  const smallSteps = 4 * Math.ceil(Math.sqrt(count))
  const small = stepsOf(base, smallSteps, curve.prime)
  const stride = sumOf(double(small.at(-1) ?? base, curve.prime), base, curve.prime)
  const great = stepsOf(stride, Math.ceil(count / (2 * smallSteps + 1)), curve.prime)
  const walk = { small: new Set(small.map(({ x }) => x)), great, greatAlone: xOf(great) }
  ofCurve.set(family, walk)
  return walk
}

function xOf(points: readonly Point[]): ReadonlySet<bigint> {
  return new Set(points.map(({ x }) => x))
}

function isMultiple(point: Point, walk: Walk, { prime }: ShortCurve): boolean {
  if (walk.small.has(point.x) || walk.greatAlone.has(point.x)) return true
  for (const x of around(point, walk.great, prime)) if (walk.small.has(x)) return true
  return false
}

const known = new Map<ShortCurve, Map<Family, ReadonlySet<bigint>>>()

function knownX(
  family: Family,
  curve: ShortCurve,
  make: () => readonly bigint[],
): ReadonlySet<bigint> {
  const ofCurve = known.get(curve) ?? new Map<Family, ReadonlySet<bigint>>()
  known.set(curve, ofCurve)
  const made = ofCurve.get(family) ?? new Set(make())
  ofCurve.set(family, made)
  return made
}
