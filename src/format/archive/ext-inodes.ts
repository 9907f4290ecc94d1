// SPDX-License-Identifier: Apache-2.0
import { FormatError } from '../format-error.ts'
import type { ByteSource } from './byte-source.ts'
import type { ExtSuperblock } from './ext-superblock.ts'
import { readExactly, u16le, u32le } from './fields.ts'

/** An image, and what its superblock says. */
export interface ExtVolume {
  /** One that is read in turns. */
  readonly source: ByteSource
  readonly superblock: ExtSuperblock
}

/** What is kept of an inode. */
export interface ExtInode {
  readonly number: number
  readonly mode: number
  readonly size: number
  readonly names: number
  readonly flags: number
  /** `i_block`: a map, extents, a short target or short content. */
  readonly map: Uint8Array
  /** The whole of it. */
  readonly bytes: Uint8Array
}

/** `i_flags` that say how to read. */
export const inodeFlags = {
  compressed: 0x4,
  encrypted: 0x800,
  extents: 0x8_0000,
  inlineData: 0x1000_0000,
} as const

/** Tables that are kept, one a group: usually an inode is asked for after its neighbour. */
const keptTables = 64

/**
 * Where inodes lie, group by group.
 *
 * @see the Linux kernel's Documentation/filesystems/ext4/{group_descr,inodes}.rst
 */
export class ExtInodes {
  readonly #volume: ExtVolume
  readonly #tables = new Map<number, number>()

  constructor(volume: ExtVolume) {
    this.#volume = volume
  }

  /** @throws FormatError if there is no such inode, or its table lies outside */
  async read(number: number): Promise<ExtInode> {
    const { source, superblock } = this.#volume
    if (number < 1 || number > superblock.inodes)
      throw new FormatError('value-not-allowed', 0, `inode ${number} of ${superblock.inodes}`)
    const group = Math.floor((number - 1) / superblock.inodesPerGroup)
    const index = (number - 1) % superblock.inodesPerGroup
    const at = (await this.#table(group)) * superblock.blockOctets + index * superblock.inodeOctets
    const bytes = await readExactly(source, at, superblock.inodeOctets)
    const mode = u16le(bytes, 0)
    // Where the upper half of a size is, directories of old ext2 have something else, and none is as large.
    const upper = (mode & 0o170000) === 0o040000 ? 0 : u32le(bytes, 108)
    const size = u32le(bytes, 4) + upper * 0x1_0000_0000
    if (!Number.isSafeInteger(size)) throw new FormatError('too-large', at, 'a size of over 2^53')
    return {
      ...{ number, mode, size, bytes, map: bytes.subarray(40, 100) },
      names: u16le(bytes, 26),
      flags: u32le(bytes, 32),
    }
  }

  /** The block at which the table of inodes of a group begins. */
  async #table(group: number): Promise<number> {
    const known = this.#tables.get(group)
    if (known !== undefined) return known
    const { source, superblock } = this.#volume
    const { descriptorOctets, blockOctets } = superblock
    const perBlock = Math.floor(blockOctets / descriptorOctets)
    const block = descriptorBlock(superblock, Math.floor(group / perBlock), perBlock)
    const at = block * blockOctets + (group % perBlock) * descriptorOctets
    const bytes = await readExactly(source, at, descriptorOctets)
    const upper = descriptorOctets >= 64 ? u32le(bytes, 40) : 0
    const table = u32le(bytes, 8) + upper * 0x1_0000_0000
    if (table >= superblock.blocks)
      throw new FormatError('value-not-allowed', at, `inodes in block ${table}`)
    if (this.#tables.size >= keptTables) this.#tables.clear()
    this.#tables.set(group, table)
    return table
  }
}

/** The block in which the n-th block of group descriptors lies. */
function descriptorBlock(superblock: ExtSuperblock, n: number, perBlock: number): number {
  const { firstBlock, firstMetaGroup, blocksPerGroup } = superblock
  if (firstMetaGroup === undefined || n < firstMetaGroup) return firstBlock + 1 + n
  const group = n * perBlock
  return firstBlock + group * blocksPerGroup + (hasCopy(superblock, group) ? 1 : 0)
}

/** Whether a group begins with a copy of the superblock: 0, 1, and powers of 3, 5 and 7, if they are few. */
function hasCopy({ fewCopies }: ExtSuperblock, group: number): boolean {
  if (!fewCopies || group <= 1) return true
  return [3, 5, 7].some((base) => {
    let power = base
    while (power < group) power *= base
    return power === group
  })
}
