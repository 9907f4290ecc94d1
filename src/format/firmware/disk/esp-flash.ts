// SPDX-License-Identifier: Apache-2.0
/** A whole flash of ESP-IDF: its table of partitions lies at 0x8000, unless it was moved. */
import type { ArchiveForm } from '#format/archive/archive.ts'
import type { ByteSource } from '#format/archive/byte-source.ts'
import { nameOf, readExactly, u16le, u32le, untilZero } from '#format/archive/fields.ts'
import { FormatError } from '#format/format-error.ts'
import { partitionMembers } from './partition-members.ts'
import type { Partition } from './partitions.ts'

const tableAt = 0x8000
const [entryOctets, mostEntries] = [32, 95]
const [entryMagic, digestMagic, nothing] = [0x50aa, 0xebeb, 0xffff]

/**
 * The partitions of a table.
 *
 * @param offset where it lies, for errors
 * @throws FormatError
 * @see ESP-IDF docs, Partition Tables; components/partition_table/gen_esp32part.py
 */
export function parseEspPartitions(bytes: Uint8Array, offset: number): readonly Partition[] {
  const partitions: Partition[] = []
  for (let at = 0; at + entryOctets <= bytes.length; at += entryOctets) {
    const mark = u16le(bytes, at)
    if (mark === digestMagic || mark === nothing) return partitions
    if (mark !== entryMagic) throw new FormatError('value-not-allowed', offset + at, 'no entry')
    if (partitions.length === mostEntries) throw new FormatError('too-many', offset + at, 'entries')
    partitions.push({
      name: nameOf(untilZero(bytes.subarray(at + 12, at + 28))),
      offset: u32le(bytes, at + 4),
      size: u32le(bytes, at + 8),
      type: `${bytes[at + 2]}/${bytes[at + 3]}`,
    })
  }
  throw new FormatError('truncated', offset + bytes.length, 'a table without an end')
}

export const espFlash: ArchiveForm = {
  name: 'esp-flash',
  access: 'ranged',
  headOctets: tableAt + 2 * entryOctets,
  leftover: 'carved',
  recognise(head) {
    // Two entries at least, both of whose offsets lie behind the table.
    if (head.length < tableAt + 2 * entryOctets) return false
    return [tableAt, tableAt + entryOctets].every(
      (at) => u16le(head, at) === entryMagic && u32le(head, at + 4) > tableAt,
    )
  },
  members: (source) => partitionMembers(source, partitionsOf(source)),
}

async function partitionsOf(source: ByteSource): Promise<readonly Partition[]> {
  return parseEspPartitions(await readExactly(source, tableAt, 96 * entryOctets), tableAt)
}
