// SPDX-License-Identifier: Apache-2.0
import { hash } from 'node:crypto'
import { encodeKeyListHead } from '#format/key-list/key-list-head.ts'
import { sha256 } from '#trust/digest.ts'
import { type Family, families } from './families.ts'

import { multiplesOf, powersOf } from './multiples.ts'
import { pointOfScalar, xOfScalar } from './scalar-point.ts'
import { type ShortCurve, type ShortCurveName, shortCurves } from './short-curve.ts'

/** One key in some 270,000 meets an entry by chance, and costs the milliseconds of a closer look. */
const digestOctets = 5
const partValues = 256

/** The name of the list that is made here. */
export const scalarListName = 'scalars'

export interface ScalarList {
  readonly head: Uint8Array
  readonly entries: Uint8Array
}

/**
 * Makes the list of points whose private keys no chance made: some four million, in about twenty seconds.
 *
 * It is the same wherever it is made, so that it needs no signature and no delivery.
 *
 * @param mostOfFamily fewer of each, for tests
 */
export function makeScalarList(
  curves: readonly ShortCurveName[] = ['p-256', 'p-384', 'p-521'],
  mostOfFamily = Number.POSITIVE_INFINITY,
): ScalarList {
  const values = new Float64Array(curves.length * roomFor(mostOfFamily))
  let count = 0
  for (const curve of curves)
    for (const [part, family] of Object.entries(families))
      for (const x of pointsOf(family, shortCurves[curve], mostOfFamily))
        values[count++] = digestNumber(x) * partValues + Number(part)
  const entries = entriesOf(values.subarray(0, count).sort())
  const head = encodeKeyListHead({
    name: scalarListName,
    from: `made by vitalsign for ${curves.join(', ')}`,
    finds: 'scalar-small',
    ...{ digestOctets, hasParts: true, count: entries.length / (digestOctets + 1) },
    sha256: sha256(entries),
    parts: new Map(Object.entries(families).map(([part, { words }]) => [Number(part), words])),
  })
  return { head, entries }
}

/** Walks go on to the end of a stride, so that there are more than were asked for. */
function roomFor(mostOfFamily: number): number {
  return Object.values(families).reduce((all, { scalars }) => {
    const count = scalars.kind === 'multiples' ? Math.min(scalars.count, mostOfFamily) : 0
    return all + count + 4096
  }, 0)
}

function pointsOf({ scalars }: Family, curve: ShortCurve, most: number): Iterable<bigint> {
  if (scalars.kind === 'powers') return powersOf(curve)
  if (scalars.kind === 'named') return scalars.of(curve).map((scalar) => xOfScalar(scalar, curve))
  const base = pointOfScalar(scalars.base(curve) % curve.order, curve)
  return multiplesOf(base, Math.min(scalars.count, most), curve)
}

/** The first octets of SHA-256 of x without leading zeros, as a number below 2^40. */
function digestNumber(x: bigint): number {
  const digits = x.toString(16)
  const bytes = Uint8Array.fromHex(digits.length % 2 === 0 ? digits : `0${digits}`)
  return Number.parseInt(hash('sha256', bytes, 'hex').slice(0, 2 * digestOctets), 16)
}

/** Each digest once, under the first of its parts. */
function entriesOf(sorted: Float64Array): Uint8Array {
  const entries = new Uint8Array(sorted.length * (digestOctets + 1))
  let length = 0
  let before = -1
  for (const value of sorted) {
    const digest = Math.floor(value / partValues)
    if (digest === before) continue
    before = digest
    for (let octet = digestOctets - 1, rest = digest; octet >= 0; octet--) {
      entries[length + octet] = rest % 256
      rest = Math.floor(rest / 256)
    }
    entries[length + digestOctets] = value % partValues
    length += digestOctets + 1
  }
  return entries.slice(0, length)
}
