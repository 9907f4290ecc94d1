// SPDX-License-Identifier: Apache-2.0
import { pipeline, Readable } from 'node:stream'
import { createGzip } from 'node:zlib'

/**
 * What comes in, packed by gzip; no time and no name stands in it, so that the same octets give the same.
 *
 * @throws what the chunks throw
 */
export async function* packGzip(chunks: AsyncIterable<Uint8Array>): AsyncGenerator<Uint8Array> {
  const gzip = createGzip({ level: 6 })
  // A chunk is its giver's as soon as the next is asked for, and a stream reads ahead.
  const copies = Readable.from(copied(chunks), { objectMode: false, highWaterMark: 1 })
  // What goes wrong destroys the stream that is read below, and is thrown there.
  pipeline(copies, gzip, () => undefined)
  for await (const chunk of gzip) yield chunk
}

async function* copied(chunks: AsyncIterable<Uint8Array>): AsyncGenerator<Uint8Array> {
  for await (const chunk of chunks) yield chunk.slice()
}
