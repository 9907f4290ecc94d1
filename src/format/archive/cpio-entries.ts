// SPDX-License-Identifier: Apache-2.0
/** cpio as SWUpdate takes it: newc or crc, plain files alone, one archive; read strictly, and written. */
import { FormatError } from '../format-error.ts'
import type { ByteSource } from './byte-source.ts'
import { isAt, nameOf, readExactly, untilZero } from './fields.ts'

export interface CpioEntry {
  readonly name: string
  /** Where its header begins. */
  readonly at: number
  /** Where its content begins. */
  readonly start: number
  readonly size: number
  /** Where the next header begins. */
  readonly end: number
  /** The sum of its octets, modulo 2^32; undefined: of the form that has none. */
  readonly sum: number | undefined
}

const headOctets = 110
const endMark = 'TRAILER!!!'
/** An update has a handful. */
const mostEntries = 4_096
const mostNameOctets = 4_096
/** What eight hexadecimal digits can say. */
export const mostCpioOctets = 0xffff_ffff

/** What archives are padded to with zeros, as cpio has always written them. */
const recordOctets = 512

/**
 * All entries up to the end mark, in their order; contents are not read, sums not checked.
 *
 * @returns with them the end of the archive, zeros behind the end mark included
 * @throws FormatError `truncated`, `value-not-allowed` for another form, a name with a slash or a number that is none;
 *   `trailing-bytes` where anything but zeros, or more of them than a record has, follows
 */
export async function readCpio(
  source: ByteSource,
): Promise<{ readonly entries: readonly CpioEntry[]; readonly mark: number }> {
  const entries: CpioEntry[] = []
  for (let at = 0; ; ) {
    const entry = await readEntry(source, at)
    if (entry.name === endMark) {
      await checkRest(source, entry.end)
      return { entries, mark: at }
    }
    if (entries.length === mostEntries) throw new FormatError('too-many', at, 'files in a cpio')
    entries.push(entry)
    at = entry.end
  }
}

async function readEntry(source: ByteSource, at: number): Promise<CpioEntry> {
  const head = (await readExactly(source, at, headOctets)).slice()
  const summed = isAt(head, 0, '070702')
  if (!summed && !isAt(head, 0, '070701'))
    throw new FormatError('value-not-allowed', at, 'no header of a cpio of the form newc or crc')
  const field = (index: number) => hexadecimal(head, 6 + index * 8, at)
  const [mode, size, nameOctets] = [field(1), field(6), field(11)]
  if (nameOctets < 2 || nameOctets > mostNameOctets)
    throw new FormatError('value-not-allowed', at + 94, `a name of ${nameOctets} octets`)
  const written = (await readExactly(source, at + headOctets, nameOctets)).slice()
  const octets = untilZero(written)
  if (octets.length !== nameOctets - 1)
    throw new FormatError('value-not-allowed', at + headOctets, 'a name that does not end as said')
  const name = nameOf(octets)
  if (name === endMark && size > 0)
    throw new FormatError('value-not-allowed', at + 54, `an end mark of ${size} octets`)
  if (name !== endMark && ((mode & 0o170000) !== 0o100000 || /^\.{0,2}$|[/\\]/.test(name)))
    throw new FormatError('value-not-allowed', at, `"${name.slice(0, 80)}" is no plain file`)
  const start = at + padded(headOctets + nameOctets)
  const end = start + padded(size)
  if (source.size !== undefined && start + size > source.size)
    throw new FormatError(
      'truncated',
      start,
      `${name} has ${size} octets, ${source.size - start} are there`,
    )
  return { name, at, start, size, end, sum: summed ? field(12) : undefined }
}

function hexadecimal(head: Uint8Array, from: number, at: number): number {
  const text = String.fromCharCode(...head.subarray(from, from + 8))
  if (!/^[0-9a-fA-F]{8}$/.test(text))
    throw new FormatError('value-not-allowed', at + from, 'a number of a header of cpio')
  return Number.parseInt(text, 16)
}

async function checkRest(source: ByteSource, end: number): Promise<void> {
  const rest = await source.read(end, recordOctets + 1)
  if (rest.length > recordOctets || rest.some((octet) => octet !== 0))
    throw new FormatError('trailing-bytes', end, 'behind the end mark of the cpio')
}

function padded(octets: number): number {
  return Math.ceil(octets / 4) * 4
}

/** The sum that the form crc bears, over octets that come piece by piece. */
export function addToSum(sum: number, bytes: Uint8Array): number {
  let total = sum
  // By index: over gigabytes, an iterator takes five times as long.
  for (let at = 0; at < bytes.length; at++) total = (total + bytes[at]!) | 0
  return total >>> 0
}

/**
 * The header of a file and its name, padded; the content follows.
 *
 * @param sum of the content's octets
 * @throws FormatError `too-large` over 4 GiB - 1
 */
export function encodeCpioHead(name: string, size: number, sum: number, inode: number): Uint8Array {
  if (size > mostCpioOctets)
    throw new FormatError(
      'too-large',
      0,
      `${name} has ${size} octets, a cpio takes ${mostCpioOctets}`,
    )
  const octets = new TextEncoder().encode(`${name}\0`)
  const mode = name === endMark ? 0 : 0o100644
  // Number, mode, owner, group, names, time, size, device and its kind twice, octets of the name, sum.
  const fields = [inode, mode, 0, 0, 1, 0, size, 0, 0, 0, 0, octets.length, sum]
  const digits = fields.map((value) => value.toString(16).padStart(8, '0')).join('')
  const head = new Uint8Array(padded(headOctets + octets.length))
  head.set(new TextEncoder().encode(`070702${digits}`))
  head.set(octets, headOctets)
  return head
}

/** What follows a content, up to the next header. */
export function cpioPadding(size: number): Uint8Array {
  return new Uint8Array(padded(size) - size)
}

/** The end mark, and zeros up to a whole record. @param at where it is to stand */
export function encodeCpioEnd(at: number): Uint8Array {
  const mark = encodeCpioHead(endMark, 0, 0, 0)
  const whole = Math.ceil((at + mark.length) / recordOctets) * recordOctets
  const end = new Uint8Array(whole - at)
  end.set(mark)
  return end
}
