// SPDX-License-Identifier: Apache-2.0
import { FormatError } from '../format-error.ts'
import type { Compression } from './archive.ts'
import { isAt, u16le, u32le, u64le } from './fields.ts'

export const superblockOctets = 96

/** What the first 96 octets of a squashfs 4.0 say. */
export interface Superblock {
  readonly compression: Compression
  readonly blockOctets: number
  readonly inodes: number
  readonly fragments: number
  /** Where the root's inode lies: see `InodeReference`. */
  readonly root: number
  /** Octets of the image; what follows is padding, or something else. */
  readonly used: number
  readonly inodeTable: number
  readonly directoryTable: number
  readonly fragmentTable: number
}

/** By their numbers in the superblock. */
const compressions: Record<number, Compression | undefined> = {
  1: 'zlib',
  2: 'lzma',
  4: 'xz',
  5: 'lz4-block',
  6: 'zstd',
}

export function isSquashfs(head: Uint8Array): boolean {
  // Whatever its version and octet order: what is not read is named.
  return isAt(head, 0, 'hsqs') || isAt(head, 0, 'sqsh')
}

/**
 * @throws FormatError `version-unknown` for other versions and big-endian images, `value-not-allowed` for LZO and for
 *   what cannot be
 * @see the Linux kernel's Documentation/filesystems/squashfs.rst and fs/squashfs/squashfs_fs.h, for the layout
 */
export function parseSuperblock(bytes: Uint8Array): Superblock {
  if (bytes.length < superblockOctets) throw new FormatError('truncated', 0, 'a superblock')
  if (isAt(bytes, 0, 'sqsh'))
    throw new FormatError('version-unknown', 0, 'squashfs of big-endian machines, before 4.0')
  const [major, minor] = [u16le(bytes, 28), u16le(bytes, 30)]
  if (major !== 4 || minor !== 0)
    throw new FormatError('version-unknown', 28, `squashfs ${major}.${minor}, read is 4.0`)
  const number = u16le(bytes, 20)
  const compression = compressions[number]
  if (compression === undefined) {
    const named =
      number === 3 ? 'compressed by LZO, which is not unpacked' : `compression ${number}`
    throw new FormatError('value-not-allowed', 20, named)
  }
  const blockOctets = u32le(bytes, 12)
  // 4 KiB to 1 MiB, and its logarithm beside it.
  if (blockOctets !== 2 ** u16le(bytes, 22) || blockOctets < 4_096 || blockOctets > 1_048_576)
    throw new FormatError('value-not-allowed', 12, `blocks of ${blockOctets} octets`)
  return {
    ...{ compression, blockOctets },
    inodes: u32le(bytes, 4),
    fragments: u32le(bytes, 16),
    root: u64le(bytes, 32),
    used: u64le(bytes, 40),
    inodeTable: u64le(bytes, 64),
    directoryTable: u64le(bytes, 72),
    fragmentTable: u32le(bytes, 16) === 0 ? 0 : u64le(bytes, 80),
  }
}
