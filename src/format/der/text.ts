// SPDX-License-Identifier: Apache-2.0
import { FormatError } from '#format/format-error.ts'
import { tag } from './tag.ts'

/** The string types that may be read and written, by tag. */
export type StringTag =
  | typeof tag.utf8String
  | typeof tag.printableString
  | typeof tag.ia5String
  | typeof tag.visibleString
  | typeof tag.bmpString

const utf8 = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true })
const utf8Encoder = new TextEncoder()

/** X.680 41.4: letters, digits, space and ' ( ) + , - . / : = ? */
const printable = new Uint8Array(128)
for (const character of "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789 '()+,-./:=?")
  printable[character.charCodeAt(0)] = 1

/** Whether PrintableString can hold the text. */
export function isPrintable(text: string): boolean {
  for (let index = 0; index < text.length; index++)
    if (printable[text.charCodeAt(index)] !== 1) return false
  return true
}

/**
 * Reads the content of a string. NUL is never allowed: it has cut names short in too many programs.
 *
 * @throws FormatError `string-characters` at the first octet that the type does not allow
 */
export function readText(bytes: Uint8Array, start: number, end: number, type: StringTag): string {
  if (type === tag.utf8String) return readUtf8(bytes, start, end)
  if (type === tag.bmpString) return readBmp(bytes, start, end)
  for (let index = start; index < end; index++)
    if (!holds(type, bytes[index]!)) throw new FormatError('string-characters', index)
  return utf8.decode(bytes.subarray(start, end))
}

/**
 * The content octets of a string.
 *
 * @throws FormatError `string-characters` if the type cannot hold the text
 */
export function encodeText(text: string, type: StringTag): Uint8Array {
  if (text.includes('\0')) throw new FormatError('string-characters', 0, 'NUL')
  if (type === tag.utf8String) {
    if (!text.isWellFormed()) throw new FormatError('string-characters', 0, 'lone surrogate')
    return utf8Encoder.encode(text)
  }
  if (type === tag.bmpString) return encodeBmp(text)
  const octets = new Uint8Array(text.length)
  for (let index = 0; index < text.length; index++) {
    const code = text.charCodeAt(index)
    if (code > 0x7f || !holds(type, code)) throw new FormatError('string-characters', 0)
    octets[index] = code
  }
  return octets
}

function holds(type: StringTag, octet: number): boolean {
  if (type === tag.printableString) return printable[octet] === 1
  if (type === tag.visibleString) return octet >= 0x20 && octet < 0x7f
  return octet < 0x80 && octet !== 0
}

function readUtf8(bytes: Uint8Array, start: number, end: number): string {
  const nul = bytes.subarray(start, end).indexOf(0)
  if (nul !== -1) throw new FormatError('string-characters', start + nul, 'NUL')
  try {
    return utf8.decode(bytes.subarray(start, end))
  } catch (error) {
    if (error instanceof TypeError) throw new FormatError('string-characters', start, 'not UTF-8')
    throw error
  }
}

function readBmp(bytes: Uint8Array, start: number, end: number): string {
  if ((end - start) % 2 !== 0) throw new FormatError('string-characters', start, 'half a character')
  let text = ''
  for (let index = start; index < end; index += 2)
    text += String.fromCharCode((bytes[index]! << 8) | bytes[index + 1]!)
  // BMPString holds UCS-2: a surrogate is no character (X.680 41.15).
  if (/[\0\ud800-\udfff]/.test(text))
    throw new FormatError('string-characters', start, 'NUL or surrogate')
  return text
}

function encodeBmp(text: string): Uint8Array {
  if (/[\ud800-\udfff]/.test(text)) throw new FormatError('string-characters', 0, 'beyond UCS-2')
  const octets = new Uint8Array(text.length * 2)
  for (let index = 0; index < text.length; index++) {
    octets[index * 2] = text.charCodeAt(index) >> 8
    octets[index * 2 + 1] = text.charCodeAt(index) & 0xff
  }
  return octets
}
