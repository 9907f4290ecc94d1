// SPDX-License-Identifier: Apache-2.0
import type { ByteSource } from './byte-source.ts'

/** A piece of a file: `length` octets of it from `at` on lie in the container from `from` on. */
export interface Extent {
  readonly at: number
  readonly length: number
  readonly from: number
}

/**
 * A file whose octets lie in pieces; what no piece holds is a hole.
 *
 * @param extents ascending and not overlapping in `at`, which is not checked here
 */
export function extentSource(
  source: ByteSource,
  size: number,
  extents: readonly Extent[],
): ByteSource {
  /** The first extent that ends after `at`; asked in order, so the last answer is tried first. */
  let last = 0
  const indexAt = (at: number): number => {
    const ends = (index: number) => extents[index]!.at + extents[index]!.length
    if (last < extents.length && ends(last) > at && (last === 0 || ends(last - 1) <= at))
      return last
    let [low, high] = [0, extents.length]
    while (low < high) {
      const middle = (low + high) >>> 1
      if (ends(middle) > at) high = middle
      else low = middle + 1
    }
    last = low
    return low
  }

  async function read(at: number, wanted: number): Promise<Uint8Array> {
    const length = Math.max(0, Math.min(wanted, size - at))
    let index = indexAt(at)
    const first = extents[index]
    if (first !== undefined && first.at <= at && first.at + first.length >= at + length)
      return await source.read(first.from + at - first.at, length)
    const bytes = new Uint8Array(length)
    for (; index < extents.length && extents[index]!.at < at + length; index++) {
      const extent = extents[index]!
      const start = Math.max(at, extent.at)
      const end = Math.min(at + length, extent.at + extent.length)
      const piece = await source.read(extent.from + start - extent.at, end - start)
      bytes.set(piece, start - at)
      // A container that is cut off: what lies behind the cut is not zeros, it is missing.
      if (piece.length < end - start) return bytes.subarray(0, start - at + piece.length)
    }
    return bytes
  }

  return {
    size,
    read,
    dataFrom(at) {
      const extent = extents[indexAt(at)]
      return extent === undefined ? size : Math.min(size, Math.max(at, extent.at))
    },
  }
}
