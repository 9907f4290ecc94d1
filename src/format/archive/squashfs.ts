// SPDX-License-Identifier: Apache-2.0
/** squashfs 4.0, read only as it always is. */
import { FormatError } from '../format-error.ts'
import type { ArchiveForm, ArchiveTools, Member, Unread } from './archive.ts'
import { type ByteSource, inTurns } from './byte-source.ts'
import { u16le, u32le } from './fields.ts'
import { type FileNode, type TreeEntry, walkTree } from './file-tree.ts'
import { archiveLimits } from './limits.ts'
import { afterZeros, trailing } from './rest.ts'
import { squashfsFile, type Volume } from './squashfs-file.ts'
import { Fragments } from './squashfs-fragments.ts'
import { type DirectoryInode, readInode } from './squashfs-inode.ts'
import { Metadata } from './squashfs-metadata.ts'
import { isSquashfs, parseSuperblock, superblockOctets } from './squashfs-superblock.ts'

export const squashfs: ArchiveForm = {
  name: 'squashfs',
  access: 'ranged',
  headOctets: superblockOctets,
  recognise: isSquashfs,
  leftover: 'meaningless',
  members,
}

async function* members(
  container: ByteSource,
  tools: ArchiveTools,
): AsyncGenerator<Member | Unread> {
  const source = inTurns(container)
  const superblock = parseSuperblock(await source.read(0, superblockOctets))
  const { used, root, inodes } = superblock
  if (source.size !== undefined && used > source.size)
    yield {
      ...{ kind: 'unread', name: '', offset: source.size },
      because: `it says that it has ${used} octets, ${source.size} are there`,
    }
  const metadata = new Metadata(source, tools, superblock)
  const fragments = new Fragments(source, tools, metadata, superblock)
  const volume = { source, tools, superblock, fragments }
  yield* walkTree({ root, inodes, open: (inode) => open(volume, metadata, inode) })
  const rest = await afterZeros(source, used)
  if (rest !== undefined) yield trailing(source, rest)
}

/** @param reference 48 bits: a block, counted from the table of inodes, and 16 of an offset into what it gives */
async function open(volume: Volume, metadata: Metadata, reference: number): Promise<FileNode> {
  const { inodeTable, blockOctets } = volume.superblock
  const position = inodeTable + Math.floor(reference / 0x1_0000)
  const inode = await readInode(metadata.at(position, reference % 0x1_0000), blockOctets)
  if (inode.kind === 'directory')
    return { kind: 'directory', entries: () => listing(volume, metadata, inode) }
  if (inode.kind !== 'file') return inode
  const offset = inode.blocks.length > 0 ? inode.start : undefined
  return { kind: 'file', offset, names: inode.names, content: squashfsFile(volume, inode) }
}

/** Names of a directory, in their order: headers that share a block of inodes, each with up to 256 entries. */
async function* listing(
  { superblock: { directoryTable } }: Volume,
  metadata: Metadata,
  { size, block, offset }: DirectoryInode,
): AsyncGenerator<TreeEntry> {
  if (size > archiveLimits.directoryOctets)
    throw new FormatError('too-large', directoryTable + block, `a directory of ${size} octets`)
  const cursor = metadata.at(directoryTable + block, offset)
  for (let left = size; left > 0; ) {
    const header = await cursor.take(12)
    const count = u32le(header, 0) + 1
    const start = u32le(header, 4)
    left -= 12
    if (count > 256)
      throw new FormatError('value-not-allowed', cursor.position, `${count} entries of a header`)
    for (let index = 0; index < count; index++) {
      const entry = await cursor.take(8)
      const inode = start * 0x1_0000 + u16le(entry, 0)
      const length = u16le(entry, 6) + 1
      left -= 8 + length
      if (left < 0 || length > 256)
        throw new FormatError('value-not-allowed', cursor.position, 'a directory over its end')
      yield { name: (await cursor.take(length)).slice(), inode }
    }
  }
}
