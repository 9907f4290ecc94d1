// SPDX-License-Identifier: Apache-2.0
import { type FileHandle, link, mkdir, open, readdir, rename, rm, stat } from 'node:fs/promises'
import { join } from 'node:path'
import type { Randomness } from '#core/ports.ts'
import type { Appended, KeptOctets, OctetsGuard } from '#core/releases/ports.ts'
import { begun, type Running, readIn, SpoolWriter } from './spool-writer.ts'
import { isMissing, isSystemError } from './store-fault.ts'

/** Digests that stand in memory while their uploads go on; an upload without one is read once more. */
const mostRunning = 64
const uploadForm = /^upl_[0-9a-f]{32}$/
const keepForm = /^keep-[0-9a-f]{32}$/

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

  /** Asked of the open file: of its name alone a server that shares the directory may know less. */
  async offset(upload: string): Promise<number | undefined> {
    const handle = await openIfThere(this.pathOf(upload), 'r')
    if (handle === undefined) return undefined
    try {
      return (await handle.stat()).size
    } finally {
      await handle.close()
    }
  }

  async cut(upload: string, octets: number): Promise<void> {
    this.#running.delete(upload)
    const handle = await open(this.pathOf(upload), 'r+')
    try {
      if ((await handle.stat()).size > octets) await handle.truncate(octets)
      await handle.sync()
    } finally {
      await handle.close()
    }
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
      const handle = await openIfThere(this.pathOf(upload), 'r+')
      if (handle === undefined) return { kind: 'elsewhere', offset: -1 }
      try {
        const { size } = await handle.stat()
        if (size !== offset) return { kind: 'elsewhere', offset: size }
        const known = this.#running.get(upload)
        // What another server added is read when the upload is whole, and not at every change of servers.
        const writer = this.#writerOf(handle, size, known?.offset === size ? known : undefined)
        const wasMore = await writer.grow(chunks, most)
        // The point of no return: the sender may forget what it is told to be here.
        await handle.datasync()
        return { kind: 'appended', offset: writer.offset, wasMore }
      } finally {
        await handle.close()
      }
    } finally {
      this.#busy.delete(upload)
    }
  }

  async finish(
    upload: string,
    sha256: Uint8Array,
    how: 'as-it-is' | 'anew',
    guard: OctetsGuard = (chunks) => chunks,
  ): Promise<KeptOctets> {
    const path = this.pathOf(upload)
    const handle = await open(path)
    try {
      if (how === 'anew') return await this.#keep(guard(readIn(handle)), sha256)
      const { size } = await handle.stat()
      const { hash } = await this.#runningAt(upload, size, handle, guard)
      const found = Uint8Array.from(hash.copy().digest())
      if (found.toHex() === sha256.toHex()) await this.#shelve(path, found)
      return { sha256: found, octets: size }
    } finally {
      await handle.close()
    }
  }

  keep(chunks: AsyncIterable<Uint8Array> | Iterable<Uint8Array>): Promise<KeptOctets> {
    return this.#keep(chunks, undefined)
  }

  /** Removes what was being kept when a process ended. */
  async tidy(before: Temporal.Instant): Promise<void> {
    for (const name of await readdir(this.directory)) {
      if (!keepForm.test(name)) continue
      const path = join(this.directory, name)
      const touchedAt = await stat(path).then(
        ({ mtimeMs }) => mtimeMs,
        (error) => {
          // It was kept while the directory was read.
          if (!isMissing(error)) throw error
        },
      )
      if (touchedAt !== undefined && touchedAt < before.epochMilliseconds)
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

  /** Puts what comes into a file of its own, and onto its shelf; not if another digest is wanted than it has. */
  async #keep(
    chunks: AsyncIterable<Uint8Array> | Iterable<Uint8Array>,
    wanted: Uint8Array | undefined,
  ): Promise<KeptOctets> {
    const path = join(this.directory, `keep-${this.#random.bytes(16).toHex()}`)
    try {
      const running = begun()
      const handle = await open(path, 'wx', 0o600)
      try {
        const writer = this.#writerOf(handle, 0, running)
        for await (const chunk of chunks) await writer.write(chunk)
        await handle.sync()
      } finally {
        await handle.close()
      }
      const sha256 = Uint8Array.from(running.hash.digest())
      const isWanted = wanted === undefined || wanted.toHex() === sha256.toHex()
      if (isWanted) await this.#shelve(path, sha256)
      return { sha256, octets: running.offset }
    } finally {
      await rm(path, { force: true })
    }
  }

  /** Puts a whole file, synced already, where its digest says. */
  async #shelve(path: string, sha256: Uint8Array): Promise<void> {
    const name = sha256.toHex()
    const shelf = join(this.#root, name.slice(0, 2))
    const isNew = (await mkdir(shelf, { recursive: true, mode: 0o700 })) !== undefined
    const place = join(shelf, name)
    try {
      await link(path, place)
    } catch (error) {
      if (!isSystemError(error)) throw error
      // What lies there was read long ago, if at all: a disk may have broken since, and ours was read just now. And
      // some file systems know no second name of a file.
      await rename(path, place)
    }
    await syncDirectory(shelf)
    if (isNew) await syncDirectory(this.#root)
  }

  /** The digest of what is here of an upload: as it stands in memory, and what is not in it read. */
  async #runningAt(
    upload: string,
    size: number,
    handle: FileHandle,
    guard: OctetsGuard,
  ): Promise<Running> {
    const known = this.#running.get(upload)
    const running = known !== undefined && known.offset <= size ? known : begun()
    for await (const chunk of guard(readIn(handle, running.offset, size))) {
      running.hash.update(chunk)
      running.offset += chunk.length
    }
    this.#remember(upload, running)
    return running
  }

  #writerOf(handle: FileHandle, offset: number, running: Running | undefined): SpoolWriter {
    return new SpoolWriter(handle, offset, running, this.#room)
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

async function openIfThere(path: string, flags: 'r' | 'r+'): Promise<FileHandle | undefined> {
  try {
    return await open(path, flags)
  } catch (error) {
    if (isMissing(error)) return undefined
    throw error
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
