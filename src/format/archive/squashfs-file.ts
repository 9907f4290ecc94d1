// SPDX-License-Identifier: Apache-2.0
import { FormatError } from '../format-error.ts'
import type { ArchiveTools } from './archive.ts'
import type { ByteSource } from './byte-source.ts'
import { readExactly } from './fields.ts'
import { giveBack } from './give-back.ts'
import type { Fragments } from './squashfs-fragments.ts'
import type { FileInode } from './squashfs-inode.ts'
import type { Superblock } from './squashfs-superblock.ts'

/** How many octets of blocks are unpacked ahead of who reads on, and how many blocks at least. */
const aheadOctets = 1_048_576
const aheadBlocks = 4
/** Blocks that stay unpacked behind: who looks at the end of a file comes back to its beginning. */
const keptBlocks = 4

const storedMask = 0xff_ffff
const notPacked = 0x100_0000

export interface Volume {
  /** One that is read in turns. */
  readonly source: ByteSource
  readonly tools: ArchiveTools
  readonly superblock: Superblock
  readonly fragments: Fragments
}

/**
 * The content of a file of squashfs: each block is unpacked by itself, the next ones while this one is looked at.
 *
 * @throws FormatError `value-not-allowed` if a block is stored in more than a block
 */
export function squashfsFile(volume: Volume, inode: FileInode): ByteSource {
  const { blockOctets, used } = volume.superblock
  const { size, blocks, fragment } = inode
  const starts = startsOf(inode, blockOctets, used)
  const ahead = Math.max(aheadBlocks, Math.floor(aheadOctets / blockOctets))
  /** Unpacked, or being so; those that were asked for last stand last. */
  const known = new Map<number, Promise<Uint8Array>>()
  let last = -1

  const expected = (index: number) => Math.min(blockOctets, size - index * blockOctets)

  async function unpacked(index: number): Promise<Uint8Array> {
    if (index >= blocks.length) return await fragmentOf(volume, inode)
    const word = blocks[index]!
    const wanted = expected(index)
    const bytes = await readExactly(volume.source, starts[index]!, word & storedMask)
    const whole =
      (word & notPacked) !== 0
        ? bytes
        : await volume.tools.unpack(volume.superblock.compression, bytes, blockOctets)
    if (whole.length !== wanted)
      throw new FormatError(
        'value-not-allowed',
        starts[index]!,
        `a block of ${whole.length} octets where ${wanted} belong`,
      )
    return whole
  }

  function begin(index: number): Promise<Uint8Array> {
    let block = known.get(index)
    if (block === undefined) {
      block = unpacked(index)
      // Whoever comes to read it gets the error; until then nobody waits for it.
      block.catch(() => undefined)
    } else known.delete(index)
    known.set(index, block)
    const [oldest] = known
    if (oldest === undefined || known.size <= ahead + keptBlocks) return block
    known.delete(oldest[0])
    // Nobody looks at it any more: a reader has what it asked for last, and that is the youngest but those ahead. What
    // stands at the end of many files is not of one alone.
    if (oldest[0] < blocks.length) oldest[1].then(giveBack, () => undefined)
    return block
  }

  async function blockAt(index: number): Promise<Uint8Array> {
    const block = blocks[index] === 0 ? new Uint8Array(expected(index)) : begin(index)
    const all = blocks.length + (fragment === undefined ? 0 : 1)
    // Only for who reads on: what is unpacked for who looks here and there is unpacked in vain.
    if (index === last + 1 && index > 0)
      for (let next = index + 1; next <= index + ahead && next < all; next++)
        if (blocks[next] !== 0) begin(next)
    last = index
    return await block
  }

  async function read(at: number, wanted: number): Promise<Uint8Array> {
    const length = Math.max(0, Math.min(wanted, size - at))
    if (length === 0) return new Uint8Array()
    const first = Math.floor(at / blockOctets)
    const last = Math.floor((at + length - 1) / blockOctets)
    if (first === last) {
      const within = at - first * blockOctets
      return (await blockAt(first)).subarray(within, within + length)
    }
    const bytes = new Uint8Array(length)
    for (let index = first; index <= last; index++) {
      const block = await blockAt(index)
      const start = index * blockOctets - at
      bytes.set(
        start < 0 ? block.subarray(-start) : block.subarray(0, length - start),
        Math.max(0, start),
      )
    }
    return bytes
  }

  return {
    size,
    read,
    dataFrom(at) {
      let index = Math.floor(at / blockOctets)
      if (index >= blocks.length || blocks[index] !== 0) return Math.min(at, size)
      while (index < blocks.length && blocks[index] === 0) index++
      return Math.min(size, index * blockOctets)
    },
  }
}

/** Where each block begins: they lie behind each other. */
function startsOf({ blocks, start }: FileInode, blockOctets: number, used: number): Float64Array {
  const starts = new Float64Array(blocks.length)
  let at = start
  for (let index = 0; index < blocks.length; index++) {
    const length = blocks[index]! & storedMask
    if (length > blockOctets)
      throw new FormatError('value-not-allowed', at, `a block stored in ${length} octets`)
    starts[index] = at
    at += length
  }
  if (at > used) throw new FormatError('truncated', at, 'blocks beyond the end of squashfs')
  return starts
}

async function fragmentOf(volume: Volume, { size, blocks, fragment }: FileInode) {
  const length = size - blocks.length * volume.superblock.blockOctets
  const block = await volume.fragments.block(fragment!.index)
  const bytes = block.subarray(fragment!.offset, fragment!.offset + length)
  if (bytes.length < length)
    throw new FormatError('value-not-allowed', fragment!.offset, 'a tail beyond its fragment')
  return bytes
}
