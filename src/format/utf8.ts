// SPDX-License-Identifier: Apache-2.0
import { FormatError } from './format-error.ts'

/** Text of octets in UTF-8. @param what for the message @throws FormatError `text-malformed` for what is none */
export function decodeUtf8(bytes: Uint8Array, what: string): string {
  try {
    return new TextDecoder('utf-8', { fatal: true }).decode(bytes)
  } catch (error) {
    if (!(error instanceof TypeError)) throw error
    throw new FormatError('text-malformed', 0, `${what} is not UTF-8`)
  }
}
