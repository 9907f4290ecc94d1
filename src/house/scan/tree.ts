// SPDX-License-Identifier: Apache-2.0
import type { Dirent } from 'node:fs'
import { lstat, opendir, stat } from 'node:fs/promises'
import type { NotScanned, NotScannedReason } from '#core/scan/not-scanned.ts'
import { nameOf } from '#format/archive/fields.ts'
import type { ListedFile } from './thread-protocol.ts'

/** What a directory has besides files. None of it is opened. */
export interface TreeCounts {
  directories: number
  links: number
  /** Devices, pipes and sockets. */
  special: number
}

/** A directory with more names is not sorted: they would all have to be in memory. */
const mostSorted = 65_536
const namesAtOnce = 1_024

/**
 * The files below each path in the order of their names, octet by octet; a path may be a file itself.
 *
 * No link is followed but one that is named as a path, nothing but a file is listed, and no other file system is
 * entered: a device's /proc or a mounted share is not what somebody meant by a directory.
 */
export async function* listTree(
  paths: readonly string[],
  counts: TreeCounts,
): AsyncGenerator<ListedFile | NotScanned> {
  for (const path of paths) {
    try {
      const status = await stat(path)
      if (status.isFile()) yield listed(Buffer.from(path))
      else if (status.isDirectory()) yield* listDirectory(Buffer.from(path), status.dev, counts)
      else yield passedBy(Buffer.from(path), 'unreadable', 'it is neither a file nor a directory')
    } catch (error) {
      yield passedBy(Buffer.from(path), ...wordsOf(error))
    }
  }
}

async function* listDirectory(
  path: Buffer,
  device: number,
  counts: TreeCounts,
): AsyncGenerator<ListedFile | NotScanned> {
  counts.directories++
  const names: Entry[] = []
  try {
    // The type is right: with this encoding names are octets.
    const directory = await opendir(path, {
      encoding: 'buffer' as BufferEncoding,
      bufferSize: namesAtOnce,
    })
    for await (const entry of directory) {
      names.push(entryOf(entry))
      if (names.length === mostSorted) {
        for (const name of names.splice(0)) yield* listEntry(path, name, device, counts)
      }
    }
  } catch (error) {
    yield passedBy(path, ...wordsOf(error))
  }
  names.sort((left, right) => Buffer.compare(left.name, right.name))
  for (const name of names) yield* listEntry(path, name, device, counts)
}

interface Entry {
  readonly name: Buffer
  readonly type: 'file' | 'directory' | 'link' | 'special' | 'unknown'
}

function entryOf(entry: Dirent): Entry {
  const name: unknown = entry.name
  if (!Buffer.isBuffer(name)) throw new Error('names of directories are not octets')
  if (entry.isFile()) return { name, type: 'file' }
  if (entry.isDirectory()) return { name, type: 'directory' }
  if (entry.isSymbolicLink()) return { name, type: 'link' }
  const special =
    entry.isFIFO() || entry.isSocket() || entry.isBlockDevice() || entry.isCharacterDevice()
  return { name, type: special ? 'special' : 'unknown' }
}

async function* listEntry(
  parent: Buffer,
  { name, type }: Entry,
  device: number,
  counts: TreeCounts,
): AsyncGenerator<ListedFile | NotScanned> {
  const path = joined(parent, name)
  if (type === 'file') yield listed(path)
  else if (type === 'link') counts.links++
  else if (type === 'special') counts.special++
  else yield* listOther(path, device, counts)
}

/** A directory, or what the file system does not tell the type of. */
async function* listOther(
  path: Buffer,
  device: number,
  counts: TreeCounts,
): AsyncGenerator<ListedFile | NotScanned> {
  try {
    const status = await lstat(path)
    if (status.isFile()) yield listed(path)
    else if (status.isSymbolicLink()) counts.links++
    else if (!status.isDirectory()) counts.special++
    else if (status.dev === device) yield* listDirectory(path, device, counts)
    else yield passedBy(path, 'other-file-system', 'it is on another file system')
  } catch (error) {
    yield passedBy(path, ...wordsOf(error))
  }
}

function joined(parent: Buffer, name: Buffer): Buffer {
  const slash = parent.at(-1) === 0x2f ? [] : [Buffer.from('/')]
  return Buffer.concat([parent, ...slash, name])
}

function listed(path: Buffer): ListedFile {
  return { name: nameOf(path), path: path.toString('latin1') }
}

function passedBy(path: Buffer, reason: NotScannedReason, because: string): NotScanned {
  return { kind: 'not-scanned', reason, path: [nameOf(path)], offset: null, because }
}

function wordsOf(error: unknown): [NotScannedReason, string] {
  if (!(error instanceof Error) || !('code' in error)) throw error
  if (error.code === 'ENOENT') return ['gone', 'it is not there']
  return ['unreadable', `it cannot be read: the system says ${error.code}`]
}
