// SPDX-License-Identifier: Apache-2.0
import { FormatError } from '../format-error.ts'
import type { ByteSource } from './byte-source.ts'
import { u16le, u32le } from './fields.ts'
import type { TreeEntry } from './file-tree.ts'
import { archiveLimits } from './limits.ts'

const headOctets = 8

/**
 * The names in a directory, block by block; an index of hashes looks like one entry that is not used, and is passed
 * over. Names that were removed are not given.
 *
 * @throws FormatError if an entry leads out of its block
 * @see the Linux kernel's Documentation/filesystems/ext4/directory.rst
 */
export async function* directoryEntries(
  content: ByteSource,
  blockOctets: number,
): AsyncGenerator<TreeEntry> {
  const size = content.size ?? 0
  if (size > archiveLimits.directoryOctets)
    throw new FormatError('too-large', 0, `a directory of ${size} octets`)
  for (let at = 0; at < size; at += blockOctets) {
    if (content.dataFrom !== undefined) {
      const data = content.dataFrom(at)
      if (data >= at + blockOctets) continue
    }
    const block = (await content.read(at, blockOctets)).slice()
    if (block.length < Math.min(blockOctets, size - at))
      throw new FormatError('truncated', at, 'a directory')
    yield* entriesIn(block)
  }
}

/** One block, or what lies in an inode. */
export function* entriesIn(block: Uint8Array): Generator<TreeEntry> {
  for (let at = 0; at + headOctets <= block.length; ) {
    const said = u16le(block, at + 4)
    // A block of 64 KiB does not fit into 16 bits.
    const length = block.length === 65_536 && (said === 0 || said === 65_535) ? 65_536 : said
    const nameLength = block[at + 6]!
    if (length < headOctets || length % 4 !== 0 || at + length > block.length)
      throw new FormatError('value-not-allowed', at, `an entry of ${length} octets in a directory`)
    const inode = u32le(block, at)
    if (inode !== 0) {
      if (headOctets + nameLength > length || nameLength === 0)
        throw new FormatError('value-not-allowed', at, `a name of ${nameLength} octets`)
      const name = block.slice(at + headOctets, at + headOctets + nameLength)
      if (!isSelfOrParent(name)) yield { name, inode }
    }
    at += length
  }
}

function isSelfOrParent(name: Uint8Array): boolean {
  return name[0] === 0x2e && (name.length === 1 || (name.length === 2 && name[1] === 0x2e))
}
