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
  /** Headers whose member was given. */
  readonly #given = new Set<number>()
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
  }

  /** Whether the member reaches into the next one, or is one that was given already. Asked once a member. */
  has({ at }: ZipEntry, end: number): boolean {
    const next = this.#after(at)
    if (end > Math.min(next ?? this.#directory, this.#directory)) return true
    if (this.#given.has(at)) return true
    this.#given.add(at)
    return false
  }

  /** The first start behind `at`. */
  #after(at: number): number | undefined {
    let [low, high] = [0, this.#sorted.length]
    while (low < high) {
      const middle = (low + high) >>> 1
      if (this.#sorted[middle]! > at) high = middle
      else low = middle + 1
    }
    return this.#sorted[low]
  }
}
