// SPDX-License-Identifier: Apache-2.0
/** What anybody on the machine can see of its processes. */
import { readdirSync, readFileSync } from 'node:fs'

export interface SeenProcess {
  readonly pid: number
  readonly words: readonly string[]
}

/** The ids of all processes. */
export function listProcesses(): readonly number[] {
  return readdirSync('/proc')
    .filter((name) => /^\d+$/.test(name))
    .map(Number)
}

/** The processes with `text` in one of their arguments, but for this one. */
export function processesNaming(text: string): readonly SeenProcess[] {
  return listProcesses()
    .filter((pid) => pid !== process.pid)
    .map((pid) => ({ pid, words: readProcFile(pid, 'cmdline').split('\0') }))
    .filter(({ words }) => words.some((word) => word.includes(text)))
}

/** A file of a process in /proc; empty if the process has ended, or is another user's. */
export function readProcFile(pid: number, name: 'cmdline' | 'environ'): string {
  try {
    return readFileSync(`/proc/${pid}/${name}`, 'latin1')
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException
    if (code === 'ENOENT' || code === 'ESRCH' || code === 'EACCES') return ''
    throw error
  }
}
