// SPDX-License-Identifier: Apache-2.0
import type { ByteSource } from '#format/archive/byte-source.ts'
import { FormatError } from '#format/format-error.ts'

export interface Line {
  /** Where it begins. */
  readonly offset: number
  /** A view until the next line is asked for, without its end and without blanks behind it. */
  readonly bytes: Uint8Array
}

const pieceOctets = 65_536
/** A record of 255 octets, in hexadecimal, and some room. */
const lineOctets = 1_024

/**
 * The lines of a text, ended by LF, CR LF or CR; empty ones are left out.
 *
 * @throws FormatError `too-large` at a line of over 1,024 octets
 */
export async function* linesOf(source: ByteSource): AsyncGenerator<Line[]> {
  let rest = new Uint8Array(0)
  for (let at = 0; ; ) {
    const piece = await source.read(at, pieceOctets)
    const bytes = new Uint8Array(rest.length + piece.length)
    bytes.set(rest)
    bytes.set(piece, rest.length)
    const { lines, taken } = cut(bytes, at - rest.length, piece.length === 0)
    yield lines
    if (piece.length === 0) return
    at += piece.length
    rest = bytes.slice(taken)
    if (rest.length > lineOctets)
      throw new FormatError('too-large', at - rest.length, `a line of over ${lineOctets} octets`)
  }
}

function cut(bytes: Uint8Array, from: number, last: boolean) {
  const lines: Line[] = []
  let start = 0
  for (let at = 0; at < bytes.length; at++) {
    if (bytes[at] !== 0x0a && bytes[at] !== 0x0d) continue
    const line = withoutBlanks(bytes.subarray(start, at))
    if (line.length > 0) lines.push({ offset: from + start, bytes: line })
    start = at + 1
  }
  const line = withoutBlanks(bytes.subarray(start))
  if (last && line.length > 0) lines.push({ offset: from + start, bytes: line })
  return { lines, taken: start }
}

function withoutBlanks(line: Uint8Array): Uint8Array {
  let end = line.length
  while (end > 0 && (line[end - 1] === 0x20 || line[end - 1] === 0x09)) end--
  return line.subarray(0, end)
}

/**
 * Octets that are written as pairs of hexadecimal digits.
 *
 * @throws FormatError `text-malformed`
 */
export function fromHex(digits: Uint8Array, offset: number): Uint8Array {
  if (digits.length % 2 !== 0) throw new FormatError('text-malformed', offset, 'half an octet')
  const bytes = new Uint8Array(digits.length / 2)
  for (let at = 0; at < bytes.length; at++) {
    const [high, low] = [digitOf(digits[2 * at]!), digitOf(digits[2 * at + 1]!)]
    if (high < 0 || low < 0) throw new FormatError('text-malformed', offset + 2 * at, 'no digit')
    bytes[at] = (high << 4) | low
  }
  return bytes
}

function digitOf(code: number): number {
  if (code >= 0x30 && code <= 0x39) return code - 0x30
  const letter = code | 0x20
  return letter >= 0x61 && letter <= 0x66 ? letter - 0x57 : -1
}
