// SPDX-License-Identifier: Apache-2.0
/** A process that moves or restores a store, and kills itself at a word of progress or at a touch of the disk. */
import fs from 'node:fs'
import { syncBuiltinESMExports } from 'node:module'
import { systemRandomness as random } from '#edge/chance/system-randomness.ts'
import { restore } from '#house/restore.ts'
import { moveStore } from '#house/store-move.ts'

const [what, order = '', at = ''] = process.argv.slice(2)
const clock = { now: () => Temporal.Now.instant() }
const { phase, rows, touch } = JSON.parse(at) as { phase?: string; rows: number; touch?: number }
const tell = (now: { phase?: string; rows: number }) => {
  if (touch === undefined && now.phase === phase && now.rows >= rows)
    process.kill(process.pid, 'SIGKILL')
}
let touches = 0
if (touch !== undefined) {
  // Before the n-th name or file that is made, changed or taken away.
  const counted = <A extends unknown[], R>(act: (...words: A) => R) => {
    return (...words: A): R => {
      touches++
      if (touches === touch) process.kill(process.pid, 'SIGKILL')
      return act(...words)
    }
  }
  fs.writeFileSync = counted(fs.writeFileSync)
  fs.rmSync = counted(fs.rmSync)
  fs.fsyncSync = counted(fs.fsyncSync)
  fs.promises.rename = counted(fs.promises.rename)
  fs.promises.link = counted(fs.promises.link)
  fs.promises.unlink = counted(fs.promises.unlink)
  syncBuiltinESMExports()
}
const ports = { clock, random, tell }
if (what === 'move') await moveStore(JSON.parse(order), ports)
else await restore(JSON.parse(order), ports)
