// SPDX-License-Identifier: Apache-2.0
/** The files that a bundle is made of, as the command line names them: files, and what is in directories. */
import { lstatSync, readdirSync, type Stats } from 'node:fs'
import { basename, join } from 'node:path'
import type { ByteSource } from '#format/archive/byte-source.ts'
import type { EntryToPack, FileToPack } from '#format/archive/squashfs-writer.ts'
import { unreadable } from '../files.ts'
import { wrongUse } from '../stop.ts'
import type { OpenFiles } from './open-artefact.ts'

/** As many as may be open at once: a bundle has a handful. */
const mostFiles = 512

/**
 * Files by their own names, and what is in a directory by its names there.
 *
 * @param seen told of every octet that is read, by how many
 * @throws Stop for links, devices, and what cannot be read
 */
export async function gather(
  paths: readonly string[],
  files: OpenFiles,
  seen: (octets: number) => void,
): Promise<readonly EntryToPack[]> {
  const gathering = new Gathering(files, seen)
  const entries: EntryToPack[] = []
  for (const path of paths) {
    const status = statusOf(path)
    if (status.isDirectory()) entries.push(...(await gathering.entriesIn(path)))
    else entries.push(await gathering.file(path, status))
  }
  return entries
}

/** The files of entries that may have no directories. @throws Stop */
export function flat(entries: readonly EntryToPack[]): readonly FileToPack[] {
  return entries.map((entry) => {
    if (entry.kind === 'file') return entry
    throw wrongUse(`${entry.name} is a directory in a directory`, 'name the files themselves')
  })
}

/** All octets of them. */
export function octetsIn(entries: readonly EntryToPack[]): number {
  return entries.reduce(
    (sum, entry) =>
      sum + (entry.kind === 'file' ? (entry.content.size ?? 0) : octetsIn(entry.entries)),
    0,
  )
}

class Gathering {
  readonly #files: OpenFiles
  readonly #seen: (octets: number) => void
  #count = 0

  constructor(files: OpenFiles, seen: (octets: number) => void) {
    this.#files = files
    this.#seen = seen
  }

  async entriesIn(directory: string): Promise<EntryToPack[]> {
    const entries: EntryToPack[] = []
    for (const name of readdirSync(directory).toSorted()) {
      const path = join(directory, name)
      const status = statusOf(path)
      if (status.isDirectory())
        entries.push({ kind: 'directory', name, entries: await this.entriesIn(path) })
      else entries.push(await this.file(path, status))
    }
    return entries
  }

  async file(path: string, status: Stats): Promise<FileToPack> {
    if (!status.isFile())
      throw wrongUse(
        `${path} is neither a file nor a directory`,
        'links and devices are not packed: name what they lead to',
      )
    if (this.#count++ === mostFiles)
      throw wrongUse(`over ${mostFiles} files`, 'a bundle holds images: pack the tree into one')
    const content = this.#counted(await this.#files.open(path, 'FILE'))
    const executable = (status.mode & 0o111) !== 0
    return { kind: 'file', name: basename(path), content, executable }
  }

  #counted(source: ByteSource): ByteSource {
    return {
      size: source.size,
      read: async (at, length) => {
        const octets = await source.read(at, length)
        this.#seen(octets.length)
        return octets
      },
    }
  }
}

function statusOf(path: string): Stats {
  try {
    return lstatSync(path)
  } catch (cause) {
    throw unreadable(path, 'FILE', cause)
  }
}
