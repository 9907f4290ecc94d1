// SPDX-License-Identifier: Apache-2.0
import type { Dirent } from 'node:fs'
import { lstat, opendir, realpath, stat } from 'node:fs/promises'
import type { NotScanned, NotScannedReason } from '#core/scan/not-scanned.ts'
import { nameOf } from '#format/archive/fields.ts'
import { Links } from './links.ts'
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
 * No link is followed but one that is named as a path, and that one leads out of the tree is told; nothing but a file is listed, and no other file system is
 * entered: a device's /proc or a mounted share is not what somebody meant by a directory.
 */
export async function* listTree(
  paths: readonly string[],
  counts: TreeCounts,
): AsyncGenerator<ListedFile | NotScanned> {
  for (const path of paths) {
    try {
      const status = await stat(path)
      const octets = Buffer.from(path).toString('latin1')
      if (status.isFile()) yield await listedByName(path, octets)
      else if (status.isDirectory()) yield* listRoot(octets, status.dev, counts)
      else yield passedBy(octets, 'unreadable', 'it is neither a file nor a directory')
    } catch (error) {
      yield passedBy(Buffer.from(path).toString('latin1'), ...wordsOf(error))
    }
  }
}

async function* listRoot(
  path: string,
  device: number,
  counts: TreeCounts,
): AsyncGenerator<ListedFile | NotScanned> {
  const links = await Links.of(path)
  yield* listDirectory(path, { device, counts, links })
  const told = links.told()
  if (told !== undefined) yield told
}

/** The tree that is listed. */
interface Tree {
  readonly device: number
  readonly counts: TreeCounts
  readonly links: Links
}

async function* listDirectory(path: string, tree: Tree): AsyncGenerator<ListedFile | NotScanned> {
  tree.counts.directories++
  const names: Entry[] = []
  try {
    const directory = await opendir(octetsOf(path), { encoding: 'latin1', bufferSize: namesAtOnce })
    for await (const entry of directory) {
      names.push(entryOf(entry))
      if (names.length === mostSorted) {
        for (const name of names.splice(0)) yield* listEntry(path, name, tree)
      }
    }
  } catch (error) {
    yield passedBy(path, ...wordsOf(error))
  }
  names.sort((left, right) => (left.name < right.name ? -1 : 1))
  for (const name of names) yield* listEntry(path, name, tree)
}

interface Entry {
  /** Octets, one a character, as everywhere here: names need not be UTF-8. */
  readonly name: string
  readonly type: 'file' | 'directory' | 'link' | 'special' | 'unknown'
}

function entryOf(entry: Dirent): Entry {
  const { name } = entry
  if (entry.isFile()) return { name, type: 'file' }
  if (entry.isDirectory()) return { name, type: 'directory' }
  if (entry.isSymbolicLink()) return { name, type: 'link' }
  const special =
    entry.isFIFO() || entry.isSocket() || entry.isBlockDevice() || entry.isCharacterDevice()
  return { name, type: special ? 'special' : 'unknown' }
}

async function* listEntry(
  parent: string,
  { name, type }: Entry,
  tree: Tree,
): AsyncGenerator<ListedFile | NotScanned> {
  const path = parent.endsWith('/') ? parent + name : `${parent}/${name}`
  if (type === 'file') yield listed(path)
  else if (type === 'link') await link(path, tree)
  else if (type === 'special') tree.counts.special++
  else yield* listOther(path, tree)
}

/** A directory, or what the file system does not tell the type of. */
async function* listOther(path: string, tree: Tree): AsyncGenerator<ListedFile | NotScanned> {
  try {
    const status = await lstat(octetsOf(path))
    if (status.isFile()) yield listed(path)
    else if (status.isSymbolicLink()) await link(path, tree)
    else if (!status.isDirectory()) tree.counts.special++
    else if (status.dev === tree.device) yield* listDirectory(path, tree)
    else yield passedBy(path, 'other-file-system', 'it is on another file system')
  } catch (error) {
    yield passedBy(path, ...wordsOf(error))
  }
}

async function link(path: string, { counts, links }: Tree): Promise<void> {
  counts.links++
  await links.meet(path)
}

function octetsOf(path: string): Buffer {
  return Buffer.from(path, 'latin1')
}

function listed(path: string): ListedFile {
  return { name: shown(path), path }
}

/** Most names are for the eye as they are. */
function shown(path: string): string {
  return /^[\x20-\x5b\x5d-\x7e]*$/.test(path) ? path : nameOf(octetsOf(path))
}

/** Under the name that somebody gave: what a link leads to is found out here, since none is opened. */
async function listedByName(path: string, octets: string): Promise<ListedFile> {
  const target = await realpath(path, { encoding: 'buffer' })
  return { name: shown(octets), path: target.toString('latin1') }
}

function passedBy(path: string, reason: NotScannedReason, because: string): NotScanned {
  return { kind: 'not-scanned', reason, path: [shown(path)], offset: null, because }
}

function wordsOf(error: unknown): [NotScannedReason, string] {
  if (!(error instanceof Error) || !('code' in error)) throw error
  if (error.code === 'ENOENT') return ['gone', 'it is not there']
  return ['unreadable', `it cannot be read: the system says ${error.code}`]
}
