// SPDX-License-Identifier: Apache-2.0
import { FormatError } from '#format/format-error.ts'
import { parseStrictBase64 } from './strict-base64.ts'

/** A log's state in three facts. */
export interface Checkpoint {
  /** Which log: unique, not empty. */
  readonly origin: string
  /** How many leaves the tree has. */
  readonly size: number
  /** The Merkle tree hash over them, 32 bytes. */
  readonly root: Uint8Array
}

/** The text that is signed. @see C2SP tlog-checkpoint, Note text */
export function encodeCheckpoint({ origin, size, root }: Checkpoint): string {
  return `${origin}\n${size}\n${root.toBase64()}\n`
}

/**
 * Reads the text of a checkpoint note; extension lines are passed over, as the specification says.
 *
 * @throws FormatError `text-malformed`, `base64-malformed`, or `too-large` for a size over 2^53 - 1
 */
export function parseCheckpoint(text: string): Checkpoint {
  const lines = text.split('\n')
  const [origin = '', size = '', root = ''] = lines
  if (lines.length < 4 || lines.at(-1) !== '' || lines.slice(0, -1).includes('')) {
    throw new FormatError('text-malformed', 0, 'not three lines or more')
  }
  const sizeOffset = origin.length + 1
  if (!/^(0|[1-9]\d*)$/.test(size)) throw new FormatError('text-malformed', sizeOffset, 'tree size')
  if (!Number.isSafeInteger(Number(size))) throw new FormatError('too-large', sizeOffset)
  const rootOffset = sizeOffset + size.length + 1
  const hash = parseStrictBase64(root, rootOffset)
  if (hash.length !== 32) throw new FormatError('text-malformed', rootOffset, 'root hash')
  return { origin, size: Number(size), root: hash }
}
