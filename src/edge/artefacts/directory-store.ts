// SPDX-License-Identifier: Apache-2.0
import { mkdir, open, readdir, rename, rm, stat, statfs } from 'node:fs/promises'
import { join } from 'node:path'
import type { Randomness } from '#core/ports.ts'
import type { ArtefactStore, OpenOctets } from '#core/releases/ports.ts'
import { fileSource } from './file-source.ts'
import { asFault, isMissing } from './store-fault.ts'
import { UploadSpool } from './upload-spool.ts'

/** So much is left free for the ledger, which must be able to write when artefacts fill the disk. */
const reserveOctets = 268_435_456
const digestForm = /^[0-9a-f]{64}$/

/**
 * Artefacts as files of a directory, by their SHA-256: `ab/abcdef…`; `uploads/` has what is on its way, `removed/`
 * what is being removed. Several nodes may have one directory together.
 */
export async function openArtefactDirectory(
  root: string,
  random: Randomness,
): Promise<ArtefactStore> {
  const removed = join(root, 'removed')
  const room = async () => {
    const { bavail, bsize } = await statfs(root)
    return Math.max(0, bavail * bsize - reserveOctets)
  }
  const spool = new UploadSpool(root, random, room)
  await guarded(async () => {
    for (const directory of [root, spool.directory, removed])
      await mkdir(directory, { recursive: true, mode: 0o700 })
  })
  const pathOf = (sha256: Uint8Array) => {
    const name = sha256.toHex()
    return join(root, name.slice(0, 2), name)
  }
  return {
    open: (sha256) => guarded(() => opened(pathOf(sha256))),
    file: (sha256) =>
      guarded(async () => {
        const path = pathOf(sha256)
        return (await sizeOf(path)) === undefined
          ? undefined
          : { path, close: () => Promise.resolve() }
      }),
    size: (sha256) => guarded(() => sizeOf(pathOf(sha256))),
    keep: (chunks) => guarded(() => spool.keep(chunks)),
    room: () => guarded(room),
    offset: (upload) => guarded(() => spool.offset(upload)),
    begin: (upload) => guarded(() => spool.begin(upload)),
    append: (upload, offset, chunks, most) =>
      guarded(() => spool.append(upload, offset, chunks, most)),
    cut: (upload, octets) => guarded(() => spool.cut(upload, octets)),
    finish: (upload, sha256, how, guard) => guarded(() => spool.finish(upload, sha256, how, guard)),
    abandon: (upload) => guarded(() => spool.abandon(upload)),
    tidy: (before) => guarded(() => spool.tidy(before)),
    all: () => digestsIn(root),
    uploads: () => spool.all(),
    remove: (sha256, isWanted) =>
      guarded(async () => {
        const aside = join(removed, sha256.toHex())
        try {
          await rename(pathOf(sha256), aside)
        } catch (error) {
          if (!isMissing(error)) throw error
          return
        }
        // Nobody can open them from here on; who wanted them a moment before gets them back.
        if (await isWanted()) await rename(aside, pathOf(sha256))
        else await rm(aside, { force: true })
      }),
  }
}

async function guarded<T>(work: () => Promise<T>): Promise<T> {
  try {
    return await work()
  } catch (error) {
    throw asFault(error)
  }
}

async function opened(path: string): Promise<OpenOctets | undefined> {
  try {
    const handle = await open(path)
    const { size } = await handle.stat()
    return { source: fileSource(handle, size), octets: size, close: () => handle.close() }
  } catch (error) {
    if (isMissing(error)) return undefined
    throw error
  }
}

async function sizeOf(path: string): Promise<number | undefined> {
  try {
    return (await stat(path)).size
  } catch (error) {
    if (isMissing(error)) return undefined
    throw error
  }
}

/** All digests, those that a crash left aside among them, put back first: the sweep judges them anew. */
async function* digestsIn(root: string) {
  for (const name of await readdir(join(root, 'removed'))) {
    if (!digestForm.test(name)) continue
    const shelf = join(root, name.slice(0, 2))
    await mkdir(shelf, { recursive: true, mode: 0o700 })
    await rename(join(root, 'removed', name), join(shelf, name))
  }
  for (const shelf of await readdir(root)) {
    if (!/^[0-9a-f]{2}$/.test(shelf)) continue
    for (const name of await readdir(join(root, shelf))) {
      if (!digestForm.test(name)) continue
      const { mtimeMs } = await stat(join(root, shelf, name))
      const keptAt = Temporal.Instant.fromEpochMilliseconds(Math.trunc(mtimeMs))
      yield { sha256: Uint8Array.fromHex(name), keptAt }
    }
  }
}
