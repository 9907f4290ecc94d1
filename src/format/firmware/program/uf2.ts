// SPDX-License-Identifier: Apache-2.0
/** UF2: blocks of 512 octets, each with up to 476 octets for one address of a device's memory. */
import type { ArchiveForm, Member } from '#format/archive/archive.ts'
import type { ByteSource } from '#format/archive/byte-source.ts'
import { readExactly, u32le } from '#format/archive/fields.ts'
import { FormatError } from '#format/format-error.ts'
import { recognisedBy } from '../recognised-by.ts'
import { nameOfAddress } from './memory-members.ts'

export interface Uf2Block {
  readonly flags: number
  readonly address: number
  readonly size: number
  readonly number: number
  readonly blocks: number
  /** The family of chips, or the size of the file where the flag for families is not set. */
  readonly family: number
}

/** Blocks behind each other for addresses behind each other. */
export interface Uf2Run {
  readonly family: number
  readonly address: number
  /** The index of the first of them in the file, and how many they are. */
  readonly first: number
  count: number
  /** Octets in each; only a run of one may have fewer than its neighbours. */
  readonly blockSize: number
}

export const uf2BlockOctets = 512
const magics = { first: 0x0a32_4655, second: 0x9e5d_5157, last: 0x0ab1_6f30 }
const payloadAt = 32
const mostPayload = 476
export const uf2Flags = { notMainFlash: 0x1, fileContainer: 0x1000, family: 0x2000 } as const
/** A file of a GiB in one order has one run; who scatters more than these does not program a device. */
const mostRuns = 65_536

/**
 * @throws FormatError
 * @see Microsoft uf2, README.md, "File format"
 */
export function parseUf2Block(bytes: Uint8Array, offset: number): Uf2Block {
  if (bytes.length < uf2BlockOctets) throw new FormatError('truncated', offset, 'a block of UF2')
  const marks = [u32le(bytes, 0), u32le(bytes, 4), u32le(bytes, 508)]
  if (marks[0] !== magics.first || marks[1] !== magics.second || marks[2] !== magics.last)
    throw new FormatError('value-not-allowed', offset, 'no block of UF2')
  const block = {
    flags: u32le(bytes, 8),
    address: u32le(bytes, 12),
    size: u32le(bytes, 16),
    number: u32le(bytes, 20),
    blocks: u32le(bytes, 24),
    family: u32le(bytes, 28),
  }
  if (block.size > mostPayload)
    throw new FormatError('value-not-allowed', offset + 16, `${block.size} octets in a block`)
  if (block.number >= block.blocks)
    throw new FormatError('value-not-allowed', offset + 20, `block ${block.number}`)
  return block
}

/**
 * The runs of all blocks for the main flash, in the order of the file.
 *
 * @throws FormatError
 */
export async function parseUf2(source: ByteSource): Promise<readonly Uf2Run[]> {
  const runs: Uf2Run[] = []
  for (let index = 0; ; index++) {
    const at = index * uf2BlockOctets
    const bytes = await source.read(at, uf2BlockOctets)
    if (bytes.length === 0) return runs
    const { flags, address, size, family } = parseUf2Block(bytes, at)
    if ((flags & uf2Flags.notMainFlash) !== 0) continue
    const last = runs.at(-1)
    const next =
      last !== undefined &&
      last.family === family &&
      last.first + last.count === index &&
      last.address + last.count * last.blockSize === address
    if (next && last.blockSize === size) last.count++
    else runs.push({ family, address, first: index, count: 1, blockSize: size })
    if (runs.length > mostRuns) throw new FormatError('too-many', at, `over ${mostRuns} runs`)
  }
}

/** The octets of runs that lie behind each other in the memory. */
export function uf2Source(source: ByteSource, runs: readonly Uf2Run[]): ByteSource {
  const size = runs.reduce((sum, { count, blockSize }) => sum + count * blockSize, 0)
  return {
    size,
    async read(from, wanted) {
      const bytes = new Uint8Array(Math.max(0, Math.min(wanted, size - from)))
      let start = 0
      for (const { first, count, blockSize } of runs) {
        for (
          let at = Math.max(from, start);
          at < Math.min(from + bytes.length, start + count * blockSize);
        ) {
          const index = Math.floor((at - start) / blockSize)
          const skip = (at - start) % blockSize
          const length = Math.min(blockSize - skip, from + bytes.length - at)
          const place = (first + index) * uf2BlockOctets + payloadAt + skip
          bytes.set(await readExactly(source, place, length), at - from)
          at += length
        }
        start += count * blockSize
      }
      return bytes
    },
  }
}

export const uf2: ArchiveForm = {
  name: 'uf2',
  access: 'ranged',
  headOctets: uf2BlockOctets,
  leftover: 'searched',
  recognise: recognisedBy(
    { at: 0, octets: [0x55, 0x46, 0x32, 0x0a] },
    (head) => parseUf2Block(head, 0).size > 0,
  ),
  members,
}

async function* members(source: ByteSource): AsyncGenerator<Member> {
  const runs = (await parseUf2(source)).filter(({ blockSize }) => blockSize > 0)
  const sorted = runs.toSorted(
    (left, right) => left.family - right.family || left.address - right.address,
  )
  const groups: Uf2Run[][] = []
  let end: { readonly family: number; readonly address: number } | undefined
  for (const run of sorted) {
    if (end?.family === run.family && end.address === run.address) groups.at(-1)!.push(run)
    else groups.push([run])
    end = { family: run.family, address: run.address + run.count * run.blockSize }
  }
  for (const group of groups) {
    const { family, address } = group[0]!
    yield {
      ...{ kind: 'member', name: nameOfAddress(address), type: 'file', offset: undefined },
      content: uf2Source(source, group),
      about: `memory of family 0x${family.toString(16).padStart(8, '0')}`,
    }
  }
}
