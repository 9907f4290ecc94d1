// SPDX-License-Identifier: Apache-2.0
import { createHash, type Hash } from 'node:crypto'
import type { FileHandle } from 'node:fs/promises'
import { Fault } from '#core/fault.ts'

/** So often is it looked whether there is room for more: uploads that began together fill a disk together. */
const lookOctets = 4_194_304
/** What is read at once where a digest has to be made anew. */
const stepOctets = 1_048_576

/** The digest of the beginning of a file, while the file grows. */
export interface Running {
  readonly hash: Hash
  /** So many octets are in it. */
  offset: number
}

export function begun(): Running {
  return { hash: createHash('sha256'), offset: 0 }
}

/** Writes to the end of a file for as long as there is room. */
export class SpoolWriter {
  readonly #handle: FileHandle
  readonly #running: Running | undefined
  readonly #room: () => Promise<number>
  #offset: number
  /** Up to where there was room when it was looked. */
  #roomUntil = 0

  /** @param running counts along, if what is in the file is what it counted */
  constructor(
    handle: FileHandle,
    offset: number,
    running: Running | undefined,
    room: () => Promise<number>,
  ) {
    this.#handle = handle
    this.#offset = offset
    this.#running = running
    this.#room = room
  }

  get offset(): number {
    return this.#offset
  }

  async write(chunk: Uint8Array): Promise<void> {
    for (let at = 0; at < chunk.length; ) {
      if (this.#offset >= this.#roomUntil) {
        if ((await this.#room()) <= 0)
          throw new Fault('store-full', 'no space is left for artefacts beside the ledger')
        this.#roomUntil = this.#offset + lookOctets
      }
      const { bytesWritten } = await this.#handle.write(
        ...([chunk, at, chunk.length - at, this.#offset] as const),
      )
      this.#offset += bytesWritten
      if (this.#running !== undefined) {
        this.#running.hash.update(chunk.subarray(at, at + bytesWritten))
        this.#running.offset = this.#offset
      }
      at += bytesWritten
    }
  }

  /** Writes what comes, up to `most` octets in all, until it ends or breaks off; says whether there was more. */
  async grow(chunks: AsyncIterable<Uint8Array>, most: number): Promise<boolean> {
    for await (const chunk of untilCut(chunks)) {
      if (this.#offset + chunk.length > most) return true
      await this.write(chunk)
    }
    return false
  }
}

/** The octets of a file; each piece is gone with the next. */
export async function* readIn(
  handle: FileHandle,
  from = 0,
  to = Number.MAX_SAFE_INTEGER,
): AsyncGenerator<Uint8Array> {
  const buffer = new Uint8Array(Math.min(stepOctets, Math.max(0, to - from)))
  for (let at = from; at < to; ) {
    const wanted = Math.min(buffer.length, to - at)
    const { bytesRead } = await handle.read(buffer, 0, wanted, at)
    if (bytesRead === 0) return
    yield buffer.subarray(0, bytesRead)
    at += bytesRead
  }
}

/** What a sender that goes away has sent until then: nobody is left who could be told more. */
async function* untilCut(chunks: AsyncIterable<Uint8Array>): AsyncGenerator<Uint8Array> {
  const iterator = chunks[Symbol.asyncIterator]()
  try {
    for (;;) {
      const next = await iterator.next().catch(() => ({ done: true, value: undefined }) as const)
      if (next.done === true) return
      yield next.value
    }
  } finally {
    await iterator.return?.()
  }
}
