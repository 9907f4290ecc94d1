// SPDX-License-Identifier: Apache-2.0
/** ext2, ext3 and ext4, read without writing anything back: the journal is not replayed. */
import { FormatError } from '../format-error.ts'
import type { ArchiveForm, Member, Unread } from './archive.ts'
import { type ByteSource, inTurns, memorySource } from './byte-source.ts'
import { extentsOf } from './ext-blocks.ts'
import { directoryEntries, entriesIn } from './ext-directory.ts'
import { inlineData } from './ext-inline.ts'
import { type ExtInode, ExtInodes, type ExtVolume, inodeFlags } from './ext-inodes.ts'
import {
  extSuperblockAt,
  extSuperblockOctets,
  isExt,
  parseExtSuperblock,
} from './ext-superblock.ts'
import { extentSource } from './extents.ts'
import { type FileNode, type TreeEntry, walkTree } from './file-tree.ts'
import { archiveLimits } from './limits.ts'
import { afterZeros, trailing } from './rest.ts'

export const ext: ArchiveForm = {
  name: 'ext',
  access: 'ranged',
  headOctets: extSuperblockAt + extSuperblockOctets,
  recognise: isExt,
  members,
}

const rootInode = 2
/** Of `i_map`: the number of the directory above, in a directory whose entries lie in its inode. */
const parentOctets = 4
const mapOctets = 60

async function* members(container: ByteSource): AsyncGenerator<Member | Unread> {
  const source = inTurns(container)
  const superblock = parseExtSuperblock(await source.read(extSuperblockAt, extSuperblockOctets))
  const octets = superblock.blocks * superblock.blockOctets
  if (source.size !== undefined && octets > source.size)
    yield unread(`it says that it has ${octets} octets, ${source.size} are there`, source.size)
  if (superblock.unwritten) yield unread('its journal holds changes that were not written back', 0)
  const volume = { source, superblock }
  const inodes = new ExtInodes(volume)
  const open = async (inode: number) => await nodeOf(volume, await inodes.read(inode))
  yield* walkTree({ root: rootInode, inodes: superblock.inodes, open })
  const rest = await afterZeros(source, octets)
  if (rest !== undefined) yield trailing(source, rest)
}

async function nodeOf(volume: ExtVolume, inode: ExtInode): Promise<FileNode> {
  const { flags, names, size } = inode
  const type = inode.mode & 0o170000
  if ((flags & inodeFlags.encrypted) !== 0) return { kind: 'unread', because: 'it is encrypted' }
  if ((flags & inodeFlags.compressed) !== 0)
    return { kind: 'unread', because: 'it is compressed by the file system, which is not unpacked' }
  switch (type) {
    case 0o040000: {
      const entries = await entriesOf(volume, inode)
      return { kind: 'directory', entries }
    }
    case 0o120000:
      return { kind: 'link', target: await targetOf(volume, inode) }
    case 0o100000: {
      if ((flags & inodeFlags.inlineData) !== 0)
        return { kind: 'file', names, offset: undefined, content: memorySource(inlineData(inode)) }
      const extents = await extentsOf(volume, inode)
      const content = extentSource(volume.source, size, extents)
      const [first] = extents
      const offset = first?.at === 0 && first.length === size ? first.from : undefined
      return { kind: 'file', names, offset, content }
    }
    case 0o020000:
    case 0o060000:
    case 0o010000:
    case 0o140000:
      return { kind: 'special' }
  }
  return { kind: 'unread', because: `inode ${inode.number} has no known type` }
}

async function entriesOf(
  volume: ExtVolume,
  inode: ExtInode,
): Promise<() => AsyncGenerator<TreeEntry>> {
  if ((inode.flags & inodeFlags.inlineData) === 0) {
    const content = extentSource(volume.source, inode.size, await extentsOf(volume, inode))
    return () => directoryEntries(content, volume.superblock.blockOctets)
  }
  const bytes = inlineData(inode)
  return async function* inlineEntries() {
    // Both places are blocks of their own: no entry reaches from one into the other.
    yield* entriesIn(bytes.subarray(parentOctets, Math.min(mapOctets, bytes.length)))
    yield* entriesIn(bytes.subarray(mapOctets))
  }
}

/** Where a link leads: in the inode where it fits into the map's place, else in a block. */
async function targetOf(volume: ExtVolume, inode: ExtInode): Promise<Uint8Array> {
  if (inode.size > archiveLimits.nameOctets)
    throw new FormatError('too-large', 0, `a link of ${inode.size} octets`)
  if ((inode.flags & inodeFlags.inlineData) !== 0) return inlineData(inode)
  if ((inode.flags & inodeFlags.extents) === 0 && inode.size < mapOctets)
    return inode.map.slice(0, inode.size)
  const content = extentSource(volume.source, inode.size, await extentsOf(volume, inode))
  return (await content.read(0, inode.size)).slice()
}

function unread(because: string, offset: number): Unread {
  return { kind: 'unread', name: '', offset, because }
}
