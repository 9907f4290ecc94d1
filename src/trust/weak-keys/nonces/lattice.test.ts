// SPDX-License-Identifier: Apache-2.0
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { Random, seedOfRun } from '../../../../test/fuzz/random.ts'
import { numberOf } from './curve.ts'
import { type Row, reduceLattice } from './lattice.ts'

/** The square of the determinant is that of the lattice, and another for each part of it (Bareiss). */
function determinant(rows: readonly Row[]): bigint {
  const table = rows.map((row) => [...row])
  let sign = 1n
  let before = 1n
  for (let at = 0; at < table.length - 1; at++) {
    const pivot = table.findIndex((row, index) => index >= at && row[at] !== 0n)
    if (pivot === -1) return 0n
    if (pivot !== at) {
      const [one, other] = [table[at]!, table[pivot]!]
      table[at] = other
      table[pivot] = one
      sign = -sign
    }
    const top = table[at]!
    for (const row of table.slice(at + 1))
      for (let to = table.length - 1; to >= at; to--)
        row[to] = (row[to]! * top[at]! - row[at]! * top[to]!) / before
    before = top[at]!
  }
  return sign * table.at(-1)!.at(-1)!
}

const squareOf = (row: Row) => row.reduce((sum, one) => sum + one * one, 0n)

test('three rows that are close to each other become a basis of its shortest vectors', () => {
  const reduced = reduceLattice([
    [1n, 1n, 1n],
    [-1n, 0n, 2n],
    [3n, 5n, 6n],
  ])
  assert.deepEqual(reduced.map(squareOf), [1n, 2n, 5n])
  assert.equal(determinant(reduced) ** 2n, 9n)
})

test('whatever the rows are, it stays the same lattice, and its first row is short', (t) => {
  t.diagnostic(`seed ${seedOfRun()}`)
  const random = new Random(seedOfRun())
  for (const [height, octets] of [
    [2, 64],
    [3, 1],
    [5, 32],
    [9, 48],
    [14, 66],
  ] as const) {
    const any = () => numberOf(random.bytes(octets)) - (1n << BigInt(8 * octets - 1))
    const rows = Array.from({ length: height }, () => Array.from({ length: height }, any))
    const [before, reduced] = [determinant(rows), reduceLattice(rows)]
    const after = determinant(reduced)
    assert.ok(after === before || after === -before, `${height} rows of ${octets} octets`)
    // Lenstra, Lenstra and Lovász 1982, (1.9): the first row is at most 2^((n-1)/4) times the n-th root of it.
    const short = squareOf(reduced[0]!) ** BigInt(2 * height)
    assert.ok(short <= before ** 4n * 2n ** BigInt(height * (height - 1)))
  }
})

test('rows that hang together, are zero, or differ by hundreds of bits end in rows, too', (t) => {
  t.diagnostic(`seed ${seedOfRun()}`)
  const random = new Random(seedOfRun())
  const any = () => numberOf(random.bytes(48))
  const rows = Array.from({ length: 10 }, () => Array.from({ length: 11 }, any))
  const [first = []] = rows
  const bad: readonly (readonly Row[])[] = [
    rows.map((row, at) => (at % 2 === 0 ? row : first.map((one) => one * BigInt(at)))),
    rows.map((row, at) => (at === 5 ? row.map(() => 0n) : row)),
    rows.map(() => first),
    rows.map((row) => row.map(() => 0n)),
    rows.map((row, at) => row.map((one) => one << BigInt(90 * at))),
    rows.map((row, at) => row.map((one, to) => (to === at ? one : to === 10 ? 1n : 0n))),
  ]
  for (const basis of bad) assert.equal(reduceLattice(basis).length, 10)
})

test('what is reduced is left as it is', () => {
  const rows = [
    [1n, 0n],
    [0n, 1n],
  ]
  assert.deepEqual(reduceLattice(rows), rows)
  assert.deepEqual(reduceLattice([]), [])
})
