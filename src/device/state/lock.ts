// SPDX-License-Identifier: Apache-2.0
import { closeSync, openSync } from 'node:fs'
import { join } from 'node:path'
import { DatabaseSync } from 'node:sqlite'
import { DeviceFault } from '../fault.ts'

/**
 * Holds a state directory against every other run until this process ends.
 *
 * The hold is the kernel's lock on a file (an exclusive SQLite transaction that never writes), so no
 * crash leaves it behind, as a file with a process id would.
 *
 * @throws DeviceFault directory-held
 */
export function holdDirectory(directory: string): { release(): void } {
  const path = join(directory, 'lock')
  let database: DatabaseSync | undefined
  try {
    closeSync(openSync(path, 'a', 0o600))
    database = new DatabaseSync(path, { timeout: 0 })
    database.exec('BEGIN EXCLUSIVE')
  } catch (cause) {
    database?.close()
    if (isBusy(cause)) {
      throw new DeviceFault('directory-held', `${directory} is in use by another run`, { cause })
    }
    throw new DeviceFault('directory-unusable', `cannot lock ${directory}`, { cause })
  }
  const held = database
  return { release: () => held.close() }
}

/** SQLITE_BUSY. @see https://sqlite.org/rescode.html#busy */
function isBusy(error: unknown): boolean {
  return error instanceof Error && 'errcode' in error && (Number(error.errcode) & 0xff) === 5
}
