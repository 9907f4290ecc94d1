// SPDX-License-Identifier: Apache-2.0
/**
 * Imported before anything else, in every thread: ends the process with SIGKILL at the file that KILL_AT says, before
 * or after it gets its name. Each file that is put in its place adds an octet to the file that KILL_COUNTS names.
 */
import { appendFileSync, statSync } from 'node:fs'
import promises from 'node:fs/promises'
import { syncBuiltinESMExports } from 'node:module'

const { KILL_COUNTS: counts = '', KILL_AT: at = '', KILL_WHEN: when = '' } = process.env
const { rename } = promises

promises.rename = async (from, to) => {
  appendFileSync(counts, '.')
  const isIt = String(statSync(counts).size) === at
  if (isIt && when === 'before') process.kill(process.pid, 'SIGKILL')
  await rename(from, to)
  if (isIt) process.kill(process.pid, 'SIGKILL')
}
syncBuiltinESMExports()
