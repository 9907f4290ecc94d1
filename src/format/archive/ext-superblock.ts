// SPDX-License-Identifier: Apache-2.0
import { FormatError } from '../format-error.ts'
import { u16le, u32le } from './fields.ts'

export const extSuperblockAt = 1_024
export const extSuperblockOctets = 1_024

/** What the superblock of ext2, ext3 or ext4 says that matters to a reader. */
export interface ExtSuperblock {
  readonly inodes: number
  readonly blocks: number
  readonly blockOctets: number
  readonly firstBlock: number
  readonly blocksPerGroup: number
  readonly inodesPerGroup: number
  readonly inodeOctets: number
  readonly descriptorOctets: number
  /** From which block of descriptors on they lie with their groups; undefined: all lie together. */
  readonly firstMetaGroup: number | undefined
  /** `sparse_super`: copies of the superblock in some groups only. */
  readonly fewCopies: boolean
  /** Changes that are in the journal only. */
  readonly unwritten: boolean
}

/** `incompat` bits, by which a reader is told that it would misread. */
const incompat = {
  compression: 0x1,
  filetype: 0x2,
  recover: 0x4,
  journalDevice: 0x8,
  metaGroups: 0x10,
  extents: 0x40,
  wide: 0x80,
  multiMount: 0x100,
  flexGroups: 0x200,
  valueInodes: 0x400,
  checksumSeed: 0x2000,
  largeDirectories: 0x4000,
  inlineData: 0x8000,
  encryption: 0x1_0000,
  caseFolding: 0x2_0000,
} as const
const known = Object.values(incompat).reduce((all, bit) => all | bit, 0) & ~incompat.journalDevice

export function isExt(head: Uint8Array): boolean {
  if (head.length < extSuperblockAt + 100) return false
  const superblock = head.subarray(extSuperblockAt)
  return (
    u16le(superblock, 56) === 0xef53 &&
    u32le(superblock, 24) <= 6 &&
    u32le(superblock, 20) <= 1 &&
    u32le(superblock, 0) > 0 &&
    u32le(superblock, 40) > 0
  )
}

/**
 * @param bytes the 1,024 octets of it
 * @throws FormatError `value-not-allowed` for features that are not known, and for what cannot be
 * @see the Linux kernel's Documentation/filesystems/ext4/super.rst
 */
export function parseExtSuperblock(bytes: Uint8Array): ExtSuperblock {
  if (bytes.length < extSuperblockOctets)
    throw new FormatError('truncated', extSuperblockAt, 'the superblock of ext4')
  const dynamic = u32le(bytes, 76) > 0
  const flags = dynamic ? u32le(bytes, 96) : 0
  if ((flags & ~known) !== 0)
    throw wrong(96, `features 0x${(flags >>> 0).toString(16)}, some of which are not known`)
  const wide = (flags & incompat.wide) !== 0
  const blockOctets = 1_024 * 2 ** u32le(bytes, 24)
  const inodeOctets = dynamic ? u16le(bytes, 88) : 128
  const descriptorOctets = wide ? u16le(bytes, 254) : 32
  const [blocksPerGroup, inodesPerGroup] = [u32le(bytes, 32), u32le(bytes, 40)]
  if (inodeOctets < 128 || inodeOctets > blockOctets || (inodeOctets & (inodeOctets - 1)) !== 0)
    throw wrong(88, `inodes of ${inodeOctets} octets`)
  if (descriptorOctets < 32 || descriptorOctets > 1_024 || (descriptorOctets & 31) !== 0)
    throw wrong(254, `group descriptors of ${descriptorOctets} octets`)
  if (wide && descriptorOctets < 64) throw wrong(254, `descriptors of ${descriptorOctets} octets`)
  if (blocksPerGroup === 0 || blocksPerGroup > 8 * blockOctets * 16 || inodesPerGroup === 0)
    throw wrong(32, `groups of ${blocksPerGroup} blocks`)
  const blocks = u32le(bytes, 4) + (wide ? u32le(bytes, 336) * 0x1_0000_0000 : 0)
  if (!Number.isSafeInteger(blocks * blockOctets)) throw wrong(4, `${blocks} blocks`)
  return {
    ...{ blocks, blockOctets, inodeOctets, descriptorOctets, blocksPerGroup, inodesPerGroup },
    inodes: u32le(bytes, 0),
    firstBlock: u32le(bytes, 20),
    firstMetaGroup: (flags & incompat.metaGroups) !== 0 ? u32le(bytes, 260) : undefined,
    fewCopies: dynamic && (u32le(bytes, 100) & 1) !== 0,
    unwritten: (flags & incompat.recover) !== 0,
  }
}

function wrong(at: number, detail: string): FormatError {
  return new FormatError('value-not-allowed', extSuperblockAt + at, detail)
}
