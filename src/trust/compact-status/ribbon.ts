// SPDX-License-Identifier: Apache-2.0
/**
 * Retrieval by a system of linear equations over GF(2) whose rows are bands of 64 columns ("ribbon").
 *
 * Each key says: these columns, added, give this value. The solution is a table of about as many columns as
 * there are keys, with one bit a plane of the value; a key that was not among them gets a value by chance.
 *
 * @see Dillinger, Hübschle-Schneider, Sanders, Walzer: "Fast Succinct Retrieval and Approximate Membership
 *   using Ribbon", SEA 2022, section 2
 */

/** Columns that one equation reaches over. */
export const bandColumns = 64

/** One equation a key, in columns of arrays: memory stays flat for any number of keys. */
export interface Equations {
  readonly count: number
  /** A fraction of 2^32: where in the table the band of this key begins. */
  readonly places: Uint32Array
  /** Which columns of the band are added: the 32 first, whose lowest bit is set, and the 32 last. */
  readonly low: Uint32Array
  readonly high: Uint32Array
  readonly values: Uint32Array
}

/** The first column of the band. Exact: `columns` is below 2^21. */
export function firstColumn(place: number, columns: number): number {
  return Math.floor((place * (columns - bandColumns + 1)) / 0x1_0000_0000)
}

/**
 * The table that answers all equations: plane after plane, each of `ceil(columns / 8)` bytes, column x the bit
 * x & 7 of byte x >> 3. Deterministic: columns that nobody needs are 0.
 *
 * @returns undefined if this number of columns has no solution; more columns, or another salt, have
 */
export function solve(
  equations: Equations,
  columns: number,
  planes: number,
): Uint8Array | undefined {
  const system = new System(columns)
  for (let index = 0; index < equations.count; index++) {
    const taken = system.add(
      firstColumn(equations.places[index]!, columns),
      equations.low[index]!,
      equations.high[index]!,
      equations.values[index]!,
    )
    if (!taken) return undefined
  }
  return system.solution(planes)
}

/** At most one row begins in each column, its lowest bit there. */
class System {
  readonly #low: Uint32Array
  readonly #high: Uint32Array
  readonly #values: Uint32Array
  readonly #isTaken: Uint8Array

  constructor(columns: number) {
    this.#low = new Uint32Array(columns)
    this.#high = new Uint32Array(columns)
    this.#values = new Uint32Array(columns)
    this.#isTaken = new Uint8Array(columns)
  }

  /** Whether the row fits to those before it. */
  add(column: number, firstLow: number, firstHigh: number, firstValue: number): boolean {
    let [at, low, high, value] = [column, firstLow, firstHigh, firstValue]
    while (this.#isTaken[at] === 1) {
      low ^= this.#low[at]!
      high ^= this.#high[at]!
      value ^= this.#values[at]!
      if (low === 0 && high === 0) return value === 0
      const zeros = low === 0 ? 32 + trailingZeros(high) : trailingZeros(low)
      at += zeros
      if (zeros >= 32) {
        low = high >>> (zeros - 32)
        high = 0
      } else if (zeros > 0) {
        low = (low >>> zeros) | (high << (32 - zeros))
        high >>>= zeros
      }
    }
    this.#isTaken[at] = 1
    this.#low[at] = low
    this.#high[at] = high
    this.#values[at] = value
    return true
  }

  /** From the last column back: each row's own column makes its sum right. */
  solution(planes: number): Uint8Array {
    const columns = this.#low.length
    const stride = (columns + 7) >> 3
    const table = new Uint8Array(stride * planes)
    for (let plane = 0; plane < planes; plane++) {
      let [low, high] = [0, 0] // the 64 columns from the one that is looked at
      for (let at = columns - 1; at >= 0; at--) {
        high = (high << 1) | (low >>> 31)
        low <<= 1
        if (this.#isTaken[at] === 0) continue
        const sum = parity((low & this.#low[at]!) ^ (high & this.#high[at]!))
        if ((sum ^ ((this.#values[at]! >>> plane) & 1)) === 0) continue
        low |= 1
        table[plane * stride + (at >> 3)]! |= 1 << (at & 7)
      }
    }
    return table
  }
}

/** The value that the table has for a key. */
export function valueAt(
  table: Uint8Array,
  columns: number,
  planes: number,
  place: number,
  low: number,
  high: number,
): number {
  const first = firstColumn(place, columns)
  const stride = (columns + 7) >> 3
  const shift = first & 7
  let value = 0
  for (let plane = 0; plane < planes; plane++) {
    const at = plane * stride + (first >> 3)
    const beyond = shift === 0 ? 0 : table[at + 8]!
    const left = word(table, at)
    const right = word(table, at + 4)
    const bandLow = shift === 0 ? left : (left >>> shift) | (right << (32 - shift))
    const bandHigh = shift === 0 ? right : (right >>> shift) | (beyond << (32 - shift))
    value |= parity((bandLow & low) ^ (bandHigh & high)) << plane
  }
  return value
}

function word(table: Uint8Array, at: number): number {
  return table[at]! | (table[at + 1]! << 8) | (table[at + 2]! << 16) | (table[at + 3]! << 24)
}

function trailingZeros(bits: number): number {
  return 31 - Math.clz32(bits & -bits)
}

function parity(bits: number): number {
  let folded = bits ^ (bits >>> 16)
  folded ^= folded >>> 8
  folded ^= folded >>> 4
  return (0x6996 >>> (folded & 15)) & 1
}
