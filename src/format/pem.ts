// SPDX-License-Identifier: Apache-2.0
import { decodeBase64 } from './base64.ts'
import { FormatError } from './format-error.ts'

/** What stands between one pair of boundaries. */
export interface PemBlock {
  /** As after BEGIN, e.g. `CERTIFICATE`. */
  readonly label: string
  readonly bytes: Uint8Array
}

/** A bundle of all public roots has 150 blocks. */
const maxBlocks = 1_000
/** A full CRL of a million entries is 40 MB of DER. */
const maxCharacters = 64_000_000

const boundary =
  /^-----(BEGIN|END) ([\x21-\x2c\x2e-\x7e]+(?:[ -][\x21-\x2c\x2e-\x7e]+)*)-----[ \t]*$/

/**
 * Reads all blocks of a text, in their order. Text outside blocks is passed over; within, only base64.
 *
 * Headers inside a block (RFC 1421 encryption) are refused.
 *
 * @throws FormatError `pem-malformed` (offset in characters; also if there is no block), `base64-malformed`,
 * `too-many`, `too-large`
 * @see RFC 7468 2 and 3
 */
export function parsePem(text: string): readonly PemBlock[] {
  if (text.length > maxCharacters) throw new FormatError('too-large', 0)
  const blocks: PemBlock[] = []
  let open: { label: string; bodyStart: number } | undefined
  for (const { line, start, next } of linesOf(text)) {
    const found = line.startsWith('-----') ? boundary.exec(line) : null
    if (found === null) {
      if (line.startsWith('-----') && open !== undefined)
        throw new FormatError('pem-malformed', start, 'broken boundary')
      continue
    }
    const label = found[2]!
    if (found[1] === 'BEGIN') {
      if (open !== undefined) throw new FormatError('pem-malformed', start, 'BEGIN inside a block')
      open = { label, bodyStart: next }
      continue
    }
    if (open?.label !== label) throw new FormatError('pem-malformed', start, `END ${label}`)
    if (blocks.length === maxBlocks) throw new FormatError('too-many', start)
    blocks.push({ label, bytes: decodeBase64(text.slice(open.bodyStart, start), open.bodyStart) })
    open = undefined
  }
  if (open !== undefined)
    throw new FormatError('pem-malformed', text.length, `no END ${open.label}`)
  if (blocks.length === 0) throw new FormatError('pem-malformed', 0, 'no block')
  return blocks
}

/** Lines without their ends (LF, CR LF or CR), and where they and the next ones start. */
function* linesOf(text: string): Iterable<{ line: string; start: number; next: number }> {
  const lineEnd = /\r\n|\n|\r|$/g
  for (let start = 0; start < text.length; start = lineEnd.lastIndex) {
    lineEnd.lastIndex = start
    const found = lineEnd.exec(text)!
    lineEnd.lastIndex = found.index + found[0].length
    yield { line: text.slice(start, found.index), start, next: lineEnd.lastIndex }
  }
}

/** One block of RFC 7468, lines of 64 characters, with a line end after the last. */
export function encodePem(label: string, der: Uint8Array): string {
  const lines = der.toBase64().match(/.{1,64}/g) ?? []
  return [`-----BEGIN ${label}-----`, ...lines, `-----END ${label}-----`, ''].join('\n')
}
