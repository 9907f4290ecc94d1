// SPDX-License-Identifier: Apache-2.0
import type { PublicKey } from '#trust/public-key.ts'
import type { KeyWeakness } from '../weaknesses.ts'
import { type Family, families, familyOf } from './families.ts'
import { isOfFamily } from './find-family.ts'
import { stepsOf } from './multiples.ts'
import { pointOfScalar, xOfScalar } from './scalar-point.ts'
import { isShortCurve, type Point, type ShortCurve, shortCurves } from './short-curve.ts'

/** So many scalars are known without any list, at the price of a few milliseconds at the first key of a curve. */
export const knownWithoutList = 1024

/**
 * What is wrong with a private key that is known without any list: a number up to 1024, one octet again and again,
 * a word that people write.
 */
export function checkScalar(key: PublicKey): readonly KeyWeakness[] {
  const { algorithm, material } = key
  if (!isShortCurve(algorithm)) return []
  const family = knownOf(shortCurves[algorithm]).get(material.toHex().slice(0, material.length))
  return family === undefined ? [] : [weaknessOf(family)]
}

const known = new Map<ShortCurve, ReadonlyMap<string, Family>>()

/** x in hex -> what its scalar is. */
function knownOf(curve: ShortCurve): ReadonlyMap<string, Family> {
  const before = known.get(curve)
  if (before !== undefined) return before
  const { generator, prime, octets } = curve
  const made = new Map<string, Family>()
  const note = (x: bigint, family: Family) =>
    made.set(x.toString(16).padStart(2 * octets, '0'), family)
  for (const scalar of families[8].scalars.of(curve)) note(xOfScalar(scalar, curve), families[8])
  const octet = pointOfScalar(families[2].scalars.base(curve) % curve.order, curve)
  for (const { x } of stepsOf(octet, families[2].scalars.count, prime)) note(x, families[2])
  for (const { x } of stepsOf(generator, knownWithoutList, prime)) note(x, families[1])
  known.set(curve, made)
  return made
}

/**
 * What is wrong with a key that a list met, once it was looked at more closely; undefined: it was met by chance.
 *
 * The part says where to look first. Of two points whose short digests are alike the list names one part only.
 */
export function confirmScalar(key: PublicKey, part: number): KeyWeakness | undefined {
  const family = familyOf(part)
  const place = pointOf(key)
  return family !== undefined && place !== undefined && isOfFamily(place.point, family, place.curve)
    ? weaknessOf(family)
    : searchScalars(key)[0]
}

/** Every family, without any list: some tenths of a second at first, then one to six milliseconds. */
export function searchScalars(key: PublicKey): readonly KeyWeakness[] {
  const place = pointOf(key)
  if (place === undefined) return []
  const found = Object.values(families).find((one) => isOfFamily(place.point, one, place.curve))
  return found === undefined ? [] : [weaknessOf(found)]
}

function pointOf({ algorithm, material }: PublicKey) {
  if (!isShortCurve(algorithm)) return undefined
  const digits = material.toHex()
  const point: Point = {
    x: BigInt(`0x${digits.slice(0, material.length)}`),
    y: BigInt(`0x${digits.slice(material.length)}`),
  }
  return { point, curve: shortCurves[algorithm] }
}

function weaknessOf({ finds, words }: Family): KeyWeakness {
  return { name: finds, detail: `the private key is ${words}` }
}
