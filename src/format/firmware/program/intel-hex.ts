// SPDX-License-Identifier: Apache-2.0
/** Intel HEX, revision A of 1988: records of a colon and hexadecimal digits. */
import type { ArchiveForm } from '#format/archive/archive.ts'
import type { ByteSource } from '#format/archive/byte-source.ts'
import { FormatError } from '#format/format-error.ts'
import { recognisedBy } from '../recognised-by.ts'
import { firstLine, memoryMembers } from './memory-members.ts'
import { type MemorySpan, SparseMemory } from './sparse-memory.ts'
import { fromHex, type Line, linesOf } from './text-lines.ts'

export interface HexRecord {
  readonly type: number
  readonly address: number
  readonly bytes: Uint8Array
}

const recordTypes = { data: 0, end: 1, segment: 2, segmentStart: 3, linear: 4, linearStart: 5 }

/**
 * One record, whose checksum is checked.
 *
 * @throws FormatError
 */
export function parseHexRecord({ bytes: line, offset }: Line): HexRecord {
  if (line[0] !== 0x3a) throw new FormatError('text-malformed', offset, 'no colon')
  const bytes = fromHex(line.subarray(1), offset + 1)
  if (bytes.length < 5 || bytes.length !== bytes[0]! + 5)
    throw new FormatError('truncated', offset + 1, `${bytes.length} octets in a record`)
  if (bytes.reduce((sum, octet) => sum + octet, 0) % 256 !== 0)
    throw new FormatError('value-not-allowed', offset, 'the checksum is another')
  const type = bytes[3]!
  if (type > recordTypes.linearStart)
    throw new FormatError('value-not-allowed', offset + 7, `record type ${type}`)
  const wanted = { 1: 0, 2: 2, 3: 4, 4: 2, 5: 4 }[type]
  if (wanted !== undefined && bytes[0] !== wanted)
    throw new FormatError('value-not-allowed', offset + 1, `${bytes[0]} octets of type ${type}`)
  return { type, address: (bytes[1]! << 8) | bytes[2]!, bytes: bytes.subarray(4, -1) }
}

/**
 * The memory that a file programs; what stands behind its end record is an error.
 *
 * @throws FormatError
 */
export async function parseIntelHex(source: ByteSource): Promise<MemorySpan[]> {
  const memory = new SparseMemory()
  await fillIntelHex(source, memory)
  return memory.spans()
}

async function fillIntelHex(source: ByteSource, memory: SparseMemory): Promise<void> {
  let base = 0
  let ended = false
  for await (const lines of linesOf(source)) {
    for (const line of lines) {
      if (ended) throw new FormatError('trailing-bytes', line.offset, 'behind the end record')
      const { type, address, bytes } = parseHexRecord(line)
      if (type === recordTypes.data) memory.write(base + address, bytes, line.offset)
      else if (type === recordTypes.segment) base = ((bytes[0]! << 8) | bytes[1]!) * 16
      else if (type === recordTypes.linear) base = ((bytes[0]! << 8) | bytes[1]!) * 0x1_0000
      else if (type === recordTypes.end) ended = true
    }
  }
  if (!ended) throw new FormatError('truncated', source.size ?? 0, 'no end record')
}

export const intelHex: ArchiveForm = {
  name: 'intel-hex',
  access: 'forward',
  headOctets: 1_024,
  leftover: 'meaningless',
  recognise: recognisedBy({ at: 0, octets: [0x3a] }, (head) => {
    const line = firstLine(head)
    return line !== undefined && parseHexRecord(line).type >= 0
  }),
  members: (source) => memoryMembers((memory) => fillIntelHex(source, memory)),
}
