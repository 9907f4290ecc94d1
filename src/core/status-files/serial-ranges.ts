// SPDX-License-Identifier: Apache-2.0
import type { SerialRange } from './certificate-rows.ts'

/**
 * The ranges of serial numbers that were drawn from one second on, and before another: `newSerialNumber`
 * writes the last 30 bits of the time after the bits 01, so that there are two where they begin anew.
 *
 * @param from seconds since 1970
 * @param below less than 2^30 seconds later
 */
export function drawnBetween(from: number, below: number): readonly SerialRange[] {
  if (from >= below) return []
  const [first, last] = [prefixOf(from), prefixOf(below)]
  if (first < last) return [{ from: octets(first), below: octets(last) }]
  return [
    { from: octets(first), below: octets(0x8000_0000) },
    ...(last === 0x4000_0000 ? [] : [{ from: octets(0x4000_0000), below: octets(last) }]),
  ]
}

/** All others. */
export function drawnElsewhere(from: number, below: number): readonly SerialRange[] {
  const inside = drawnBetween(from, below)
  if (inside.length === 0) return [{}]
  const ordered = inside.toSorted((left, right) => left.from![0]! - right.from![0]!)
  const [first, last] = [ordered[0]!, ordered.at(-1)!]
  const between = ordered.length === 2 ? [{ from: first.below!, below: last.from! }] : []
  return [{ below: first.from! }, ...between, { from: last.below! }]
}

function prefixOf(seconds: number): number {
  return 0x4000_0000 + (seconds % 0x4000_0000)
}

function octets(prefix: number): Uint8Array {
  const bytes = new Uint8Array(4)
  new DataView(bytes.buffer).setUint32(0, prefix)
  return bytes
}
