// SPDX-License-Identifier: Apache-2.0
import type { Transform } from 'node:stream'
import type { ByteSource } from '#format/archive/byte-source.ts'

/** One of node:zlib's streams: it counts what it took. */
export type Engine = Transform & { readonly bytesWritten: number }

/** Octets that are handed in at once: no more, so that a form can look back to where its stream ended. */
export const inputOctets = 65_536

/**
 * What an engine makes of the octets from `at` on, until its stream ends by itself.
 *
 * It is fed only as fast as it is read, and destroyed when its reader stops.
 *
 * @returns (of the generator) how many octets its stream took
 * @throws what the engine says is wrong with its input
 */
export async function* drive(
  engine: Engine,
  source: ByteSource,
  at: number,
): AsyncGenerator<Uint8Array, number> {
  const closed = new Promise<void>((resolve) => engine.once('close', () => resolve()))
  const fed = feed(engine, source, at, closed).catch((error: Error) => engine.destroy(error))
  try {
    for await (const piece of engine) yield taken(piece)
    return engine.bytesWritten
  } finally {
    engine.destroy()
    // The source is ours until the last read of it has come back.
    await fed
  }
}

/**
 * A copy of a piece, while what the engine wrote it into is given back as soon as it is used up.
 *
 * The engine makes its arrays where the collector of young objects does not count them: left to it, a stream of
 * gigabytes has 60 MB of them waiting. The last one of a stream, which is not full, is left to it all the same.
 */
function taken(piece: Uint8Array): Uint8Array {
  const copy = new Uint8Array(piece)
  const { buffer, byteOffset, byteLength } = piece
  // Pieces come in order, and behind the end of its array the engine writes into another.
  const isUsedUp = byteOffset + byteLength === buffer.byteLength
  // What is no larger may be the array that small Buffers share.
  if (isUsedUp && buffer instanceof ArrayBuffer && buffer.byteLength > Buffer.poolSize)
    buffer.transfer(0)
  return copy
}

async function feed(engine: Engine, source: ByteSource, start: number, closed: Promise<void>) {
  // One array for all: each is taken whole before the next one is read.
  const held = source.fill && new Uint8Array(inputOctets)
  for (let at = start; !engine.destroyed && !engine.readableEnded; ) {
    const bytes =
      held === undefined
        ? (await source.read(at, inputOctets)).slice()
        : held.subarray(0, await source.fill?.(at, held))
    if (engine.destroyed) return
    if (bytes.length === 0) {
      engine.end()
      return
    }
    at += bytes.length
    const taken = Promise.withResolvers<void>()
    engine.write(bytes, () => taken.resolve())
    await Promise.race([closed, taken.promise])
  }
}

/** The pieces of `drive`, and to `taken` what it returns: `for await` would lose it. */
export async function* counted(
  pieces: AsyncGenerator<Uint8Array, number>,
  taken: (octets: number) => void,
): AsyncGenerator<Uint8Array> {
  taken(yield* pieces)
}
