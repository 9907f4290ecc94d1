// SPDX-License-Identifier: Apache-2.0
import { FormatError } from '../format-error.ts'

/** What pax records say of a member: name, target and size over those of its header, and a map if it is sparse. */
export interface PaxRecords {
  readonly text: ReadonlyMap<string, string>
  /** Names and targets as octets, for they need not be UTF-8. */
  readonly octets: ReadonlyMap<string, Uint8Array>
  /** GNU.sparse.offset and .numbytes in their order: version 0.0 says each many times. */
  readonly sparse: readonly number[]
}

const kept = /^(?:path|linkpath|size|GNU\.sparse\..*)$/

/**
 * `LENGTH KEYWORD=VALUE\n` after each other; an empty value takes back what was said.
 *
 * @param at where it lies, for what is said of an error
 * @throws FormatError `text-malformed` if it is not that
 * @see POSIX.1 pax, "pax Extended Header"
 */
export function parsePaxRecords(bytes: Uint8Array, at: number): PaxRecords {
  const text = new Map<string, string>()
  const octets = new Map<string, Uint8Array>()
  const sparse: number[] = []
  for (let start = 0; start < bytes.length; ) {
    // Padding of zeros behind the last record: not by the letter, but seen.
    if (bytes[start] === 0) break
    const space = bytes.indexOf(0x20, start)
    const length = space < 0 ? 0 : decimal(bytes.subarray(start, space))
    const end = start + length
    const equals = bytes.indexOf(0x3d, space)
    if (
      length === 0 ||
      end > bytes.length ||
      equals < 0 ||
      equals >= end ||
      bytes[end - 1] !== 0x0a
    )
      throw new FormatError('text-malformed', at + start, 'a record of pax')
    const keyword = latin(bytes.subarray(space + 1, equals))
    if (kept.test(keyword)) {
      const value = bytes.slice(equals + 1, end - 1)
      const words = latin(value)
      if (keyword === 'GNU.sparse.offset' || keyword === 'GNU.sparse.numbytes')
        sparse.push(decimal(value))
      text.set(keyword, words)
      octets.set(keyword, value)
    }
    start = end
  }
  return { text, octets, sparse }
}

export const noRecords: PaxRecords = { text: new Map(), octets: new Map(), sparse: [] }

/** Those of the member over those of all that follow. */
export function overlaid(global: PaxRecords, own: PaxRecords): PaxRecords {
  if (global.text.size === 0) return own
  return {
    text: new Map([...global.text, ...own.text]),
    octets: new Map([...global.octets, ...own.octets]),
    sparse: own.sparse,
  }
}

function decimal(bytes: Uint8Array): number {
  let value = 0
  for (const octet of bytes) {
    if (octet < 0x30 || octet > 0x39 || bytes.length > 15) return 0
    value = value * 10 + octet - 0x30
  }
  return value
}

function latin(bytes: Uint8Array): string {
  let text = ''
  for (let at = 0; at < bytes.length; at += 4_096)
    text += String.fromCharCode(...bytes.subarray(at, at + 4_096))
  return text
}
