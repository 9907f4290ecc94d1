// SPDX-License-Identifier: Apache-2.0
import { FormatError } from '../format-error.ts'

const leastMatch = 4

/**
 * Unpacks one block into `into` from `from` on; what lies before may be looked back at.
 *
 * @returns where it ended
 * @throws FormatError `too-large` if it gives more than there is room for, `value-not-allowed` if it looks back over
 *   the beginning, `truncated` if it stops early
 * @see lz4_Block_format.md of LZ4
 */
export function unpackLz4Block(bytes: Uint8Array, into: Uint8Array, from: number): number {
  let [at, to] = [0, from]

  /** A length over 15 goes on in octets of 255. */
  const longer = (length: number): number => {
    let [all, octet] = [length, 255]
    while (octet === 255) {
      if (at >= bytes.length) throw new FormatError('truncated', at, 'LZ4')
      octet = bytes[at++]!
      all += octet
    }
    return all
  }
  const room = (length: number): void => {
    if (to + length > into.length) throw new FormatError('too-large', at, 'LZ4')
  }

  while (at < bytes.length) {
    const token = bytes[at++]!
    const literals = token >>> 4 === 15 ? longer(15) : token >>> 4
    if (at + literals > bytes.length) throw new FormatError('truncated', at, 'LZ4')
    room(literals)
    // Short ones, which most are, take less time than the call.
    if (literals > 32) into.set(bytes.subarray(at, at + literals), to)
    else for (let index = 0; index < literals; index++) into[to + index] = bytes[at + index]!
    at += literals
    to += literals
    // The last of a block has literals only.
    if (at === bytes.length) return to
    if (at + 2 > bytes.length) throw new FormatError('truncated', at, 'LZ4')
    const back = bytes[at]! | (bytes[at + 1]! << 8)
    at += 2
    const length = leastMatch + ((token & 15) === 15 ? longer(15) : token & 15)
    if (back === 0 || back > to)
      throw new FormatError('value-not-allowed', at, 'LZ4 looks back too far')
    room(length)
    if (length > 32 && back >= length) into.copyWithin(to, to - back, to - back + length)
    else for (let index = to; index < to + length; index++) into[index] = into[index - back]!
    to += length
  }
  throw new FormatError('truncated', at, 'LZ4')
}
