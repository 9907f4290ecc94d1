// SPDX-License-Identifier: Apache-2.0
import {
  chmodSync,
  chownSync,
  closeSync,
  fsyncSync,
  lstatSync,
  mkdirSync,
  openSync,
  readdirSync,
  readFileSync,
  readlinkSync,
  renameSync,
  rmSync,
  statSync,
  symlinkSync,
  writeSync,
} from 'node:fs'
import { join } from 'node:path'
import { sha256 } from '#trust/digest.ts'
import { DeviceFault, reasonOf } from '../fault.ts'
import type { GivenFiles } from './bring.ts'

/** What all names lead through: changed in one rename, so that key and certificate always belong together. */
const current = 'current'
const generation = /^identity-[0-9a-f]{16}$/

/**
 * Puts files where programs read them, all of them in one step.
 *
 * `DIR/key.pem` and the others lead through `DIR/current` to the directory of one identity; a new one is
 * written beside it, made durable, and takes its place by one rename. The one before stays until the next, for
 * a program that read half.
 *
 * @param readers who may read the key: this user, or the group of the directory too
 * @throws DeviceFault directory-unusable
 */
export function giveFiles(directory: string, files: GivenFiles, readers: 'owner' | 'group'): void {
  try {
    mkdirSync(directory, { recursive: true, mode: 0o755 })
    checkOurs(directory, Object.keys(files))
    const name = nameOf(files)
    const before = leadsTo(directory)
    if (before !== name || !holds(join(directory, name), files)) {
      writeGeneration(directory, name, files, readers)
      link(directory, current, name)
    }
    for (const file of Object.keys(files)) link(directory, file, join(current, file))
    syncDirectory(directory)
    for (const old of readdirSync(directory))
      if (isLeftOver(old, name, before)) rmSync(join(directory, old), { recursive: true })
  } catch (cause) {
    if (cause instanceof DeviceFault) throw cause
    throw new DeviceFault('directory-unusable', `cannot use ${directory}: ${reasonOf(cause)}`, {
      cause,
    })
  }
}

function isLeftOver(name: string, now: string, before: string | undefined): boolean {
  return (
    (generation.test(name) && name !== now && name !== before) ||
    /^(identity-[0-9a-f]{16}|[a-z]+(\.pem)?)\.part$/.test(name)
  )
}

/** A file of somebody else under one of our names is not ours to replace. */
function checkOurs(directory: string, names: readonly string[]): void {
  for (const name of [...names, current]) {
    const found = lstatSync(join(directory, name), { throwIfNoEntry: false })
    if (found === undefined || found.isSymbolicLink()) continue
    throw new DeviceFault(
      'directory-unusable',
      `${join(directory, name)} is somebody else's; give --publish a directory of its own`,
    )
  }
}

function nameOf(files: GivenFiles): string {
  const bytes = new TextEncoder().encode(Object.values(files).join('\n'))
  return `identity-${sha256(bytes).subarray(0, 8).toHex()}`
}

function leadsTo(directory: string): string | undefined {
  const path = join(directory, current)
  return lstatSync(path, { throwIfNoEntry: false }) && readlinkSync(path)
}

function holds(directory: string, files: GivenFiles): boolean {
  return Object.entries(files).every(([name, text]) => {
    const path = join(directory, name)
    return statSync(path, { throwIfNoEntry: false }) && readFileSync(path, 'utf8') === text
  })
}

function writeGeneration(
  directory: string,
  name: string,
  files: GivenFiles,
  readers: 'owner' | 'group',
): void {
  const part = join(directory, `${name}.part`)
  rmSync(part, { recursive: true, force: true })
  mkdirSync(part, { mode: 0o700 })
  const { gid } = statSync(directory)
  for (const [file, text] of Object.entries(files)) {
    const path = join(part, file)
    writeDurably(path, text)
    if (readers === 'group') chownSync(path, process.getuid?.() ?? -1, gid)
    if (file !== 'key.pem') chmodSync(path, 0o644)
    else if (readers === 'group') chmodSync(path, 0o640)
  }
  // Entered by all from here on: what is in it says by its own mode who reads it.
  chmodSync(part, 0o755)
  syncDirectory(part)
  rmSync(join(directory, name), { recursive: true, force: true })
  renameSync(part, join(directory, name))
}

/** The key is never readable by others, not even for the moment before its mode is set. */
function writeDurably(path: string, text: string): void {
  const file = openSync(path, 'wx', 0o600)
  try {
    const bytes = new TextEncoder().encode(text)
    for (let offset = 0; offset < bytes.length; ) offset += writeSync(file, bytes, offset)
    fsyncSync(file)
  } finally {
    closeSync(file)
  }
}

function link(directory: string, name: string, target: string): void {
  const path = join(directory, name)
  if (lstatSync(path, { throwIfNoEntry: false }) && readlinkSync(path) === target) return
  const part = `${path}.part`
  rmSync(part, { force: true })
  symlinkSync(target, part)
  renameSync(part, path)
}

function syncDirectory(directory: string): void {
  const handle = openSync(directory, 'r')
  try {
    fsyncSync(handle)
  } finally {
    closeSync(handle)
  }
}
