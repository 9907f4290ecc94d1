// SPDX-License-Identifier: Apache-2.0
import { crc32 } from '../archive/checksums.ts'
import { isAt, u32be, u32le } from '../archive/fields.ts'

/** A form that is known by its marks and not unpacked: named wherever it is met, since silence would be a lie. */
export interface UnopenedForm {
  readonly name: string
  recognise(head: Uint8Array): boolean
}

interface Mark {
  readonly name: string
  readonly at: number
  /** Octets, or text. */
  readonly is: string | readonly number[]
  /** What else has to be so, where four octets are a mark that chance makes once in a few GB. */
  readonly and?: (head: Uint8Array) => boolean
}

/** @see the headers of each in the Linux kernel (fs/, include/uapi/linux/magic.h), or its own specification */
const marks: readonly Mark[] = [
  { name: 'UBI', at: 0, is: 'UBI#', and: isUbiHeader },
  { name: 'UBIFS', at: 0, is: [0x31, 0x18, 0x10, 0x06], and: isUbifsNode },
  { name: 'JFFS2', at: 0, is: [0x85, 0x19, 0x01, 0xe0], and: isJffs2Node },
  { name: 'JFFS2', at: 0, is: [0x85, 0x19, 0x02, 0xe0], and: isJffs2Node },
  { name: 'JFFS2', at: 0, is: [0x85, 0x19, 0x03, 0x20], and: isJffs2Node },
  { name: 'JFFS2', at: 0, is: [0x19, 0x85, 0xe0, 0x01], and: isJffs2NodeOfBigEndian },
  { name: 'JFFS2', at: 0, is: [0x19, 0x85, 0xe0, 0x02], and: isJffs2NodeOfBigEndian },
  { name: 'JFFS2', at: 0, is: [0x19, 0x85, 0x20, 0x03], and: isJffs2NodeOfBigEndian },
  { name: 'YAFFS', at: 0, is: [3, 0, 0, 0, 1, 0, 0, 0, 0xff, 0xff] },
  { name: 'YAFFS', at: 0, is: [1, 0, 0, 0, 1, 0, 0, 0, 0xff, 0xff] },
  { name: 'EROFS', at: 1024, is: [0xe2, 0xe1, 0xf5, 0xe0], and: isErofs },
  { name: 'cramfs', at: 0, is: [0x45, 0x3d, 0xcd, 0x28], and: isCramfs },
  { name: 'cramfs', at: 0, is: [0x28, 0xcd, 0x3d, 0x45], and: isCramfs },
  { name: 'romfs', at: 0, is: '-rom1fs-' },
  { name: 'F2FS', at: 1024, is: [0x10, 0x20, 0xf5, 0xf2], and: isF2fs },
  { name: 'XFS', at: 0, is: 'XFSB' },
  { name: 'ISO 9660', at: 32_769, is: 'CD001' },
  { name: 'a squashfs of big-endian order', at: 0, is: 'sqsh', and: isOldSquashfs },
  // Marks of makers of routers, for LZMA in the place of gzip: DD-WRT, Broadcom, Realtek.
  { name: 'a squashfs of a vendor', at: 0, is: 'shsq', and: isOldSquashfs },
  { name: 'a squashfs of a vendor', at: 0, is: 'qshs', and: isOldSquashfs },
  { name: 'a squashfs of a vendor', at: 0, is: 'tqsh', and: isOldSquashfs },
  { name: 'a squashfs of a vendor', at: 0, is: 'hsqt', and: isOldSquashfs },
  { name: 'LUKS', at: 0, is: [0x4c, 0x55, 0x4b, 0x53, 0xba, 0xbe] },
  { name: 'a QCOW2 disk', at: 0, is: [0x51, 0x46, 0x49, 0xfb] },
  { name: 'a VMDK disk', at: 0, is: 'KDMV' },
  { name: 'a VHDX disk', at: 0, is: 'vhdxfile' },
  { name: '7-Zip', at: 0, is: [0x37, 0x7a, 0xbc, 0xaf, 0x27, 0x1c], and: is7Zip },
  { name: 'RAR', at: 0, is: [0x52, 0x61, 0x72, 0x21, 0x1a, 0x07] },
  { name: 'a cabinet', at: 0, is: [0x4d, 0x53, 0x43, 0x46, 0, 0, 0, 0] },
  { name: 'RPM', at: 0, is: [0xed, 0xab, 0xee, 0xdb] },
  { name: 'lzop', at: 0, is: [0x89, 0x4c, 0x5a, 0x4f, 0, 0x0d, 0x0a, 0x1a, 0x0a] },
  { name: 'lzip', at: 0, is: 'LZIP' },
  { name: 'zchunk', at: 0, is: [0, 0x5a, 0x43, 0x4b, 0x31] },
  { name: 'brotli of Android', at: 0, is: [0xce, 0xb2, 0xcf, 0x81] },
]

export const unopenedForms: readonly UnopenedForm[] = marks.map(({ name, at, is, and }) => {
  const octets = typeof is === 'string' ? Array.from(is, (text) => text.charCodeAt(0)) : is
  return {
    name,
    recognise: (head) =>
      octets.every((octet, index) => head[at + index] === octet) && (and?.(head) ?? true),
  }
})

/** Header of an erase block: version 1, and a CRC that is not inverted at its end. */
function isUbiHeader(head: Uint8Array): boolean {
  return (
    head.length >= 64 && head[4] === 1 && ~crc32(head.subarray(0, 60)) >>> 0 === u32be(head, 60)
  )
}

/** A node has one of thirteen types, and belongs to one of three kinds of groups. */
function isUbifsNode(head: Uint8Array): boolean {
  return head.length >= 24 && head[20]! <= 12 && head[21]! <= 2 && head[22] === 0 && head[23] === 0
}

/** The first eight octets of a node have a CRC of their own, which begins with zero and is not inverted. */
function isJffs2Node(head: Uint8Array): boolean {
  return head.length >= 12 && ~crc32(head.subarray(0, 8), 0xffff_ffff) >>> 0 === u32le(head, 8)
}

function isJffs2NodeOfBigEndian(head: Uint8Array): boolean {
  return head.length >= 12 && ~crc32(head.subarray(0, 8), 0xffff_ffff) >>> 0 === u32be(head, 8)
}

/** Its version, of either order: 1.0 to 4.0, and 3.1. */
function isOldSquashfs(head: Uint8Array): boolean {
  if (head.length < 32) return false
  const [major, minor] = [head[28]! + head[29]!, head[30]! + head[31]!]
  const isOneOctet = head[28]! * head[29]! === 0 && head[30]! * head[31]! === 0
  return isOneOctet && major >= 1 && major <= 4 && minor <= 1
}

/** The place of its directory has a CRC: programs that read the form have its mark among their constants. */
function is7Zip(head: Uint8Array): boolean {
  return head.length >= 32 && crc32(head.subarray(12, 32)) === u32le(head, 8)
}

/** A sector, as a power of two, times the sectors of a block is a block. */
function isF2fs(head: Uint8Array): boolean {
  if (head.length < 1044) return false
  const [sector, sectors, block] = [1032, 1036, 1040].map((at) => u32le(head, at))
  return sector! >= 9 && sector! <= 16 && sector! + sectors! === block
}

/** Blocks of 512 octets to 64 KiB, as a power of two. */
function isErofs(head: Uint8Array): boolean {
  return head[1036]! >= 9 && head[1036]! <= 16
}

function isCramfs(head: Uint8Array): boolean {
  return isAt(head, 16, 'Compressed ROMFS')
}
