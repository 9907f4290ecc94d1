// SPDX-License-Identifier: Apache-2.0
/** squashfs 4.0, read only as it always is. */
import { FormatError } from '../format-error.ts'
import type { ArchiveForm, ArchiveTools, Member, Unread } from './archive.ts'
import { type ByteSource, inTurns } from './byte-source.ts'
import { nameOf, u16le, u32le } from './fields.ts'
import { archiveLimits } from './limits.ts'
import { afterZeros, trailing } from './rest.ts'
import { squashfsFile, type Volume } from './squashfs-file.ts'
import { Fragments } from './squashfs-fragments.ts'
import { type Inode, readInode } from './squashfs-inode.ts'
import { Metadata } from './squashfs-metadata.ts'
import { isSquashfs, parseSuperblock, superblockOctets } from './squashfs-superblock.ts'

export const squashfs: ArchiveForm = {
  name: 'squashfs',
  access: 'ranged',
  headOctets: superblockOctets,
  recognise: isSquashfs,
  members,
}

interface Entry {
  readonly path: string
  /** Where its inode lies: a block, counted from the table of inodes, and an offset into it. */
  readonly block: number
  readonly offset: number
}

async function* members(
  container: ByteSource,
  tools: ArchiveTools,
): AsyncGenerator<Member | Unread> {
  const source = inTurns(container)
  const superblock = parseSuperblock(await source.read(0, superblockOctets))
  if (source.size !== undefined && superblock.used > source.size)
    yield unread('', source.size, `${superblock.used} octets are said, ${source.size} are there`)
  const metadata = new Metadata(source, tools, superblock)
  const fragments = new Fragments(source, tools, metadata, superblock)
  yield* tree({ source, tools, superblock, fragments }, metadata)
  const rest = await afterZeros(source, superblock.used)
  if (rest !== undefined) yield trailing(source, rest)
}

async function* tree(volume: Volume, metadata: Metadata): AsyncGenerator<Member | Unread> {
  const { root, inodeTable, blockOctets, inodes } = volume.superblock
  /** Where an inode was met first: a name, where it says that it has several. */
  const met = new Map<number, string>()
  const open: AsyncGenerator<Entry>[] = []

  const inodeOf = async ({ block, offset }: Pick<Entry, 'block' | 'offset'>) =>
    await readInode(metadata.at(inodeTable + block, offset), blockOctets)

  const rootAt = { block: Math.floor(root / 0x1_0000), offset: root % 0x1_0000 }
  const rootInode = await inodeOf(rootAt)
  if (rootInode.kind !== 'directory')
    throw new FormatError('value-not-allowed', inodeTable, 'the root is no directory')
  met.set(root, '')
  open.push(listing(volume, metadata, rootInode, ''))
  while (open.length > 0) {
    let entry: Entry | undefined
    try {
      const next = await open.at(-1)!.next()
      if (next.done !== true) entry = next.value
    } catch (error) {
      yield unread('', undefined, `a directory: ${messageOf(error)}`)
    }
    if (entry === undefined) {
      open.pop()
      continue
    }
    const id = entry.block * 0x1_0000 + entry.offset
    const first = met.get(id)
    // Several names of one file are told once: thousands of names of one large file are an old trick.
    if (first !== undefined) {
      yield { ...linkTo(first), name: entry.path }
      continue
    }
    if (met.size >= inodes) {
      yield unread(entry.path, undefined, `more than the ${inodes} inodes that squashfs says`)
      continue
    }
    let inode: Inode
    try {
      inode = await inodeOf(entry)
    } catch (error) {
      yield unread(entry.path, undefined, messageOf(error))
      continue
    }
    met.set(id, inode.kind === 'file' && inode.names > 1 ? entry.path : '')
    yield memberOf(volume, entry.path, inode)
    if (inode.kind !== 'directory') continue
    if (open.length >= archiveLimits.depth)
      yield unread(entry.path, undefined, `over ${archiveLimits.depth} directories deep`)
    else open.push(listing(volume, metadata, inode, `${entry.path}/`))
  }
}

function memberOf(volume: Volume, path: string, inode: Inode): Member | Unread {
  const common = { kind: 'member', name: path, offset: undefined, content: undefined } as const
  switch (inode.kind) {
    case 'directory':
      return { ...common, type: 'directory' }
    case 'link':
      return { ...common, type: 'link', target: nameOf(inode.target) }
    case 'special':
      return { ...common, type: 'special' }
    case 'file':
      try {
        const offset = inode.blocks.length > 0 ? inode.start : undefined
        return { ...common, type: 'file', offset, content: squashfsFile(volume, inode) }
      } catch (error) {
        return unread(path, undefined, messageOf(error))
      }
  }
}

/** Names of a directory, in their order: headers that share a block of inodes, each with up to 256 entries. */
async function* listing(
  volume: Volume,
  metadata: Metadata,
  { size, block, offset }: Extract<Inode, { kind: 'directory' }>,
  parent: string,
): AsyncGenerator<Entry> {
  const { directoryTable } = volume.superblock
  if (size > archiveLimits.directoryOctets)
    throw new FormatError('too-large', directoryTable + block, `a directory of ${size} octets`)
  if (size === 0) return
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
      const inodeOffset = u16le(entry, 0)
      const length = u16le(entry, 6) + 1
      left -= 8 + length
      if (left < 0 || length > 256)
        throw new FormatError('value-not-allowed', cursor.position, 'a directory over its end')
      const name = nameOf(await cursor.take(length))
      yield { path: parent + name, block: start, offset: inodeOffset }
    }
  }
}

function linkTo(first: string): Omit<Member, 'name'> {
  return { kind: 'member', type: 'link', offset: undefined, content: undefined, target: first }
}

function messageOf(error: unknown): string {
  if (error instanceof FormatError) return error.message
  throw error
}

function unread(name: string, offset: number | undefined, because: string): Unread {
  return { kind: 'unread', name, offset, because }
}
