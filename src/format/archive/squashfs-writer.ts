// SPDX-License-Identifier: Apache-2.0
/** Writes a squashfs 4.0 of files and directories: what RAUC's bundles are made of. The same input, the same octets. */
import { compareBytes, concatBytes } from '../bytes.ts'
import { FormatError } from '../format-error.ts'
import type { ByteSource } from './byte-source.ts'
import { readExactly } from './fields.ts'
import { superblockOctets } from './squashfs-superblock.ts'
import {
  encodeDirectoryInode,
  encodeFileInode,
  encodeListing,
  encodeTables,
  type ListedEntry,
  Table,
} from './squashfs-tables.ts'

export interface FileToPack {
  readonly kind: 'file'
  readonly name: string
  readonly content: ByteSource
  readonly executable: boolean
}

export interface DirectoryToPack {
  readonly kind: 'directory'
  readonly name: string
  readonly entries: readonly EntryToPack[]
}

export type EntryToPack = FileToPack | DirectoryToPack

export interface SquashfsWish {
  /** What is in the root. */
  readonly entries: readonly EntryToPack[]
  /** Seconds since 1970, of all that is in it. */
  readonly modifiedAt: number
  /** Packs a block by zlib (RFC 1950); absent: nothing is packed. What does not become smaller stays as it is. */
  readonly pack?: (block: Uint8Array) => Promise<Uint8Array>
  /** A power of two from 4 KiB to 1 MiB; absent: 128 KiB, as mksquashfs. */
  readonly blockOctets?: number
  /** The image is made at least so large, by zeros at its end. */
  readonly atLeast?: number
}

/** Octets, and where they belong in the image; they are the caller's until it asks for the next. */
export interface PlacedOctets {
  readonly at: number
  readonly bytes: Uint8Array
}

/** What the image is a multiple of: loop devices and hash trees count in these. */
export const squashfsPadding = 4_096
const notPacked = 0x100_0000
/** A directory with more is none that somebody updates devices with. */
const mostEntries = 65_536
const utf8 = new TextEncoder()

/**
 * The image, piece by piece, in the order of its octets but for the superblock, which comes last; zeros at its end
 * make it a multiple of 4 KiB.
 *
 * Owners are root, rights 0755 and 0644, blocks of zeros holes, links and devices are not packed.
 *
 * @throws FormatError `value-not-allowed` for a name that cannot be, `truncated` where a file ends before its size
 */
export async function* writeSquashfs(wish: SquashfsWish): AsyncGenerator<PlacedOctets> {
  const blockOctets = wish.blockOctets ?? 131_072
  const all = { ...wish, blockOctets, inodes: new Table(), directories: new Table() }
  const numbers = numbered({ kind: 'directory', name: '', entries: wish.entries })
  let at = superblockOctets
  const files = new Map<FileToPack, PackedFile>()
  for (const entry of numbers.keys()) {
    if (entry.kind === 'directory') continue
    const file = { start: at, size: sizeOf(entry), blocks: [] as number[] }
    for await (const { word, bytes } of blocksOf(entry, all)) {
      file.blocks.push(word)
      if (bytes.length > 0) yield { at, bytes }
      at += bytes.length
    }
    files.set(entry, file)
  }
  const [root] = numbers.keys()
  if (root?.kind !== 'directory') throw new TypeError('the root is a directory')
  const { place } = writeDirectory(root, numbers.size + 1, { all, numbers, files })
  const { tables, superblock, used } = encodeTables(at, {
    inodes: numbers.size,
    modifiedAt: wish.modifiedAt,
    blockOctets,
    packed: wish.pack !== undefined,
    root: place,
    inodeTable: all.inodes.encode(),
    directoryTable: all.directories.encode(),
  })
  const whole = Math.ceil(Math.max(used, wish.atLeast ?? 0) / squashfsPadding) * squashfsPadding
  const padding = new Uint8Array(whole - used)
  yield { at, bytes: concatBytes([tables, padding]) }
  yield { at: 0, bytes: superblock }
}

interface PackedFile {
  readonly start: number
  readonly size: number
  readonly blocks: readonly number[]
}

interface Writing {
  readonly all: SquashfsWish & { readonly inodes: Table; readonly directories: Table }
  readonly numbers: ReadonlyMap<EntryToPack, number>
  readonly files: ReadonlyMap<FileToPack, PackedFile>
}

/** Every entry with the number of its inode, the root first, directories before what is in them. */
function numbered(root: DirectoryToPack): Map<EntryToPack, number> {
  const numbers = new Map<EntryToPack, number>()
  const open: EntryToPack[] = [root]
  for (let entry = open.pop(); entry !== undefined; entry = open.pop()) {
    numbers.set(entry, numbers.size + 1)
    if (numbers.size > mostEntries)
      throw new FormatError('too-many', 0, `at most ${mostEntries} files are packed`)
    if (entry.kind === 'directory') open.push(...inOrder(entry.entries).toReversed())
  }
  return numbers
}

/** By the octets of their names, as whoever looks one up relies on. */
function inOrder(entries: readonly EntryToPack[]): EntryToPack[] {
  const named = entries.map((entry) => ({ entry, name: nameOf(entry.name) }))
  named.sort((left, right) => compareBytes(left.name, right.name))
  const twice = named.find(({ entry }, index) => entry.name === named[index + 1]?.entry.name)
  if (twice !== undefined)
    throw new FormatError('value-not-allowed', 0, `the name "${twice.entry.name}" stands twice`)
  return named.map(({ entry }) => entry)
}

function nameOf(name: string): Uint8Array {
  const bytes = utf8.encode(name)
  if (/[/\0]/.test(name) || ['', '.', '..'].includes(name) || bytes.length > 256)
    throw new FormatError('value-not-allowed', 0, `"${name}" is no name of a file`)
  return bytes
}

function sizeOf({ name, content: { size } }: FileToPack): number {
  if (size === undefined) throw new FormatError('value-not-allowed', 0, `${name} has no size`)
  return size
}

async function* blocksOf(
  file: FileToPack,
  { blockOctets, pack }: SquashfsWish & { readonly blockOctets: number },
): AsyncGenerator<{ word: number; bytes: Uint8Array }> {
  const size = sizeOf(file)
  for (let at = 0; at < size; at += blockOctets) {
    const block = await readExactly(file.content, at, Math.min(blockOctets, size - at))
    // The last one of a file may not be a hole: not every reader takes it for one.
    if (block.length === blockOctets && isZeros(block)) {
      yield { word: 0, bytes: new Uint8Array() }
      continue
    }
    const packed = await pack?.(block)
    if (packed !== undefined && packed.length < block.length)
      yield { word: packed.length, bytes: packed }
    else yield { word: block.length | notPacked, bytes: block }
  }
}

function isZeros(block: Uint8Array): boolean {
  // Mostly the first octet decides.
  if (block[0] !== 0) return false
  const words = new Float64Array(block.slice().buffer)
  return words.every((word) => Object.is(word, 0))
}

/** What is in a directory before itself, so that it knows where their inodes lie. */
function writeDirectory(directory: DirectoryToPack, parent: number, writing: Writing): ListedEntry {
  const { all, numbers } = writing
  const number = numbers.get(directory)!
  const listed = inOrder(directory.entries).map((entry) =>
    entry.kind === 'directory' ? writeDirectory(entry, number, writing) : writeFile(entry, writing),
  )
  const listing = encodeListing(listed)
  const where = { ...all.directories.add(listing), octets: listing.length }
  const directories = listed.filter(({ kind }) => kind === 'directory').length
  const inode = { mode: 0o755, modifiedAt: all.modifiedAt, number }
  const place = all.inodes.add(encodeDirectoryInode(inode, where, { directories, parent }))
  return { name: utf8.encode(directory.name), kind: 'directory', number, place }
}

function writeFile(file: FileToPack, { all, numbers, files }: Writing): ListedEntry {
  const number = numbers.get(file)!
  const mode = file.executable ? 0o755 : 0o644
  const inode = { mode, modifiedAt: all.modifiedAt, number }
  const place = all.inodes.add(encodeFileInode(inode, files.get(file)!))
  return { name: utf8.encode(file.name), kind: 'file', number, place }
}
