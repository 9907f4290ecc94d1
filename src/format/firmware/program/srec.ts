// SPDX-License-Identifier: Apache-2.0
/** Motorola's S-records, as srec(5) tells of them. */
import type { ArchiveForm } from '#format/archive/archive.ts'
import type { ByteSource } from '#format/archive/byte-source.ts'
import { FormatError } from '#format/format-error.ts'
import { recognisedBy } from '../recognised-by.ts'
import { firstLine, memoryMembers } from './memory-members.ts'
import { type MemorySpan, SparseMemory } from './sparse-memory.ts'
import { fromHex, type Line, linesOf } from './text-lines.ts'

export interface SRecord {
  readonly type: number
  readonly address: number
  readonly bytes: Uint8Array
}

/** Octets of the address by type of record; type 4 is reserved. */
const addressOctets = [2, 2, 3, 4, undefined, 2, 3, 4, 3, 2]

/**
 * One record, whose checksum is checked.
 *
 * @throws FormatError
 */
export function parseSRecord({ bytes: line, offset }: Line): SRecord {
  const type = (line[1] ?? 0) - 0x30
  const wide = addressOctets[type]
  if (line[0] !== 0x53 || wide === undefined)
    throw new FormatError('text-malformed', offset, 'no S-record')
  const bytes = fromHex(line.subarray(2), offset + 2)
  if (bytes.length < wide + 2 || bytes.length !== bytes[0]! + 1)
    throw new FormatError('truncated', offset + 2, `${bytes.length} octets in a record`)
  if (bytes.reduce((sum, octet) => sum + octet, 0) % 256 !== 255)
    throw new FormatError('value-not-allowed', offset, 'the checksum is another')
  const address = bytes.subarray(1, 1 + wide).reduce((value, octet) => value * 256 + octet, 0)
  return { type, address, bytes: bytes.subarray(1 + wide, -1) }
}

/**
 * The memory that a file programs; what stands behind its end record is an error.
 *
 * @throws FormatError
 */
export async function parseSRecords(source: ByteSource): Promise<MemorySpan[]> {
  const memory = new SparseMemory()
  await fillSRecords(source, memory)
  return memory.spans()
}

async function fillSRecords(source: ByteSource, memory: SparseMemory): Promise<void> {
  let ended = false
  for await (const lines of linesOf(source)) {
    for (const line of lines) {
      if (ended) throw new FormatError('trailing-bytes', line.offset, 'behind the end record')
      const { type, address, bytes } = parseSRecord(line)
      if (type >= 1 && type <= 3) memory.write(address, bytes, line.offset)
      else if (type >= 7) ended = true
    }
  }
  if (!ended) throw new FormatError('truncated', source.size ?? 0, 'no end record')
}

export const srec: ArchiveForm = {
  name: 'srec',
  access: 'forward',
  headOctets: 1_024,
  leftover: 'meaningless',
  recognise: recognisedBy({ at: 0, octets: [0x53] }, (head) => {
    const line = firstLine(head)
    return line !== undefined && parseSRecord(line).type >= 0
  }),
  members: (source) => memoryMembers((memory) => fillSRecords(source, memory)),
}
