// SPDX-License-Identifier: Apache-2.0
/** Numbers and names as they lie in headers of containers. */
import { FormatError } from '../format-error.ts'
import type { ByteSource } from './byte-source.ts'

export function u16le(bytes: Uint8Array, at: number): number {
  return bytes[at]! | (bytes[at + 1]! << 8)
}

export function u16be(bytes: Uint8Array, at: number): number {
  return (bytes[at]! << 8) | bytes[at + 1]!
}

export function u32le(bytes: Uint8Array, at: number): number {
  return (u16le(bytes, at) | (u16le(bytes, at + 2) << 16)) >>> 0
}

export function u32be(bytes: Uint8Array, at: number): number {
  return ((u16be(bytes, at) << 16) | u16be(bytes, at + 2)) >>> 0
}

/** @throws FormatError `too-large` over 2^53 - 1: no container of this world is as large, so that it is a lie */
export function u64le(bytes: Uint8Array, at: number): number {
  const value = u32le(bytes, at) + u32le(bytes, at + 4) * 0x1_0000_0000
  if (!Number.isSafeInteger(value)) throw new FormatError('too-large', at, 'a size of over 2^53')
  return value
}

/** A magic number that is text. */
export function isAt(bytes: Uint8Array, at: number, ascii: string): boolean {
  if (bytes.length < at + ascii.length) return false
  for (let index = 0; index < ascii.length; index++)
    if (bytes[at + index] !== ascii.charCodeAt(index)) return false
  return true
}

/**
 * All of the octets, or none.
 *
 * @throws FormatError `truncated` where the source ends before, `too-large` where no source can have them
 */
export async function readExactly(
  source: ByteSource,
  at: number,
  length: number,
): Promise<Uint8Array> {
  if (!Number.isSafeInteger(at + length))
    throw new FormatError('too-large', 0, 'octets behind 2^53')
  const bytes = await source.read(at, length)
  if (bytes.length < length)
    throw new FormatError('truncated', at, `${length} octets wanted, ${bytes.length} are there`)
  return bytes
}

const utf8 = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true })
/** What controls a terminal, turns the direction of text or hides in it; and the backslash, so that it means itself. */
const notForTheEye = /[\p{Cc}\p{Cf}\p{Zl}\p{Zp}\\]/gu
const notAscii = /[\p{Cc}\x80-\xff\\]/gu

/**
 * A name as people may read it: UTF-8, and whatever is not, or would disturb a terminal, as \xhh. Two names that
 * differ stay different.
 */
export function nameOf(bytes: Uint8Array): string {
  try {
    return utf8.decode(bytes).replace(notForTheEye, escaped)
  } catch (error) {
    if (!(error instanceof TypeError)) throw error
    return Array.from(bytes, (octet) => String.fromCharCode(octet))
      .join('')
      .replace(notAscii, escaped)
  }
}

function escaped(character: string): string {
  if (character === '\\') return '\\\\'
  const code = character.codePointAt(0)!
  return code < 256 ? `\\x${code.toString(16).padStart(2, '0')}` : `\\u{${code.toString(16)}}`
}

/** Up to the first zero octet, or the whole of it. */
export function untilZero(bytes: Uint8Array): Uint8Array {
  const end = bytes.indexOf(0)
  return end < 0 ? bytes : bytes.subarray(0, end)
}
