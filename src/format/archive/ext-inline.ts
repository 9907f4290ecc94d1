// SPDX-License-Identifier: Apache-2.0
import { concatBytes } from '../bytes.ts'
import { FormatError } from '../format-error.ts'
import type { ExtInode } from './ext-inodes.ts'
import { isAt, u16le, u32le } from './fields.ts'

/** The part of an inode that every ext has. */
const oldInodeOctets = 128
const attributesMark = 0xea02_0000
const entryOctets = 16
/** `system.`, among the names of attributes. */
const systemIndex = 7

/**
 * Content that lies in the inode itself: 60 octets in place of the map, the rest in the attribute `system.data`.
 *
 * @throws FormatError `truncated` if there is less than its size says
 * @see the Linux kernel's Documentation/filesystems/ext4/{inlinedata,attributes}.rst
 */
export function inlineData(inode: ExtInode): Uint8Array {
  const bytes = concatBytes([inode.map, systemData(inode.bytes)])
  if (bytes.length < inode.size)
    throw new FormatError('truncated', 0, `inline data of inode ${inode.number}`)
  return bytes.slice(0, inode.size)
}

/** What stands in `system.data`; empty where there is none. */
function systemData(inode: Uint8Array): Uint8Array {
  const none = new Uint8Array()
  if (inode.length < oldInodeOctets + 4) return none
  const start = oldInodeOctets + u16le(inode, oldInodeOctets)
  if (start + 4 > inode.length || u32le(inode, start) !== attributesMark) return none
  const first = start + 4
  for (let at = first; at + entryOctets <= inode.length && u32le(inode, at) !== 0; ) {
    const nameLength = inode[at]!
    if (
      inode[at + 1] === systemIndex &&
      nameLength === 4 &&
      isAt(inode, at + entryOctets, 'data')
    ) {
      const value = first + u16le(inode, at + 2)
      return inode.subarray(value, value + u32le(inode, at + 8))
    }
    at += entryOctets + Math.ceil(nameLength / 4) * 4
  }
  return none
}
