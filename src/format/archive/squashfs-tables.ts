// SPDX-License-Identifier: Apache-2.0
/** The tables of a squashfs that is written: inodes, directories, owners; none of them packed, each a few kB. */
import { concatBytes } from '../bytes.ts'
import { superblockOctets } from './squashfs-superblock.ts'

const metadataOctets = 8_192
/** Set in the word before a block of metadata that is not packed. */
const notPacked = 0x8000
const none32 = 0xffff_ffff
const none64 = 0xffff_ffff_ffff_ffffn

/** Where something lies in a table: its block, counted in octets from the table's beginning, and the offset in it. */
export interface Place {
  readonly block: number
  readonly offset: number
}

/** A table in the making: blocks of 8 KiB behind each other, each behind its word. */
export class Table {
  readonly #parts: Uint8Array[] = []
  #octets = 0

  get place(): Place {
    return {
      block: Math.floor(this.#octets / metadataOctets) * (metadataOctets + 2),
      offset: this.#octets % metadataOctets,
    }
  }

  add(bytes: Uint8Array): Place {
    const { place } = this
    this.#parts.push(bytes)
    this.#octets += bytes.length
    return place
  }

  encode(): Uint8Array {
    const plain = concatBytes(this.#parts)
    const blocks: Uint8Array[] = []
    for (let at = 0; at < plain.length; at += metadataOctets) {
      const block = plain.subarray(at, at + metadataOctets)
      blocks.push(fields([2, block.length | notPacked]), block)
    }
    return concatBytes(blocks)
  }
}

type Field = readonly [octets: 1 | 2 | 4 | 8, value: number | bigint]

/** Little-endian numbers behind each other. */
function fields(...all: readonly Field[]): Uint8Array {
  const bytes = new Uint8Array(all.reduce((sum, [octets]) => sum + octets, 0))
  const view = new DataView(bytes.buffer)
  let at = 0
  for (const [octets, value] of all) {
    if (octets === 1) view.setUint8(at, Number(value))
    else if (octets === 2) view.setUint16(at, Number(value), true)
    else if (octets === 4) view.setUint32(at, Number(value), true)
    else view.setBigUint64(at, BigInt(value), true)
    at += octets
  }
  return bytes
}

/** What every inode begins with; owner and group are the first of the table of ids: root. */
export interface InodeHead {
  /** Rights, without the type. */
  readonly mode: number
  /** Seconds since 1970. */
  readonly modifiedAt: number
  readonly number: number
}

function head(type: number, { mode, modifiedAt, number }: InodeHead): readonly Field[] {
  return [
    ...([
      [2, type],
      [2, mode & 0o7777],
      [2, 0],
      [2, 0],
    ] as const),
    ...([
      [4, modifiedAt],
      [4, number],
    ] as const),
  ]
}

/** @param blocks words of the blocks, as `FileInode` has them */
export function encodeFileInode(
  inode: InodeHead,
  file: { readonly start: number; readonly size: number; readonly blocks: readonly number[] },
): Uint8Array {
  const { start, size, blocks } = file
  const words = new Uint8Array(Uint32Array.from(blocks).buffer)
  const holes = blocks.includes(0)
  if (start < none32 && size < none32 && !holes)
    return concatBytes([
      fields(...head(2, inode), [4, start], [4, none32], [4, 0], [4, size]),
      words,
    ])
  return concatBytes([
    fields(
      ...head(9, inode),
      ...([
        [8, start],
        [8, size],
        [8, 0],
      ] as const),
      ...([
        [4, 1],
        [4, none32],
        [4, 0],
        [4, none32],
      ] as const),
    ),
    words,
  ])
}

export function encodeDirectoryInode(
  inode: InodeHead,
  listing: Place & { readonly octets: number },
  { directories, parent }: { readonly directories: number; readonly parent: number },
): Uint8Array {
  // It counts three octets for `.` and `..`, which are not in it.
  const size = listing.octets + 3
  const { block, offset } = listing
  const links = directories + 2
  if (size <= 0xffff)
    return fields(...head(1, inode), [4, block], [4, links], [2, size], [2, offset], [4, parent])
  return fields(
    ...head(8, inode),
    ...([
      [4, links],
      [4, size],
      [4, block],
      [4, parent],
      [2, 0],
      [2, offset],
      [4, none32],
    ] as const),
  )
}

export interface ListedEntry {
  readonly name: Uint8Array
  readonly kind: 'file' | 'directory'
  readonly number: number
  readonly place: Place
}

/** A directory's listing: headers, each for up to 256 entries whose inodes lie in one block and are counted closely. */
export function encodeListing(sorted: readonly ListedEntry[]): Uint8Array {
  const parts: Uint8Array[] = []
  for (let from = 0; from < sorted.length; ) {
    const first = sorted[from]!
    const count = runFrom(sorted, from)
    parts.push(fields([4, count - 1], [4, first.place.block], [4, first.number]))
    for (const { name, kind, number, place } of sorted.slice(from, from + count)) {
      const type = kind === 'directory' ? 1 : 2
      const difference = (number - first.number) & 0xffff
      parts.push(fields([2, place.offset], [2, difference], [2, type], [2, name.length - 1]), name)
    }
    from += count
  }
  return concatBytes(parts)
}

function runFrom(sorted: readonly ListedEntry[], from: number): number {
  const first = sorted[from]!
  const end = sorted.findIndex(
    ({ place, number }, index) =>
      index > from &&
      (index - from === 256 ||
        place.block !== first.place.block ||
        Math.abs(number - first.number) > 0x7fff),
  )
  return (end < 0 ? sorted.length : end) - from
}

export interface Layout {
  readonly inodes: number
  readonly modifiedAt: number
  readonly blockOctets: number
  readonly packed: boolean
  readonly root: Place
  readonly inodeTable: Uint8Array
  readonly directoryTable: Uint8Array
}

/**
 * All that follows the blocks of data, and the superblock that tells where it lies.
 *
 * The kernel asks that the list of owners ends where the image does.
 *
 * @param at where the tables begin
 */
export function encodeTables(
  at: number,
  layout: Layout,
): { tables: Uint8Array; superblock: Uint8Array; used: number } {
  const { inodeTable, directoryTable, root, blockOctets } = layout
  const directories = at + inodeTable.length
  const ids = new Table()
  ids.add(fields([4, 0]))
  const idBlock = directories + directoryTable.length
  const idTable = ids.encode()
  const idIndex = idBlock + idTable.length
  const used = idIndex + 8
  // Inodes and ids are not packed, there are no fragments and no extended attributes.
  const flags = 0x0001 | 0x0010 | 0x0200 | 0x0800 | (layout.packed ? 0 : 0x0002)
  const superblock = fields(
    ...([
      [4, 0x7371_7368],
      [4, layout.inodes],
      [4, layout.modifiedAt],
      [4, blockOctets],
    ] as const),
    ...([
      [4, 0],
      [2, 1],
      [2, Math.log2(blockOctets)],
      [2, flags],
      [2, 1],
      [2, 4],
      [2, 0],
    ] as const),
    [8, BigInt(root.block) * 0x1_0000n + BigInt(root.offset)],
    ...([
      [8, used],
      [8, idIndex],
      [8, none64],
      [8, at],
      [8, directories],
    ] as const),
    ...([
      [8, none64],
      [8, none64],
    ] as const),
  )
  if (superblock.length !== superblockOctets) throw new TypeError('a superblock of another size')
  const tables = concatBytes([inodeTable, directoryTable, idTable, fields([8, idBlock])])
  return { tables, superblock, used }
}
