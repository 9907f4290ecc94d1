// SPDX-License-Identifier: Apache-2.0
import {
  chmodSync,
  closeSync,
  fsyncSync,
  mkdirSync,
  openSync,
  readdirSync,
  readFileSync,
  renameSync,
  rmSync,
  statSync,
  writeSync,
} from 'node:fs'
import { join } from 'node:path'
import { DeviceFault, reasonOf } from '../fault.ts'

/**
 * One flat directory of small files, in steps that power may cut off anywhere.
 *
 * `rename` MUST be atomic: afterwards, and after a cut, the name holds the old bytes or the new.
 * What was done before `sync` MUST be found after a cut that comes later than it.
 */
export interface Files {
  /** The bytes, or undefined if there is no such file. */
  read(name: string): Uint8Array | undefined
  names(): readonly string[]
  /** Writes a file that only its owner may read; its content is durable afterwards, its name not yet. */
  write(name: string, bytes: Uint8Array): void
  rename(from: string, to: string): void
  /** Removes a file; one that is not there is removed already. */
  remove(name: string): void
  /** Makes names durable. */
  sync(): void
}

const unfinished = '.part'

/** Gives a file new content, all or nothing, durable on return. Three steps. */
export function replace(files: Files, name: string, text: string): void {
  files.write(name + unfinished, new TextEncoder().encode(text))
  files.rename(name + unfinished, name)
  files.sync()
}

/** Removes what a cut left half written. */
export function sweep(files: Files): void {
  for (const name of files.names()) if (name.endsWith(unfinished)) files.remove(name)
}

/** The files of a real directory, which is made if need be; nobody but its owner may enter it. */
export function makeDirectory(directory: string): Files {
  return attempt(directory, () => {
    mkdirSync(directory, { recursive: true, mode: 0o700 })
    return openDirectory(directory)
  })
}

/**
 * The files of a directory that may not be there yet; then it is empty.
 *
 * One that others may enter is closed to them if it is ours: empty, or with an enrolment in it.
 */
export function openDirectory(directory: string): Files {
  return attempt(directory, () => {
    tighten(directory)
    return {
      read: (name) => attempt(name, () => readIfThere(join(directory, name))),
      names: () => attempt(directory, () => namesIn(directory)),
      write: (name, bytes) => attempt(name, () => writeDurably(join(directory, name), bytes)),
      rename: (from, to) =>
        attempt(to, () => renameSync(join(directory, from), join(directory, to))),
      remove: (name) => attempt(name, () => rmSync(join(directory, name), { force: true })),
      sync: () => attempt(directory, () => syncDirectory(directory)),
    }
  })
}

function attempt<T>(name: string, act: () => T): T {
  try {
    return act()
  } catch (cause) {
    if (cause instanceof DeviceFault) throw cause
    throw new DeviceFault('directory-unusable', `cannot use ${name}: ${reasonOf(cause)}`, { cause })
  }
}

function tighten(directory: string): void {
  const found = statSync(directory, { throwIfNoEntry: false })
  if (found === undefined || (found.mode & 0o077) === 0) return
  const names = namesIn(directory)
  if (names.length > 0 && !names.includes('settings')) {
    throw new DeviceFault(
      'directory-unusable',
      `${directory} is open to others and holds other things; give --state a directory of its own`,
    )
  }
  chmodSync(directory, 0o700)
}

function namesIn(directory: string): readonly string[] {
  return statSync(directory, { throwIfNoEntry: false }) === undefined ? [] : readdirSync(directory)
}

function readIfThere(path: string): Uint8Array | undefined {
  try {
    return Uint8Array.from(readFileSync(path))
  } catch (error) {
    if (error instanceof Error && 'code' in error && error.code === 'ENOENT') return undefined
    throw error
  }
}

function writeDurably(path: string, bytes: Uint8Array): void {
  // A left-over of another owner or mode must not lend its mode to a key.
  rmSync(path, { force: true })
  const file = openSync(path, 'wx', 0o600)
  try {
    for (let offset = 0; offset < bytes.length; ) offset += writeSync(file, bytes, offset)
    fsyncSync(file)
  } finally {
    closeSync(file)
  }
}

function syncDirectory(directory: string): void {
  const handle = openSync(directory, 'r')
  try {
    fsyncSync(handle)
  } finally {
    closeSync(handle)
  }
}
