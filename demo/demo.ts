// SPDX-License-Identifier: Apache-2.0
/**
 * A whole life in about a minute: `npm run demo [-- --keep] [-- --hsm]`; or, with `--telemetry`, what happens to live
 * connections when trust ends (examples/telemetry).
 *
 * Everything that happens here is a command that anybody could type; `--keep` leaves the directory, `--hsm` keeps the
 * keys of the authorities in a token of SoftHSM.
 */
import { parseArgs } from 'node:util'
import { runTelemetry } from '../examples/telemetry/run.ts'
import { play } from './stage.ts'
import { live } from './story.ts'

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
  return play('Vitalsign: a whole life in about a minute', keep, (directory) =>
    live(directory, hsm),
  )
}
