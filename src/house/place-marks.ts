// SPDX-License-Identifier: Apache-2.0
/** What stands in the way of opening a data directory: files that say so, in words for people. */
import {
  closeSync,
  existsSync,
  fsyncSync,
  openSync,
  readFileSync,
  rmSync,
  writeFileSync,
} from 'node:fs'
import { join } from 'node:path'
import { Fault } from '#core/fault.ts'
import type { Configuration } from './configuration.ts'

const marks = { restore: 'restore-unfinished', moved: 'store-moved' } as const

/** @throws Fault `restore-unfinished`, or `store-moved` where the ledger of this directory is meant */
export function refuseMarked({ data, database }: Pick<Configuration, 'data' | 'database'>): void {
  const restore = readMark(data, 'restore')
  if (restore !== undefined) {
    const detail = `${data} is only half restored (${restore}); remove it and restore again`
    throw new Fault('restore-unfinished', detail)
  }
  const moved = database === undefined ? readMark(data, 'moved') : undefined
  if (moved !== undefined) {
    throw new Fault('store-moved', `the ledger in ${data} was moved to ${moved}`)
  }
}

/** What the mark says; undefined if there is none. */
export function readMark(data: string, mark: keyof typeof marks): string | undefined {
  const path = join(data, marks[mark])
  return existsSync(path) ? readFileSync(path, 'utf8').trim() : undefined
}

/** Durable when it returns. */
export function setMark(data: string, mark: keyof typeof marks, words: string): void {
  writeFileSync(join(data, marks[mark]), `${words}\n`, { mode: 0o600, flush: true })
  syncDirectory(data)
}

export function removeMark(data: string, mark: keyof typeof marks): void {
  rmSync(join(data, marks[mark]), { force: true })
  syncDirectory(data)
}

function syncDirectory(path: string): void {
  const directory = openSync(path, 'r')
  try {
    fsyncSync(directory)
  } finally {
    closeSync(directory)
  }
}
