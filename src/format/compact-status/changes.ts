// SPDX-License-Identifier: Apache-2.0
import { concatBytes } from '../bytes.ts'
import { FormatError } from '../format-error.ts'
import { Fields, octetsOf } from './fields.ts'

/** What is known of a certificate, as two bits say it. */
export const certificateStates = ['fine', 'held', 'revoked'] as const
export type CertificateState = (typeof certificateStates)[number]

/**
 * What became of a few certificates of a block since its base was made, or the whole of it where they are few:
 * each by as much of its hash as tells it from all others of the block.
 */
export interface Changes {
  /** Counts from 0 within the authority. */
  readonly block: number
  /** 4 bytes. */
  readonly salt: Uint8Array
  /** Octets of an entry, 2 to 8. */
  readonly width: number
  /** Ascending; each a hash with the state in its last two bits. */
  readonly entries: Uint8Array
}

export const changeSaltBytes = 4
export const leastWidth = 2
export const mostWidth = 8
const headBytes = 4 + changeSaltBytes + 1 + 2
export const mostEntries = 0xffff

/** @param blocks how many blocks the authority has */
export function parseChanges(bytes: Uint8Array, blocks: number, base = 0): readonly Changes[] {
  const fields = new Fields(bytes, base)
  const groups: Changes[] = []
  let least = 0
  while (fields.left > 0) {
    const block = fields.between(4, least, blocks - 1, 'block')
    least = block + 1
    const salt = fields.bytes(changeSaltBytes)
    const width = fields.between(1, leastWidth, mostWidth, 'width')
    const count = fields.between(2, 1, mostEntries, 'entries')
    const at = fields.offset
    const entries = fields.bytes(count * width)
    checkEntries(entries, width, at)
    groups.push({ block, salt, width, entries })
  }
  return groups
}

export function encodeChanges(groups: readonly Changes[]): Uint8Array {
  return concatBytes(
    groups.flatMap(({ block, salt, width, entries }) => [
      octetsOf(block, 4),
      salt,
      octetsOf(width, 1),
      octetsOf(entries.length / width, 2),
      entries,
    ]),
  )
}

export function changesBytes(entries: number, width: number): number {
  return headBytes + entries * width
}

/** Hashes ascend, so that none stands twice, and each state is one that there is. */
export function checkEntries(entries: Uint8Array, width: number, base: number): void {
  for (let at = 0; at < entries.length; at += width) {
    if (certificateStates[entries[at + width - 1]! & 3] === undefined)
      throw new FormatError('value-not-allowed', base + at + width - 1, 'state')
    if (at > 0 && !isBelow(entries, at - width, at, width))
      throw new FormatError('set-not-sorted', base + at)
  }
}

/** Whether the hash at one place is below that at another: the two bits of the state do not count. */
function isBelow(entries: Uint8Array, left: number, right: number, width: number): boolean {
  for (let index = 0; index < width; index++) {
    const mask = index === width - 1 ? 0xfc : 0xff
    const difference = (entries[left + index]! & mask) - (entries[right + index]! & mask)
    if (difference !== 0) return difference < 0
  }
  return false
}

/**
 * The state that stands beside this hash.
 *
 * @param hash at least `width` octets; its last two bits are of no matter
 * @returns undefined if it is not among them
 */
export function findEntry(
  entries: Uint8Array,
  width: number,
  hash: Uint8Array,
): CertificateState | undefined {
  let [low, high] = [0, entries.length / width]
  while (low < high) {
    const middle = (low + high) >>> 1
    const order = compareEntry(entries, middle * width, width, hash)
    if (order === 0) return certificateStates[entries[(middle + 1) * width - 1]! & 3]
    if (order < 0) low = middle + 1
    else high = middle
  }
  return undefined
}

function compareEntry(entries: Uint8Array, at: number, width: number, hash: Uint8Array): number {
  for (let index = 0; index < width; index++) {
    const mask = index === width - 1 ? 0xfc : 0xff
    const difference = (entries[at + index]! & mask) - (hash[index]! & mask)
    if (difference !== 0) return difference
  }
  return 0
}
