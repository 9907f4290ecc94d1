// SPDX-License-Identifier: Apache-2.0
import { readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs'
import { hostname } from 'node:os'
import { join } from 'node:path'
import { DatabaseSync } from 'node:sqlite'
import { Fault } from '#core/fault.ts'
import type { Clock } from '#core/ports.ts'

/** A data directory that belongs to this process until it is released, or the process ends. */
export interface DirectoryLock {
  /** Lets go; a second time does nothing. */
  release(): void
}

/**
 * Holds a data directory against every other server and offline command.
 *
 * The hold is the kernel's lock on a file (an exclusive SQLite transaction that never writes): no
 * crash leaves it behind. Who holds it stands in a file beside it, for people only.
 *
 * @throws Fault 'data-directory-held' with the holder's words; 'store-unreachable' if the directory
 *   cannot be written
 */
export function holdDirectory(directory: string, clock: Clock): DirectoryLock {
  const words = join(directory, 'lock.holder')
  const database = lockFile(directory, words)
  try {
    writeWords(words, clock)
  } catch (cause) {
    database.close()
    throw new Fault('store-unreachable', `cannot write ${words}`, { cause })
  }
  let held = true
  return {
    release() {
      if (!held) return
      held = false
      rmSync(words, { force: true })
      database.close()
    },
  }
}

function lockFile(directory: string, words: string): DatabaseSync {
  let database: DatabaseSync | undefined
  try {
    database = new DatabaseSync(join(directory, 'lock'), { timeout: 0 })
    database.exec('BEGIN EXCLUSIVE')
    return database
  } catch (cause) {
    database?.close()
    if (isBusy(cause))
      throw new Fault('data-directory-held', `${directory} is held by ${readWords(words)}`, {
        cause,
      })
    throw new Fault('store-unreachable', `cannot lock ${directory}`, { cause })
  }
}

/** SQLITE_BUSY. @see https://sqlite.org/rescode.html#busy */
function isBusy(error: unknown): boolean {
  return error instanceof Error && 'errcode' in error && (Number(error.errcode) & 0xff) === 5
}

function writeWords(file: string, clock: Clock) {
  const since = clock.now().round('second')
  const text = `process ${process.pid} on ${hostname()} since ${since}\n`
  writeFileSync(`${file}.new`, text, { mode: 0o600 })
  renameSync(`${file}.new`, file)
}

/** The words are a help, not the lock: without them the refusal stands all the same. */
function readWords(file: string): string {
  try {
    return readFileSync(file, 'utf8').trim() || 'another process'
  } catch {
    return 'another process'
  }
}
