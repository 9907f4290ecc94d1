// SPDX-License-Identifier: Apache-2.0
import { FormatError } from './format-error.ts'

/**
 * Decodes base64 in which CR, LF, TAB and space may stand anywhere, and nothing else.
 *
 * Padding is required, and the bits that it leaves over are zero.
 *
 * @param offset is added to the offset of an error
 * @throws FormatError `base64-malformed`
 * @see RFC 4648 4
 */
export function decodeBase64(text: string, offset = 0): Uint8Array {
  const stranger = text.search(/[^A-Za-z0-9+/=\t\r\n ]/)
  if (stranger !== -1)
    throw new FormatError('base64-malformed', offset + stranger, 'character outside the alphabet')
  try {
    return Uint8Array.fromBase64(text, { lastChunkHandling: 'strict' })
  } catch (error) {
    if (error instanceof SyntaxError)
      throw new FormatError('base64-malformed', offset + text.length, 'length or padding')
    throw error
  }
}

const ascii = new TextDecoder('latin1')

/**
 * Reads an EST body: base64 of DER, line breaks anywhere or nowhere.
 *
 * @throws FormatError `base64-malformed`; a body that is DER itself fails at its first octet
 * @see RFC 8951 3.1
 */
export function parseBase64Body(body: string | Uint8Array): Uint8Array {
  const text = typeof body === 'string' ? body : ascii.decode(body)
  const bytes = decodeBase64(text)
  if (bytes.length === 0) throw new FormatError('base64-malformed', 0, 'empty')
  return bytes
}
