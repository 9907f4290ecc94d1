// SPDX-License-Identifier: Apache-2.0
/**
 * A whole life in about a minute: `npm run demo [-- --keep] [-- --hsm]`; or, with `--telemetry`, what happens to live
 * connections when trust ends (examples/telemetry).
 *
 * Everything that happens here is a command that anybody could type; `--keep` leaves the directory, `--hsm` keeps the
 * keys of the authorities in a token of SoftHSM.
 */
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { parseArgs } from 'node:util'
import { runTelemetry } from '../examples/telemetry/run.ts'
import { endAll, Failed } from './programs.ts'
import { live } from './story.ts'
import { paint, say } from './terminal.ts'

const words = process.argv.slice(2)
process.exitCode = words.includes('--telemetry')
  ? await runTelemetry(words.filter((word) => word !== '--telemetry'))
  : await main(words)

async function main(words: readonly string[]): Promise<number> {
  let [keep, hsm] = [false, false]
  try {
    const yes = { type: 'boolean', default: false } as const
    const options = { keep: yes, hsm: yes }
    ;({ keep, hsm } = parseArgs({ args: [...words], options, strict: true }).values)
  } catch (error) {
    console.error(`demo: error: ${error instanceof Error ? error.message : error}`)
    console.error('demo: hint: npm run demo [-- --keep] [-- --hsm] [-- --telemetry]')
    return 2
  }
  const directory = mkdtempSync(join(tmpdir(), 'vitalsign-demo-'))
  for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) {
    process.once(signal, () => {
      void leave(directory, keep).then(() => process.exit(1))
    })
  }
  say(`${paint('bold', 'Vitalsign: a whole life in about a minute')}\n`)
  say(`  in ${directory}${keep ? '' : ', which is removed at the end'}\n`)
  try {
    say(`\n${await live(directory, hsm)}`)
    return 0
  } catch (error) {
    if (!(error instanceof Failed)) throw error
    console.error(`\ndemo: error: ${error.message}`)
    return 1
  } finally {
    await leave(directory, keep)
  }
}

/** Nothing of us stays: no process, and no file that was not asked for. */
async function leave(directory: string, keep: boolean): Promise<void> {
  await endAll()
  if (!keep) rmSync(directory, { recursive: true, force: true })
}
