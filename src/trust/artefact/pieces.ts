// SPDX-License-Identifier: Apache-2.0
import { createHash } from 'node:crypto'
import { type ByteSource, stepsOf } from '#format/archive/byte-source.ts'
import { FormatError } from '#format/format-error.ts'
import type { DigestName } from '../digest-signature.ts'
import type { Piece } from './form.ts'

/** How much is read at a time: enough for the disk, and little of it waits to be given back to the system. */
const stepOctets = 131_072

/** How many octets the pieces are together. */
export function sizeOf(pieces: readonly Piece[]): number {
  return pieces.reduce((sum, piece) => sum + piece.length, 0)
}

/**
 * The octets of the pieces, in order; each chunk is the caller's until it asks for the next.
 *
 * @throws FormatError `truncated` where a source ends before its span does
 */
export async function* readPieces(pieces: readonly Piece[]): AsyncGenerator<Uint8Array> {
  for (const piece of pieces) {
    if (piece instanceof Uint8Array) yield* inSteps(piece)
    else yield* readSpan(piece.source, piece.from, piece.length)
  }
}

/** A hash tree has megabytes, of which who writes them would make a copy. */
function* inSteps(octets: Uint8Array): Generator<Uint8Array> {
  for (let at = 0; at < octets.length; at += stepOctets) yield octets.subarray(at, at + stepOctets)
}

/** The octets of a span, step by step; each chunk is the caller's until it asks for the next. @throws FormatError `truncated` */
export async function* readSpan(
  source: ByteSource,
  from: number,
  length: number,
  step = stepOctets,
): AsyncGenerator<Uint8Array> {
  const end = from + length
  let at = from
  for await (const chunk of stepsOf(source, from, end, step)) {
    yield chunk
    at += chunk.length
  }
  if (at < end) throw new FormatError('truncated', at, `${end - at} more octets`)
}

/** The digest of the pieces. @throws FormatError `truncated` */
export async function digestPieces(
  hash: DigestName,
  pieces: readonly Piece[],
): Promise<Uint8Array> {
  const running = createHash(hash)
  for await (const chunk of readPieces(pieces)) running.update(chunk)
  return Uint8Array.from(running.digest())
}

/** How long a source is, of one whose end is known. @throws TypeError */
export function knownSize(source: ByteSource): number {
  if (source.size === undefined) throw new TypeError('the size of an artefact has to be known')
  return source.size
}
