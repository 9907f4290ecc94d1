// SPDX-License-Identifier: Apache-2.0
import { FormatError } from '../format-error.ts'
import { isAt, untilZero } from './fields.ts'

export const tarBlock = 512

/** A header of tar, of whatever age: v7, ustar, and GNU's. */
export interface TarHeader {
  /** Prefix and name, as they lie there. */
  readonly name: Uint8Array
  readonly size: number
  readonly type: string
  readonly target: Uint8Array
  readonly gnu: boolean
  /** The block itself. */
  readonly block: Uint8Array
}

/** Whether its sum is right: of octets, or of signed ones as some old programs took them. */
export function isTarHeader(block: Uint8Array): boolean {
  if (block.length < tarBlock || block[0] === 0) return false
  const said = octal(block.subarray(148, 156))
  if (said === undefined) return false
  let [sum, signed] = [8 * 0x20, 8 * 0x20]
  for (let at = 0; at < tarBlock; at++) {
    if (at >= 148 && at < 156) continue
    sum += block[at]!
    signed += (block[at]! << 24) >> 24
  }
  return sum === said || signed === said
}

/**
 * Reads one header, whose sum is right.
 *
 * @param block 512 octets, kept by the result
 * @throws FormatError `value-not-allowed` if its size is no number
 * @see POSIX.1 pax, "ustar Interchange Format"; GNU tar manual, "Basic Tar Format"
 */
export function parseTarHeader(block: Uint8Array, at: number): TarHeader {
  const ustar = isAt(block, 257, 'ustar\0')
  const gnu = isAt(block, 257, 'ustar  \0')
  const name = untilZero(block.subarray(0, 100))
  const prefix = ustar ? untilZero(block.subarray(345, 500)) : new Uint8Array()
  return {
    name: prefix.length === 0 ? name : joined(prefix, name),
    size: tarNumber(block.subarray(124, 136), at + 124),
    type: String.fromCharCode(block[156]!),
    target: untilZero(block.subarray(157, 257)),
    gnu,
    block,
  }
}

/**
 * A number of a header: octal digits, or GNU's base 256 for what they cannot hold.
 *
 * @throws FormatError `value-not-allowed` if it is neither, negative, or over 2^53
 */
export function tarNumber(field: Uint8Array, at: number): number {
  if ((field[0]! & 0x80) !== 0) {
    if (field[0] !== 0x80) throw new FormatError('value-not-allowed', at, 'a negative number')
    let value = 0
    for (const octet of field.subarray(1)) value = value * 256 + octet
    if (!Number.isSafeInteger(value)) throw new FormatError('too-large', at, 'a size of over 2^53')
    return value
  }
  const value = octal(field)
  if (value === undefined) throw new FormatError('value-not-allowed', at, 'not an octal number')
  return value
}

/** Digits between spaces and zeros; all empty is 0, as in headers of what has no size. */
function octal(field: Uint8Array): number | undefined {
  let at = 0
  while (field[at] === 0x20) at++
  let value = 0
  for (; isOctalDigit(field[at]); at++) value = value * 8 + (field[at]! - 0x30)
  while (field[at] === 0x20) at++
  return at === field.length || field[at] === 0 ? value : undefined
}

function isOctalDigit(octet: number | undefined): boolean {
  return octet !== undefined && octet >= 0x30 && octet <= 0x37
}

function joined(prefix: Uint8Array, name: Uint8Array): Uint8Array {
  const all = new Uint8Array(prefix.length + 1 + name.length)
  all.set(prefix)
  all[prefix.length] = 0x2f
  all.set(name, prefix.length + 1)
  return all
}
