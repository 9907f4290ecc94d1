// SPDX-License-Identifier: Apache-2.0
/** The GUID partition table, UEFI 2.10 chapter 5.3. */
import type { ArchiveForm } from '#format/archive/archive.ts'
import type { ByteSource } from '#format/archive/byte-source.ts'
import { crc32 } from '#format/archive/checksums.ts'
import { isAt, nameOf, readExactly, u32le, u64le } from '#format/archive/fields.ts'
import { FormatError } from '#format/format-error.ts'
import { recognisedBy } from '../recognised-by.ts'
import { partitionMembers } from './partition-members.ts'
import { type Partition, sectorOctets } from './partitions.ts'

export interface GptHeader {
  readonly entriesAt: number
  readonly entries: number
  readonly entryOctets: number
  readonly entriesCrc: number
}

const headerOctets = 92
/** 128 of 128 octets are usual. */
const mostEntriesOctets = 1_048_576

/**
 * The header, whose CRC is checked, of a disk with sectors of 512 octets.
 *
 * @param bytes from the beginning of the disk
 * @throws FormatError
 */
export function parseGptHeader(bytes: Uint8Array): GptHeader {
  const header = bytes.subarray(sectorOctets, 2 * sectorOctets)
  if (header.length < sectorOctets) throw new FormatError('truncated', bytes.length, 'a GPT')
  if (!isAt(header, 0, 'EFI PART')) throw new FormatError('value-not-allowed', 512, 'no GPT')
  const size = u32le(header, 12)
  if (size < headerOctets || size > sectorOctets)
    throw new FormatError('value-not-allowed', 524, `a header of ${size} octets`)
  const blanked = header.slice(0, size)
  blanked.fill(0, 16, 20)
  if (crc32(blanked) !== u32le(header, 16))
    throw new FormatError('value-not-allowed', 528, 'the CRC of the header is another')
  const [entries, entryOctets] = [u32le(header, 80), u32le(header, 84)]
  if (entryOctets < 128 || entryOctets % 8 !== 0 || entries * entryOctets > mostEntriesOctets)
    throw new FormatError('too-large', 592, `${entries} entries of ${entryOctets} octets`)
  return {
    ...{ entries, entryOctets, entriesCrc: u32le(header, 88) },
    entriesAt: u64le(header, 72) * sectorOctets,
  }
}

/**
 * All partitions of the first table; the second, at the end of the disk, is its copy.
 *
 * @throws FormatError
 */
export async function parseGpt(source: ByteSource): Promise<readonly Partition[]> {
  const header = parseGptHeader(await source.read(0, 2 * sectorOctets))
  const { entriesAt, entries, entryOctets, entriesCrc } = header
  const bytes = (await readExactly(source, entriesAt, entries * entryOctets)).slice()
  if (crc32(bytes) !== entriesCrc)
    throw new FormatError('value-not-allowed', entriesAt, 'the CRC of the entries is another')
  return Array.from({ length: entries }, (_, index) => {
    const entry = bytes.subarray(index * entryOctets, (index + 1) * entryOctets)
    return partitionOf(entry, index + 1, entriesAt + index * entryOctets)
  }).filter((partition) => partition !== undefined)
}

function partitionOf(entry: Uint8Array, number: number, at: number): Partition | undefined {
  const type = entry.subarray(0, 16)
  if (type.every((octet) => octet === 0)) return undefined
  const [first, last] = [u64le(entry, 32), u64le(entry, 40)]
  if (last < first)
    throw new FormatError('value-not-allowed', at + 40, 'a partition without an end')
  const label = utf16(entry.subarray(56, 128))
  return {
    name: label === '' ? `partition-${number}` : `partition-${number}-${label}`,
    offset: first * sectorOctets,
    size: (last - first + 1) * sectorOctets,
    type: guidOf(type),
  }
}

function utf16(bytes: Uint8Array): string {
  const text = new TextDecoder('utf-16le').decode(bytes).split('\0')[0] ?? ''
  return nameOf(new TextEncoder().encode(text))
}

/** The first three fields lie in little-endian order. */
function guidOf(bytes: Uint8Array): string {
  const parts = [
    bytes.slice(0, 4).reverse(),
    bytes.slice(4, 6).reverse(),
    bytes.slice(6, 8).reverse(),
    ...[bytes.subarray(8, 10), bytes.subarray(10, 16)],
  ]
  return parts.map((part) => part.toHex()).join('-')
}

export const gpt: ArchiveForm = {
  name: 'gpt',
  access: 'ranged',
  headOctets: 2 * sectorOctets,
  leftover: 'carved',
  recognise: recognisedBy({ at: sectorOctets, octets: [0x45, 0x46, 0x49, 0x20] }, parseGptHeader),
  members: (source) => partitionMembers(source, parseGpt(source)),
}
