// SPDX-License-Identifier: Apache-2.0
/** The table of partitions in the first sector of a disk, and the chain of extended ones. */
import type { ArchiveForm } from '#format/archive/archive.ts'
import type { ByteSource } from '#format/archive/byte-source.ts'
import { readExactly, u16le, u32le } from '#format/archive/fields.ts'
import { FormatError } from '#format/format-error.ts'
import { recognisedBy } from '../recognised-by.ts'
import { partitionMembers } from './partition-members.ts'
import { type Partition, sectorOctets } from './partitions.ts'

const entriesAt = 446
const signature = 0xaa55
/** Types of partitions that hold further tables. */
const extended = [0x05, 0x0f, 0x85]
/** Of a disk that has a GPT; this table only keeps old programs away. */
const protective = 0xee
/** Linux reads no more of them. */
const mostLogical = 255

interface Entry {
  readonly status: number
  readonly type: number
  readonly first: number
  readonly sectors: number
}

/**
 * The four entries of a boot sector, empty ones left out.
 *
 * Since two octets are no mark, every entry has to make sense, and none may lie within another.
 *
 * @throws FormatError
 */
export function parseMbr(bytes: Uint8Array, offset = 0): readonly Entry[] {
  if (bytes.length < sectorOctets) throw new FormatError('truncated', offset, 'a boot sector')
  if (u16le(bytes, 510) !== signature)
    throw new FormatError('value-not-allowed', offset + 510, 'no boot sector')
  const entries = [0, 1, 2, 3].map((index) => {
    const at = entriesAt + 16 * index
    return {
      ...{ status: bytes[at]!, type: bytes[at + 4]! },
      ...{ first: u32le(bytes, at + 8), sectors: u32le(bytes, at + 12) },
    }
  })
  for (const { status, type, first, sectors } of entries) {
    const empty = type === 0 && first === 0 && sectors === 0
    if (
      (status !== 0 && status !== 0x80) ||
      (!empty && (type === 0 || first === 0 || sectors === 0))
    )
      throw new FormatError('value-not-allowed', offset + entriesAt, 'an entry of the table')
  }
  const used = entries.filter(({ type }) => type !== 0)
  const sorted = used.toSorted((left, right) => left.first - right.first)
  for (const [index, { first, sectors }] of sorted.entries())
    if ((sorted[index + 1]?.first ?? Number.POSITIVE_INFINITY) < first + sectors)
      throw new FormatError('value-not-allowed', offset + entriesAt, 'partitions in one another')
  return used
}

/**
 * All partitions, the logical ones from 5 on as Linux counts them.
 *
 * @throws FormatError
 */
export async function parsePartitions(source: ByteSource): Promise<readonly Partition[]> {
  const primary = parseMbr(await source.read(0, sectorOctets))
  const partitions: Partition[] = []
  let logical = 5
  for (const [index, entry] of primary.entries()) {
    if (!extended.includes(entry.type)) {
      partitions.push(partitionOf(entry, index + 1, 0))
      continue
    }
    for (let table = entry.first; table !== 0; ) {
      const at = table * sectorOctets
      const entries = parseMbr(await readExactly(source, at, sectorOctets), at)
      const [here, next] = [
        entries.find(({ type }) => !extended.includes(type)),
        entries.find(({ type }) => extended.includes(type)),
      ]
      if (here !== undefined) partitions.push(partitionOf(here, logical++, table))
      if (logical > mostLogical) throw new FormatError('too-many', at, 'logical partitions')
      // The chain only goes forward, so that it has an end.
      const following = next === undefined ? 0 : entry.first + next.first
      if (following !== 0 && following <= table)
        throw new FormatError('value-not-allowed', at, 'a chain of tables that goes back')
      table = following
    }
  }
  return partitions
}

function partitionOf({ type, first, sectors }: Entry, number: number, base: number): Partition {
  return {
    name: `partition-${number}`,
    offset: (base + first) * sectorOctets,
    size: sectors * sectorOctets,
    type: `0x${type.toString(16).padStart(2, '0')}`,
  }
}

export const mbr: ArchiveForm = {
  name: 'mbr',
  access: 'ranged',
  headOctets: sectorOctets,
  leftover: 'carved',
  recognise: recognisedBy({ at: 510, octets: [0x55, 0xaa] }, (head) => {
    const entries = parseMbr(head)
    return entries.length > 0 && entries.every(({ type }) => type !== protective)
  }),
  members: (source) => partitionMembers(source, parsePartitions(source)),
}
