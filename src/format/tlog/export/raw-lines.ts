// SPDX-License-Identifier: Apache-2.0
import { concatBytes } from '#format/bytes.ts'
import { FormatError } from '#format/format-error.ts'

/** A line of a file as it comes, before anything is believed of it. */
export type RawLine =
  | { readonly kind: 'text'; readonly number: number; readonly text: string }
  | { readonly kind: 'broken'; readonly number: number; readonly error: FormatError }

/** A full tile in base64 takes 11 kB; an event some hundred bytes. */
const maxLineBytes = 1 << 20
const lineFeed = 0x0a

/**
 * Cuts bytes into lines, numbered from 1. Only a line feed ends a line, and the last has one too, so
 * that no byte of the file goes unseen.
 *
 * A line that is not UTF-8, is over 1 MiB, or lacks its line feed is given as broken.
 */
export async function* rawLines(chunks: AsyncIterable<Uint8Array>): AsyncGenerator<RawLine> {
  let number = 1
  let parts: Uint8Array[] = []
  let length = 0
  for await (const chunk of chunks) {
    let start = 0
    for (let end = chunk.indexOf(lineFeed); end !== -1; end = chunk.indexOf(lineFeed, start)) {
      length += end - start
      if (length <= maxLineBytes) parts.push(chunk.subarray(start, end))
      yield length > maxLineBytes ? broken(number, 'too-large') : readText(number, parts)
      number++
      parts = []
      length = 0
      start = end + 1
    }
    length += chunk.length - start
    // What is too long is counted and not kept. The chunk may be reused by its maker: copied.
    if (length <= maxLineBytes) parts.push(chunk.slice(start))
  }
  if (length > 0) yield broken(number, 'truncated')
}

function readText(number: number, parts: readonly Uint8Array[]): RawLine {
  try {
    const decoder = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true })
    return { kind: 'text', number, text: decoder.decode(concatBytes(parts)) }
  } catch (cause) {
    if (cause instanceof TypeError) return broken(number, 'string-characters')
    throw cause
  }
}

function broken(number: number, code: 'too-large' | 'truncated' | 'string-characters'): RawLine {
  return { kind: 'broken', number, error: new FormatError(code, 0) }
}
