// SPDX-License-Identifier: Apache-2.0
/**
 * A disk on which no file has room for more than so many octets: the limit of this very process (RLIMIT_FSIZE), which
 * anybody may lower and raise again. Writes beyond it break as on a full disk, but with EFBIG.
 */
import { spawnSync } from 'node:child_process'
import { absent } from './absent.ts'

const program = '/usr/bin/prlimit'

/** The reason to skip what needs such a disk, or false. */
export const withoutPrlimit = absent(program)

/** What is done while files are small; afterwards there is room again. */
export async function whileFull<T>(most: number, work: () => Promise<T>): Promise<T> {
  limitFiles(String(most))
  try {
    return await work()
  } finally {
    limitFiles('unlimited')
  }
}

/** The soft limit alone: the hard one stays, so that it can be raised again. */
function limitFiles(most: string): void {
  const words = ['--pid', String(process.pid), `--fsize=${most}:`]
  const { status, stderr } = spawnSync(program, words, { encoding: 'utf8' })
  if (status !== 0) throw new Error(`prlimit: ${stderr}`)
}
