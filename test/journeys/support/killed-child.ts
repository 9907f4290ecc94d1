// SPDX-License-Identifier: Apache-2.0
/** A process that moves or restores a store, and kills itself at a word of progress. */
import { systemRandomness as random } from '#edge/chance/system-randomness.ts'
import { restore } from '#house/restore.ts'
import { moveStore } from '#house/store-move.ts'

const [what, order = '', at = ''] = process.argv.slice(2)
const clock = { now: () => Temporal.Now.instant() }
const { phase, rows } = JSON.parse(at) as { phase?: string; rows: number }
const tell = (now: { phase?: string; rows: number }) => {
  if (now.phase === phase && now.rows >= rows) process.kill(process.pid, 'SIGKILL')
}
const ports = { clock, random, tell }
if (what === 'move') await moveStore(JSON.parse(order), ports)
else await restore(JSON.parse(order), ports)
