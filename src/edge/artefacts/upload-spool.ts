// SPDX-License-Identifier: Apache-2.0
import { createHash, type Hash } from 'node:crypto'
import { type FileHandle, link, mkdir, open, readdir, rename, rm, stat } from 'node:fs/promises'
import { join } from 'node:path'
import { Fault } from '#core/fault.ts'
import type { Randomness } from '#core/ports.ts'
import type { Appended, KeptOctets } from '#core/releases/ports.ts'
import { isMissing, isSystemError } from './store-fault.ts'

/** What is read at once where a digest has to be made anew. */
const stepOctets = 1_048_576
/** So often is it looked whether there is room for more: uploads that began together fill a disk together. */
const lookOctets = 4_194_304
/** Digests that stand in memory while their uploads go on; an upload without one is read once more. */
const mostRunning = 64
const uploadForm = /^upl_[0-9a-f]{32}$/

interface Running {
  readonly hash: Hash
  offset: number
  /** Up to where there was room when it was looked. */
  roomUntil: number
}

/** Octets on their way to the shelves of a directory: each upload is a file that only grows. */
export class UploadSpool {
  readonly directory: string
  readonly #root: string
  readonly #random: Randomness
  readonly #room: () => Promise<number>
  readonly #busy = new Set<string>()
  readonly #running = new Map<string, Running>()

  /** @param room how many more octets artefacts may take, whoever takes them */
  constructor(root: string, random: Randomness, room: () => Promise<number>) {
    this.#root = root
    this.#room = room
    this.directory = join(root, 'uploads')
    this.#random = random
  }

  pathOf(upload: string): string {
    if (!uploadForm.test(upload)) throw new TypeError(`${upload} is no upload`)
    return join(this.directory, upload)
  }

  async begin(upload: string): Promise<void> {
    const handle = await open(this.pathOf(upload), 'wx', 0o600)
    try {
      await handle.sync()
    } finally {
      await handle.close()
    }
    await syncDirectory(this.directory)
    this.#remember(upload, begun())
  }

  async append(
    upload: string,
    offset: number,
    chunks: AsyncIterable<Uint8Array>,
    most: number,
  ): Promise<Appended> {
    if (this.#busy.has(upload)) return { kind: 'busy' }
    this.#busy.add(upload)
    try {
      const handle = await openToGrow(this.pathOf(upload))
      if (handle === undefined) return { kind: 'elsewhere', offset: -1 }
      try {
        const { size } = await handle.stat()
        if (size !== offset) return { kind: 'elsewhere', offset: size }
        const running = await this.#runningAt(upload, size, handle)
        const wasMore = await this.#grow(handle, running, chunks, most)
        // The point of no return: the sender may forget what it is told to be here.
        await handle.datasync()
        return { kind: 'appended', offset: running.offset, wasMore }
      } finally {
        await handle.close()
      }
    } finally {
      this.#busy.delete(upload)
    }
  }

  async finish(upload: string, sha256: Uint8Array): Promise<KeptOctets> {
    const path = this.pathOf(upload)
    const handle = await open(path)
    try {
      const { size } = await handle.stat()
      const { hash } = await this.#runningAt(upload, size, handle)
      const found = Uint8Array.from(hash.copy().digest())
      if (found.toHex() === sha256.toHex()) await this.#shelve(path, found, size)
      return { sha256: found, octets: size }
    } finally {
      await handle.close()
    }
  }

  async keep(chunks: AsyncIterable<Uint8Array> | Iterable<Uint8Array>): Promise<KeptOctets> {
    const path = join(this.directory, `keep-${this.#random.bytes(16).toHex()}`)
    try {
      const running = begun()
      const handle = await open(path, 'wx', 0o600)
      try {
        for await (const chunk of chunks) await this.#write(handle, running, chunk)
        await handle.sync()
      } finally {
        await handle.close()
      }
      const sha256 = Uint8Array.from(running.hash.digest())
      await this.#shelve(path, sha256, running.offset)
      return { sha256, octets: running.offset }
    } finally {
      await rm(path, { force: true })
    }
  }

  async abandon(upload: string): Promise<void> {
    this.#running.delete(upload)
    await rm(this.pathOf(upload), { force: true })
  }

  async *all() {
    for (const upload of await readdir(this.directory)) {
      if (!uploadForm.test(upload)) continue
      try {
        const { mtimeMs } = await stat(join(this.directory, upload))
        yield { upload, touchedAt: Temporal.Instant.fromEpochMilliseconds(Math.trunc(mtimeMs)) }
      } catch (error) {
        // It was finished while the directory was read.
        if (!isMissing(error)) throw error
      }
    }
  }

  /** Puts a whole file, synced already, where its digest says; what lies there already is the same octets. */
  async #shelve(path: string, sha256: Uint8Array, octets: number): Promise<void> {
    const name = sha256.toHex()
    const shelf = join(this.#root, name.slice(0, 2))
    const isNew = (await mkdir(shelf, { recursive: true, mode: 0o700 })) !== undefined
    const place = join(shelf, name)
    try {
      await link(path, place)
    } catch (error) {
      if (!isSystemError(error)) throw error
      // A file of another length is what a broken disk left; and some file systems know no second name of a file.
      if (error.code === 'EEXIST' && (await stat(place)).size === octets) return
      await rename(path, place)
    }
    await syncDirectory(shelf)
    if (isNew) await syncDirectory(this.#root)
  }

  /** The digest of what is here of an upload: as it stands in memory, or read from the beginning. */
  async #runningAt(upload: string, size: number, handle: FileHandle): Promise<Running> {
    const known = this.#running.get(upload)
    if (known?.offset === size) return known
    const running = begun()
    const buffer = new Uint8Array(stepOctets)
    while (running.offset < size) {
      const wanted = Math.min(buffer.length, size - running.offset)
      const { bytesRead } = await handle.read(buffer, 0, wanted, running.offset)
      if (bytesRead === 0) break
      running.hash.update(buffer.subarray(0, bytesRead))
      running.offset += bytesRead
    }
    this.#remember(upload, running)
    return running
  }

  /** Writes what comes, up to `most` octets in all, until it ends or breaks off; says whether there was more. */
  async #grow(
    handle: FileHandle,
    running: Running,
    chunks: AsyncIterable<Uint8Array>,
    most: number,
  ): Promise<boolean> {
    for await (const chunk of untilCut(chunks)) {
      if (running.offset + chunk.length > most) return true
      await this.#write(handle, running, chunk)
    }
    return false
  }

  async #write(handle: FileHandle, running: Running, chunk: Uint8Array): Promise<void> {
    for (let at = 0; at < chunk.length; ) {
      if (running.offset >= running.roomUntil) {
        if ((await this.#room()) <= 0)
          throw new Fault('store-full', 'no space is left for artefacts beside the ledger')
        running.roomUntil = running.offset + lookOctets
      }
      const { bytesWritten } = await handle.write(
        ...([chunk, at, chunk.length - at, running.offset] as const),
      )
      running.hash.update(chunk.subarray(at, at + bytesWritten))
      running.offset += bytesWritten
      at += bytesWritten
    }
  }

  #remember(upload: string, running: Running): void {
    this.#running.delete(upload)
    this.#running.set(upload, running)
    for (const oldest of this.#running.keys()) {
      if (this.#running.size <= mostRunning) return
      if (!this.#busy.has(oldest)) this.#running.delete(oldest)
    }
  }
}

function begun(): Running {
  return { hash: createHash('sha256'), offset: 0, roomUntil: 0 }
}

async function openToGrow(path: string): Promise<FileHandle | undefined> {
  try {
    return await open(path, 'r+')
  } catch (error) {
    if (isMissing(error)) return undefined
    throw error
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

/** So that a new name survives a crash, too. */
async function syncDirectory(path: string): Promise<void> {
  const handle = await open(path)
  try {
    await handle.sync()
  } finally {
    await handle.close()
  }
}
