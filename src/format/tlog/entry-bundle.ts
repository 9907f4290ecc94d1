// SPDX-License-Identifier: Apache-2.0
import { concatBytes } from '#format/bytes.ts'
import { FormatError } from '#format/format-error.ts'
import { tileWidth } from './tile.ts'

/**
 * The entries one after another, each after its length as a big-endian uint16.
 *
 * @throws FormatError `too-large` for an entry over 65,535 bytes, `too-many` for over 256 entries
 * @see C2SP tlog-tiles, Log entries
 */
export function encodeEntryBundle(entries: readonly Uint8Array[]): Uint8Array {
  if (entries.length > tileWidth) throw new FormatError('too-many', 0)
  return concatBytes(
    entries.flatMap((entry) => {
      if (entry.length > 0xffff) throw new FormatError('too-large', 0)
      return [Uint8Array.of(entry.length >> 8, entry.length & 0xff), entry]
    }),
  )
}

/**
 * The entries of a bundle, as views.
 *
 * @throws FormatError `truncated`, or `too-many` for over 256 entries
 */
export function parseEntryBundle(bundle: Uint8Array): readonly Uint8Array[] {
  const entries: Uint8Array[] = []
  let offset = 0
  while (offset < bundle.length) {
    if (entries.length === tileWidth) throw new FormatError('too-many', offset)
    const start = offset + 2
    if (start > bundle.length) throw new FormatError('truncated', offset)
    const end = start + (bundle[offset]! << 8) + bundle[offset + 1]!
    if (end > bundle.length) throw new FormatError('truncated', offset)
    entries.push(bundle.subarray(start, end))
    offset = end
  }
  return entries
}
