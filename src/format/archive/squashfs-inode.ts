// SPDX-License-Identifier: Apache-2.0
import { FormatError } from '../format-error.ts'
import { u16le, u32le, u64le } from './fields.ts'
import { archiveLimits } from './limits.ts'
import type { MetadataCursor } from './squashfs-metadata.ts'

/** No fragment. */
const none = 0xffff_ffff

export interface FileInode {
  readonly kind: 'file'
  readonly size: number
  readonly start: number
  /** Its blocks: octets stored, bit 24 for those that are not packed, 0 for a hole. */
  readonly blocks: Uint32Array
  readonly fragment: { readonly index: number; readonly offset: number } | undefined
  /** How many names it says that it has. */
  readonly names: number
}

export interface DirectoryInode {
  readonly kind: 'directory'
  /** Octets of its listing. */
  readonly size: number
  /** Of the block of its listing, counted from the table of directories. */
  readonly block: number
  readonly offset: number
}

/** What is kept of an inode: whose, when and with which rights does not matter here. */
export type Inode =
  | FileInode
  | DirectoryInode
  | { readonly kind: 'link'; readonly target: Uint8Array }
  | { readonly kind: 'special' }

/**
 * Reads the inode at the cursor.
 *
 * @throws FormatError `value-not-allowed` for a type that there is not, `too-many` for a file of too many blocks
 */
export async function readInode(cursor: MetadataCursor, blockOctets: number): Promise<Inode> {
  const type = u16le(await cursor.take(16), 0)
  switch (type) {
    case 1: {
      const body = await cursor.take(16)
      return directory(u16le(body, 8), u32le(body, 0), u16le(body, 10))
    }
    case 8: {
      const body = await cursor.take(24)
      return directory(u32le(body, 4), u32le(body, 8), u16le(body, 18))
    }
    case 2: {
      const body = await cursor.take(16)
      const [start, size] = [u32le(body, 0), u32le(body, 12)]
      return await file(cursor, blockOctets, start, size, u32le(body, 4), u32le(body, 8), 1)
    }
    case 9: {
      const body = await cursor.take(40)
      const [start, size, names] = [u64le(body, 0), u64le(body, 8), u32le(body, 24)]
      return await file(cursor, blockOctets, start, size, u32le(body, 28), u32le(body, 32), names)
    }
    case 3:
    case 10: {
      const length = u32le(await cursor.take(8), 4)
      if (length > archiveLimits.nameOctets)
        throw new FormatError('too-large', cursor.position, `a link of ${length} octets`)
      return { kind: 'link', target: (await cursor.take(length)).slice() }
    }
  }
  if ((type >= 4 && type <= 7) || (type >= 11 && type <= 14)) return { kind: 'special' }
  throw new FormatError('value-not-allowed', cursor.position, `an inode of type ${type}`)
}

/** A listing's size counts three octets for `.` and `..`, which are not in it. */
function directory(size: number, block: number, offset: number): Inode {
  return { kind: 'directory', size: Math.max(0, size - 3), block, offset }
}

async function file(
  cursor: MetadataCursor,
  blockOctets: number,
  start: number,
  size: number,
  index: number,
  offset: number,
  names: number,
): Promise<FileInode> {
  const fragment = index === none ? undefined : { index, offset }
  const count = fragment ? Math.floor(size / blockOctets) : Math.ceil(size / blockOctets)
  if (count > archiveLimits.pieces)
    throw new FormatError('too-many', cursor.position, `a file of ${count} blocks`)
  const blocks = new Uint32Array(await sizes(cursor, count))
  return { kind: 'file', size, start, blocks, fragment, names }
}

/** Read in pieces, so that a count that lies does not cost memory before the octets are seen. */
async function sizes(cursor: MetadataCursor, count: number): Promise<number[]> {
  const values: number[] = []
  while (values.length < count) {
    const bytes = await cursor.take(4 * Math.min(1_024, count - values.length))
    for (let at = 0; at < bytes.length; at += 4) values.push(u32le(bytes, at))
  }
  return values
}
