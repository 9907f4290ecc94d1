// SPDX-License-Identifier: Apache-2.0
import { FormatError } from '#format/format-error.ts'
import { checkOidContent } from './oid.ts'
import { hexTag, tag } from './tag.ts'
import { readText } from './text.ts'
import { checkTime } from './time.ts'

/**
 * Checks the content of a primitive value that nobody asked for: universal types have a canonical form, all others
 * are free.
 *
 * @throws FormatError at the offset of what is wrong
 */
export function checkPrimitive(found: number, bytes: Uint8Array, start: number, end: number): void {
  switch (found) {
    case tag.boolean:
      checkBoolean(bytes, start, end)
      break
    case tag.integer:
    case tag.enumerated:
      checkInteger(bytes, start, end)
      break
    case tag.bitString:
      checkBitString(bytes, start, end)
      break
    case tag.null:
      checkNull(start, end)
      break
    case tag.oid:
      checkOidContent(bytes, start, end)
      break
    case tag.utcTime:
    case tag.generalizedTime:
      checkTime(bytes, start, end, found)
      break
    case tag.utf8String:
    case tag.printableString:
    case tag.ia5String:
    case tag.visibleString:
    case tag.bmpString:
      readText(bytes, start, end, found)
      break
    case tag.sequence & 0x1f:
    case tag.set & 0x1f:
      throw new FormatError('tag-not-expected', start, `primitive ${hexTag(found)}`)
  }
}

/** X.690 11.1: one octet, 00 or ff. */
export function checkBoolean(bytes: Uint8Array, start: number, end: number): void {
  if (end - start !== 1 || (bytes[start] !== 0 && bytes[start] !== 0xff))
    throw new FormatError('boolean-not-canonical', start)
}

/** X.690 8.3.2: the first nine bits are neither all ones nor all zeros. */
export function checkInteger(bytes: Uint8Array, start: number, end: number): void {
  if (start === end) throw new FormatError('integer-malformed', start, 'empty')
  if (end - start === 1) return
  const first = bytes[start]!
  const second = bytes[start + 1]!
  if ((first === 0 && second < 0x80) || (first === 0xff && second >= 0x80))
    throw new FormatError('integer-malformed', start)
}

/** X.690 8.6.2 and 11.2.1: unused bits from 0 to 7, all zero, none in an empty string. */
export function checkBitString(bytes: Uint8Array, start: number, end: number): void {
  if (start === end) throw new FormatError('bit-string-malformed', start, 'empty')
  const unused = bytes[start]!
  const isEmpty = end - start === 1
  const padded = isEmpty ? unused !== 0 : (bytes[end - 1]! & ((1 << unused) - 1)) !== 0
  if (unused > 7 || padded) throw new FormatError('bit-string-malformed', start)
}

export function checkNull(start: number, end: number): void {
  if (start !== end) throw new FormatError('value-not-allowed', start, 'NULL with content')
}
