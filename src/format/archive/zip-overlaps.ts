// SPDX-License-Identifier: Apache-2.0
import { FormatError } from '../format-error.ts'
import { archiveLimits } from './limits.ts'
import type { ZipEntry } from './zip-directory.ts'

/**
 * Whether members of a zip lie over each other: no honest one's do, and a few kilobytes that are many members at once
 * unpack to petabytes.
 *
 * @see D. Fifield, "A better zip bomb", WOOT 2019
 */
export class ZipOverlaps {
  readonly #starts: number[] = []
  #sorted: Float64Array = new Float64Array()
  /** By the place among the sorted: where the member ends; 0: it was not given. */
  #ends: Float64Array = new Float64Array()
  readonly #directory: number

  /** @param directory where it begins: no member ends behind that */
  constructor(directory: number) {
    this.#directory = directory
  }

  add({ at }: ZipEntry): void {
    if (this.#starts.length >= archiveLimits.tableOctets / 8)
      throw new FormatError('too-many', at, `over ${this.#starts.length} members of a zip`)
    this.#starts.push(at)
  }

  /** After the last `add`. */
  settle(): void {
    this.#sorted = Float64Array.from(this.#starts).sort()
    this.#ends = new Float64Array(this.#sorted.length)
  }

  /** Whether the member reaches into the next one, or is one that was given already. Asked once a member. */
  has({ at }: ZipEntry, end: number): boolean {
    const after = this.#after(at)
    if (end > Math.min(this.#sorted[after] ?? this.#directory, this.#directory)) return true
    if (this.#ends[after - 1]! > 0) return true
    this.#ends[after - 1] = end
    return false
  }

  /** What lies between the members that were given, and before the first and behind the last. */
  *between(): Generator<{ readonly from: number; readonly to: number }> {
    let from = 0
    for (const [index, end] of this.#ends.entries()) {
      if (end === 0) continue
      if (this.#sorted[index]! > from) yield { from, to: this.#sorted[index]! }
      from = end
    }
    if (this.#directory > from) yield { from, to: this.#directory }
  }

  /** The index of the first start behind `at`. */
  #after(at: number): number {
    let [low, high] = [0, this.#sorted.length]
    while (low < high) {
      const middle = (low + high) >>> 1
      if (this.#sorted[middle]! > at) high = middle
      else low = middle + 1
    }
    return low
  }
}
