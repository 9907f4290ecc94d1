// SPDX-License-Identifier: Apache-2.0
import { FormatError } from '../format-error.ts'
import type { ByteSource } from './byte-source.ts'
import { isAt, readExactly, u16le, u32le, u64le } from './fields.ts'
import { archiveLimits } from './limits.ts'

export const localMark = 'PK\x03\x04'
const centralMark = 'PK\x01\x02'
export const endMark = 'PK\x05\x06'
const firstOfEnd = endMark.charCodeAt(0)
const wideEndMark = 'PK\x06\x06'
const wideLocatorMark = 'PK\x06\x07'

const endOctets = 22
const locatorOctets = 20
const wideEndOctets = 56
const centralOctets = 46
/** In place of a number that stands in the extra field for zip64. */
const elsewhere = 0xffff_ffff
const wideExtra = 1

/** Where the directory of a zip lies. */
export interface ZipDirectory {
  readonly start: number
  readonly octets: number
  /** What stands before the first member, so that all offsets are less than they should be. */
  readonly before: number
  /** Where the archive ends, with its comment. */
  readonly end: number
}

/** An entry of the directory; what it says of the member is compared with what stands before the member. */
export interface ZipEntry {
  readonly name: Uint8Array
  readonly flags: number
  readonly method: number
  readonly packedOctets: number
  readonly octets: number
  /** Where its local header lies. */
  readonly at: number
  /** The mode of Unix, or 0. */
  readonly mode: number
}

/**
 * Looks for the directory from the end; undefined: there is none, as in what was cut off.
 *
 * @throws FormatError `value-not-allowed` for an archive in several parts
 * @see APPNOTE.TXT 6.3.10, 4.3.14 to 4.3.16
 */
export async function findZipDirectory(source: ByteSource): Promise<ZipDirectory | undefined> {
  const size = source.size ?? 0
  // A comment has at most 65,535 octets.
  const from = Math.max(0, size - endOctets - 65_535)
  const last = (await source.read(from, size - from)).slice()
  let at = last.length - endOctets + 1
  while (at > 0) {
    // By its first letter: most files that are asked are no zip, and have it once in some hundred octets.
    at = last.lastIndexOf(firstOfEnd, at - 1)
    if (at === -1) return undefined
    if (!isAt(last, at, endMark)) continue
    const end = last.subarray(at)
    const comment = u16le(end, 20)
    if (endOctets + comment > end.length) continue
    const found = await directoryOf(source, end, from + at)
    if (found !== undefined) return { ...found, end: from + at + endOctets + comment }
  }
  return undefined
}

async function directoryOf(source: ByteSource, end: Uint8Array, at: number) {
  if (u16le(end, 4) !== 0 && u16le(end, 4) !== 0xffff)
    throw new FormatError('value-not-allowed', at, 'a part of a zip of several parts')
  let [octets, said, stop] = [u32le(end, 12), u32le(end, 16), at]
  const locator =
    at < locatorOctets ? undefined : await source.read(at - locatorOctets, locatorOctets)
  if (locator !== undefined && isAt(locator, 0, wideLocatorMark)) {
    // Usually just before the locator: where it says that it is may be wrong by what stands before the archive.
    stop = at - locatorOctets - wideEndOctets
    let wide = await source.read(Math.max(0, stop), wideEndOctets)
    if (!isAt(wide, 0, wideEndMark)) {
      stop = u64le((await readExactly(source, at - locatorOctets, locatorOctets)).slice(), 8)
      wide = await source.read(stop, wideEndOctets)
    }
    if (!isAt(wide, 0, wideEndMark) || wide.length < wideEndOctets) return undefined
    octets = u64le(wide, 40)
    said = u64le(wide, 48)
  }
  const start = stop - octets
  if (start < 0 || start < said) return undefined
  if (octets > 0 && !isAt(await source.read(start, 4), 0, centralMark)) return undefined
  return { start, octets, before: start - said }
}

/**
 * The entries in the order of the directory.
 *
 * @throws FormatError `value-not-allowed` where no entry begins, `truncated` where one ends behind the directory
 */
export async function* zipEntries(
  source: ByteSource,
  { start, octets, before }: ZipDirectory,
): AsyncGenerator<ZipEntry> {
  const end = start + octets
  let [window, windowAt]: [Uint8Array, number] = [new Uint8Array(), start]
  for (let at = start; at < end; ) {
    if (at + 131_072 > windowAt + window.length) {
      window = (await source.read(at, Math.min(archiveLimits.readOctets, end - at))).slice()
      windowAt = at
    }
    const entry = window.subarray(at - windowAt)
    if (!isAt(entry, 0, centralMark))
      throw new FormatError('value-not-allowed', at, 'no entry of zip')
    if (entry.length < centralOctets) throw new FormatError('truncated', at, 'an entry of zip')
    const [nameLength, extraLength] = [u16le(entry, 28), u16le(entry, 30)]
    const length = centralOctets + nameLength + extraLength + u16le(entry, 32)
    if (length > entry.length) throw new FormatError('truncated', at, 'an entry of zip')
    const extraAt = centralOctets + nameLength
    yield entryOf(entry, entry.subarray(extraAt, extraAt + extraLength), before)
    at += length
  }
}

function entryOf(entry: Uint8Array, extra: Uint8Array, before: number): ZipEntry {
  const wide = extraField(extra, wideExtra)
  let place = 0
  const number = (at: number): number => {
    const said = u32le(entry, at)
    if (said !== elsewhere || wide === undefined || place + 8 > wide.length) return said
    place += 8
    return u64le(wide, place - 8)
  }
  // In this order they stand in the extra field, those that are there.
  const octets = number(24)
  const packedOctets = number(20)
  const at = before + number(42)
  return {
    ...{ octets, packedOctets, at },
    name: entry.slice(centralOctets, centralOctets + u16le(entry, 28)),
    flags: u16le(entry, 8),
    method: u16le(entry, 10),
    // Made on Unix (3) or on macOS (19).
    mode: entry[5] === 3 || entry[5] === 19 ? u32le(entry, 38) >>> 16 : 0,
  }
}

/** The content of an extra field; undefined: it is not there. */
function extraField(extra: Uint8Array, id: number): Uint8Array | undefined {
  for (let at = 0; at + 4 <= extra.length; ) {
    const length = u16le(extra, at + 2)
    if (u16le(extra, at) === id) return extra.subarray(at + 4, at + 4 + length)
    at += 4 + length
  }
  return undefined
}
