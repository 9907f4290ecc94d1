// SPDX-License-Identifier: Apache-2.0
/**
 * Pumps, a server and a broker that authenticate each other on every connection, and what happens when trust in a pump
 * ends: `npm run demo -- --telemetry [--pumps N] [--keep] [--events FILE]`.
 *
 * `--keep` leaves the directory; `--events` writes all that server and pumps say, one JSON document a line.
 */
import { createWriteStream, mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { parseArgs } from 'node:util'
import { endAll, Failed } from '../../demo/programs.ts'
import { paint, say } from '../../demo/terminal.ts'
import { findBroker } from './stage/broker.ts'
import { endParts } from './stage/part.ts'
import { play } from './stage/play.ts'

const yes = { type: 'boolean', default: false } as const
const options = {
  keep: yes,
  pumps: { type: 'string', default: '4' },
  events: { type: 'string' },
} as const

/** Plays it from its beginning to its end. @returns the exit status: 0 done, 1 not as it should be, 2 wrong use */
export async function runTelemetry(words: readonly string[]): Promise<number> {
  let given: { keep: boolean; pumps: string; events?: string | undefined }
  try {
    given = parseArgs({ args: [...words], options, strict: true }).values
  } catch (error) {
    console.error(`telemetry: error: ${error instanceof Error ? error.message : error}`)
    console.error('telemetry: hint: npm run demo -- --telemetry [--pumps N] [--keep]')
    return 2
  }
  const broker = findBroker()
  if (broker === undefined) {
    console.error(
      'telemetry: error: Mosquitto with its dynamic-security plugin is not installed here',
    )
    console.error('telemetry: hint: apt-get install mosquitto, or brew install mosquitto')
    return 1
  }
  const directory = mkdtempSync(join(tmpdir(), 'vitalsign-telemetry-'))
  for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const)
    process.once(signal, () => void leave(directory, given.keep).then(() => process.exit(1)))
  const events = given.events === undefined ? undefined : createWriteStream(given.events)
  say(`${paint('bold', 'Vitalsign: trust that ends, and the sessions that end with it')}\n`)
  say(`  in ${directory}${given.keep ? '' : ', which is removed at the end'}\n`)
  try {
    const tell = (heard: object) => void events?.write(`${JSON.stringify(heard)}\n`)
    await play({ directory, broker, pumps: Number(given.pumps), tell })
    return 0
  } catch (error) {
    if (!(error instanceof Failed)) throw error
    console.error(`\ntelemetry: error: ${error.message}`)
    return 1
  } finally {
    await leave(directory, given.keep)
    events?.end()
  }
}

/** Nothing of us stays: no process, and no file that was not asked for. */
async function leave(directory: string, keep: boolean): Promise<void> {
  await endParts()
  await endAll()
  if (!keep) rmSync(directory, { recursive: true, force: true })
}
