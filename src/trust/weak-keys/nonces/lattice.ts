// SPDX-License-Identifier: Apache-2.0
/**
 * Reduction of a lattice (Lenstra, Lenstra and Lovász 1982), with floating-point numbers that only guide: in rounds of
 * a copy of the leading bits, whose steps are noted as a matrix of integers and carried out on the exact basis.
 *
 * So the basis stays one of the same lattice whatever the floating-point numbers do; what they cannot see any more is
 * seen by the next round. How well it is reduced is not proved: who looks for a short vector proves what it finds.
 *
 * @see Schnorr and Euchner, "Lattice basis reduction", 1994; Saruchi, Morel, Stehlé and Villard, "LLL reducing with
 * the most significant bits", 2014
 */

export type Row = readonly bigint[]

/** Of Lovász's condition; closer to one reduces better, and longer. */
const delta = 0.99

/** Above this a step of a round is not exact to the last integer any more; a round ends far below 2^53. */
const largestStep = 2 ** 40

/** Squares of numbers of so many bits, and their sums, are below 2^1023. */
const squarableBits = 400

/** Of the square of the length of a row, what at least counts as upright. */
const leastShare = 2 ** -80

/** A round that moved nothing ends it; lattices of 80 rows and 521 bits need some 40. */
const mostRounds = 200

/** Exchanges of neighbours for each row of the square of their number; what was measured is below 12. */
const exchangesOfPair = 150

/** A lattice that nobody could have made by chance takes no more than this, and is then left as far as it is. */
interface Allowance {
  exchanges: number
}

/**
 * A basis of the same lattice, made of short vectors.
 *
 * @param basis independent rows of one length; 80 rows of 400 bits take some 3 seconds
 */
export function reduceLattice(basis: readonly Row[]): readonly Row[] {
  const allowance = { exchanges: exchangesOfPair * basis.length ** 2 }
  let exact = basis
  for (let round = 0; round < mostRounds && allowance.exchanges > 0; round++) {
    const steps = new Round(exact).run(allowance)
    if (steps === undefined) break
    exact = carriedOut(steps, exact)
  }
  return exact
}

/** Numbers of a table in one array, row after row. */
class Table {
  readonly width: number
  readonly numbers: Float64Array

  constructor(height: number, width: number) {
    this.width = width
    this.numbers = new Float64Array(height * width)
  }

  row(at: number): Float64Array {
    return this.numbers.subarray(at * this.width, (at + 1) * this.width)
  }
}

class Round {
  readonly #rows: Float64Array[]
  /** What was done to the basis. */
  readonly #steps: Float64Array[]
  /** What of each row stands upright on those before it, and the square of its length. */
  readonly #upright: Float64Array[]
  readonly #squares: Float64Array
  /** How much of the upright part of each earlier row is in a row. */
  readonly #shares: Float64Array[]
  #moved = false
  #isFull = false

  constructor(basis: readonly Row[]) {
    const [height, width] = [basis.length, basis[0]?.length ?? 0]
    const scale = leadingBits(basis)
    const rows = new Table(height, width)
    this.#rows = basis.map((row, at) => {
      const numbers = rows.row(at)
      for (const [index, number] of row.entries()) numbers[index] = scaled(number, scale)
      return numbers
    })
    const tables = [height, width, height].map((wide) => new Table(height, wide))
    const [steps, upright, shares] = tables.map((table) => basis.map((_, at) => table.row(at)))
    this.#steps = steps ?? []
    this.#upright = upright ?? []
    this.#shares = shares ?? []
    for (const [at, row] of this.#steps.entries()) row[at] = 1
    this.#squares = new Float64Array(height)
  }

  /** The steps, a row of integers for each new row; undefined: none was left to do. */
  run(allowance: Allowance): readonly Float64Array[] | undefined {
    this.#stand(0)
    let at = 1
    while (at < this.#rows.length && !this.#isFull && allowance.exchanges > 0) {
      this.#shorten(at)
      if (this.#isInOrder(at)) at++
      else {
        this.#exchange(at)
        allowance.exchanges--
        at = Math.max(at - 1, 1)
        if (at === 1) this.#stand(0)
      }
    }
    return this.#moved ? this.#steps : undefined
  }

  /** Splits a row into its shares of those before it, and the rest (modified Gram-Schmidt). */
  #stand(at: number): void {
    const [upright, shares] = [this.#upright[at], this.#shares[at]]
    if (upright === undefined || shares === undefined) return
    upright.set(this.#rows[at] ?? [])
    for (let before = 0; before < at; before++) {
      const other = this.#upright[before] ?? upright
      const share = product(upright, other) / (this.#squares[before] ?? 1)
      shares[before] = share
      subtract(upright, other, share)
    }
    const row = this.#rows[at] ?? upright
    // What is less than this of a row is the rounding of floating-point numbers.
    this.#squares[at] = Math.max(product(upright, upright), leastShare * product(row, row))
  }

  /** Takes whole multiples of the rows before it off a row, until it has at most half of each. */
  #shorten(at: number): void {
    // What was far too long is seen better once it is shorter.
    for (let again = true, times = 0; again && times < 8 && !this.#isFull; times++) {
      this.#stand(at)
      again = this.#shortenOnce(at)
    }
  }

  /** @returns whether it is to be split anew, as so much was taken off */
  #shortenOnce(at: number): boolean {
    const [row, steps, shares] = [this.#rows[at], this.#steps[at], this.#shares[at]]
    if (row === undefined || steps === undefined || shares === undefined) return false
    let wasFar = false
    // As long as nothing was done, a step is one number of its row, and exact however large it is.
    const isFirst = !this.#moved
    for (let before = at - 1; before >= 0; before--) {
      const times = Math.round(shares[before] ?? 0)
      if (times === 0) continue
      if (!(Math.abs(times) < largestStep)) {
        this.#isFull = true
        if (!isFirst || !Number.isFinite(times)) return false
      }
      this.#moved = true
      wasFar ||= Math.abs(times) > 1024
      subtract(row, this.#rows[before] ?? row, times)
      subtract(steps, this.#steps[before] ?? steps, times)
      const others = this.#shares[before] ?? shares
      for (let index = 0; index < before; index++)
        shares[index] = (shares[index] ?? 0) - times * (others[index] ?? 0)
      shares[before] = (shares[before] ?? 0) - times
    }
    if (steps.some((step) => Math.abs(step) > largestStep)) this.#isFull = true
    return wasFar
  }

  #isInOrder(at: number): boolean {
    const share = this.#shares[at]?.[at - 1] ?? 0
    const before = this.#squares[at - 1] ?? 0
    return (this.#squares[at] ?? 0) >= (delta - share * share) * before
  }

  #exchange(at: number): void {
    this.#moved = true
    for (const rows of [this.#rows, this.#steps]) {
      const [lower, upper] = [rows[at - 1], rows[at]]
      if (lower === undefined || upper === undefined) return
      rows[at - 1] = upper
      rows[at] = lower
    }
  }
}

function product(left: Float64Array, right: Float64Array): number {
  let sum = 0
  for (let at = 0; at < left.length; at++) sum += (left[at] ?? 0) * (right[at] ?? 0)
  return sum
}

function subtract(from: Float64Array, what: Float64Array, times: number): void {
  for (let at = 0; at < from.length; at++) from[at] = (from[at] ?? 0) - times * (what[at] ?? 0)
}

/** By how many bits the largest number is too long for squares of it to be told in floating point. */
function leadingBits(basis: readonly Row[]): number {
  const longest = basis.map((row) => Math.max(...row.map((one) => abs(one).toString(2).length)))
  return Math.max(0, Math.max(...longest) - squarableBits)
}

function scaled(number: bigint, bits: number): number {
  return bits === 0 ? Number(number) : Number(number >> BigInt(bits))
}

function abs(number: bigint): bigint {
  return number < 0n ? -number : number
}

function carriedOut(steps: readonly Float64Array[], basis: readonly Row[]): readonly Row[] {
  return steps.map((row) => {
    const sum = (basis[0] ?? []).map(() => 0n)
    for (const [at, step] of row.entries()) {
      const other = basis[at]
      if (step === 0 || other === undefined) continue
      const times = BigInt(step)
      for (const [index, number] of other.entries())
        sum[index] = (sum[index] ?? 0n) + times * number
    }
    return sum
  })
}
