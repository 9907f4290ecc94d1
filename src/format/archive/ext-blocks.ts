// SPDX-License-Identifier: Apache-2.0
/** Where the blocks of a file of ext2-4 lie: maps of blocks, and trees of extents. */
import { FormatError } from '../format-error.ts'
import { type ExtInode, type ExtVolume, inodeFlags } from './ext-inodes.ts'
import type { Extent } from './extents.ts'
import { readExactly, u16le, u32le } from './fields.ts'
import { archiveLimits } from './limits.ts'

/** Blocks of maps, or nodes of a tree, that are read for one file: enough for the largest of usual ones. */
const mostNodes = 65_536
/** The kernel's own bound on the depth of a tree of extents. */
const deepest = 5
const headerOctets = 12
const entryOctets = 12

/** The file's pieces in ascending order; those that were set aside but never written are holes. */
export async function extentsOf(volume: ExtVolume, inode: ExtInode): Promise<Extent[]> {
  const pieces = new Pieces(volume, inode)
  if ((inode.flags & inodeFlags.extents) !== 0) await fromTree(pieces, inode.map, deepest + 1, 0)
  else await fromMap(pieces, inode)
  return pieces.extents
}

/** Joins what lies together, and counts what it costs. */
class Pieces {
  readonly extents: Extent[] = []
  readonly #volume: ExtVolume
  readonly #size: number
  #nodes = 0
  /** The first block that may come next: one that comes twice would be a circle, or a lie. */
  #next = 0

  constructor(volume: ExtVolume, inode: ExtInode) {
    this.#volume = volume
    this.#size = inode.size
  }

  get blocks(): number {
    return Math.ceil(this.#size / this.#volume.superblock.blockOctets)
  }

  get blockOctets(): number {
    return this.#volume.superblock.blockOctets
  }

  /** `count` blocks of the file from `block` on, which lie at block `from`. */
  add(block: number, count: number, from: number): void {
    const { blockOctets, blocks } = this.#volume.superblock
    if (block < this.#next)
      throw new FormatError(
        'value-not-allowed',
        from * blockOctets,
        'blocks of a file out of order',
      )
    if (from === 0 || from + count > blocks)
      throw new FormatError('value-not-allowed', from * blockOctets, 'a block outside of the image')
    this.#next = block + count
    const at = block * blockOctets
    const length = Math.min(count * blockOctets, this.#size - at)
    if (length <= 0) return
    const last = this.extents.at(-1)
    if (
      last !== undefined &&
      last.at + last.length === at &&
      last.from + last.length === from * blockOctets
    )
      this.extents[this.extents.length - 1] = { ...last, length: last.length + length }
    else this.extents.push({ at, length, from: from * blockOctets })
    if (this.extents.length > archiveLimits.pieces)
      throw new FormatError('too-many', at, `a file in over ${archiveLimits.pieces} pieces`)
  }

  /** Blocks that are set aside: they come in order, too, but hold nothing. */
  pass(block: number, count: number): void {
    if (block < this.#next) throw new FormatError('value-not-allowed', 0, 'extents out of order')
    this.#next = block + count
  }

  /** A block of a map, or of a tree. */
  async node(block: number): Promise<Uint8Array> {
    const { blockOctets, blocks } = this.#volume.superblock
    if (block === 0 || block >= blocks)
      throw new FormatError(
        'value-not-allowed',
        block * blockOctets,
        'a block outside of the image',
      )
    if (++this.#nodes > mostNodes)
      throw new FormatError('too-many', block * blockOctets, `over ${mostNodes} blocks of a map`)
    return await readExactly(this.#volume.source, block * blockOctets, blockOctets)
  }
}

/** Twelve blocks, then a block of blocks, of blocks of them, and of blocks of those. */
async function fromMap(pieces: Pieces, { map }: ExtInode): Promise<void> {
  for (let index = 0; index < 12; index++) addOne(pieces, index, u32le(map, 4 * index))
  const each = pieces.blockOctets / 4
  let block = 12
  for (let level = 1; level <= 3; level++) {
    await indirect(pieces, u32le(map, 4 * (11 + level)), level, block)
    block += each ** level
  }
}

async function indirect(pieces: Pieces, from: number, level: number, block: number): Promise<void> {
  if (from === 0 || block >= pieces.blocks) return
  const node = await pieces.node(from)
  const below = (pieces.blockOctets / 4) ** (level - 1)
  for (let index = 0; index < pieces.blockOctets / 4; index++) {
    const [next, number] = [u32le(node, 4 * index), block + index * below]
    if (level === 1) addOne(pieces, number, next)
    else await indirect(pieces, next, level - 1, number)
  }
}

function addOne(pieces: Pieces, block: number, from: number): void {
  if (from !== 0 && block < pieces.blocks) pieces.add(block, 1, from)
}

/** @param above the depth of the node over this one: each is one less, so that no tree leads back into itself */
async function fromTree(
  pieces: Pieces,
  node: Uint8Array,
  above: number,
  at: number,
): Promise<void> {
  const [entries, depth] = [u16le(node, 2), u16le(node, 6)]
  if (
    u16le(node, 0) !== 0xf30a ||
    depth >= above ||
    headerOctets + entries * entryOctets > node.length
  )
    throw new FormatError('value-not-allowed', at, 'a node of extents')
  for (let index = 0; index < entries; index++) {
    const entry = node.subarray(headerOctets + index * entryOctets)
    const block = u32le(entry, 0)
    if (depth > 0) {
      const below = u32le(entry, 4) + u16le(entry, 8) * 0x1_0000_0000
      const next = await pieces.node(below)
      await fromTree(pieces, next, depth, below * pieces.blockOctets)
      continue
    }
    const length = u16le(entry, 4)
    // Over 32,768: that many less, and not written yet.
    if (length > 0x8000) pieces.pass(block, length - 0x8000)
    else pieces.add(block, length, u32le(entry, 8) + u16le(entry, 6) * 0x1_0000_0000)
  }
}
