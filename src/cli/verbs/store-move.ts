// SPDX-License-Identifier: Apache-2.0
import { resolve } from 'node:path'
import { jsonText } from '../show/json.ts'
import { exit } from '../stop.ts'
import { bar } from '../terminal/progress.ts'
import { filesOf, good } from './backup-offline.ts'
import { isJson, type Verb, writeLines } from './verb.ts'

/** Moves the ledger of a stopped house, and says how fast and what is left. */
export const moveStore: Verb = async (call) => {
  const { said, terminal, means } = call
  const data = resolve(said.text('data') ?? './data')
  const url = said.text('to') ?? ''
  const { moveStore: move } = await means.offline()
  const progress = terminal.progress('opening …')
  try {
    const moved = await move(
      { data, to: { url, ...filesOf(call) } },
      ({ phase, rows, of, perSecond }) => {
        const left = Math.max(0, of - rows).toLocaleString('en')
        const rate = `${perSecond.toLocaleString('en')} rows a second`
        progress.update(`${bar(of === 0 ? 1 : rows / of)}  ${phase}, ${rate}, ${left} left`)
      },
    )
    progress.end()
    if (isJson(call)) await terminal.write(jsonText(moved))
    else {
      const rows = Object.values(moved.counts).reduce((sum, count) => sum + count, 0)
      const filled = Object.values(moved.counts).filter((count) => count > 0).length
      await writeLines(call, [
        `${good(call)} moved to ${url}`,
        `  ${rows.toLocaleString('en')} rows in ${filled} tables have the same digests on both sides`,
        `  ${moved.logSize} events, SHA-256 ${moved.logRoot}, recomputed there`,
        `  ${data}/vitalsign.json names the database; the old ledger stays and refuses to serve`,
      ])
      const { artefacts } = moved
      if (artefacts > 0)
        terminal.note(
          `the octets of ${artefacts} artefacts stay where they are: servers that are added need the same directory (artefacts)`,
        )
      terminal.hint('start it: npm start; a second server needs only the same words and passphrase')
    }
    return exit.done
  } finally {
    progress.end()
  }
}
