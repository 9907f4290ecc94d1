// SPDX-License-Identifier: Apache-2.0
import { FormatError } from '#format/format-error.ts'

/**
 * Reads standard base64 with padding, in its one spelling: no space, no line break, no stray bit.
 *
 * @param offset where the text stands in what is parsed, for the error
 * @throws FormatError `base64-malformed`
 * @see RFC 4648 section 4
 */
export function parseStrictBase64(text: string, offset = 0): Uint8Array {
  let bytes: Uint8Array
  try {
    bytes = Uint8Array.fromBase64(text, { lastChunkHandling: 'strict' })
  } catch (cause) {
    if (cause instanceof SyntaxError) throw new FormatError('base64-malformed', offset)
    throw cause
  }
  // fromBase64 passes over white space.
  if (bytes.toBase64() !== text) throw new FormatError('base64-malformed', offset)
  return bytes
}
