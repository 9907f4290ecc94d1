// SPDX-License-Identifier: Apache-2.0
/**
 * A build's way to devices that start nothing unsigned: `npm run demo:firmware [-- --keep --seed N]`.
 *
 * Builds, places to change and the board are made by a story; everything else is a command that anybody could type.
 */
import { randomInt } from 'node:crypto'
import { parseArgs } from 'node:util'
import { live } from './firmware-story.ts'
import { play } from './stage.ts'

process.exitCode = await main(process.argv.slice(2))

async function main(words: readonly string[]): Promise<number> {
  const { keep, seed, wrong } = read(words)
  if (wrong !== undefined) {
    console.error(`demo: error: ${wrong}`)
    console.error('demo: hint: npm run demo:firmware [-- --keep --seed N]')
    return 2
  }
  const title = 'Vitalsign: from a build to devices that start nothing unsigned'
  return play(title, keep, (directory) => live(directory, seed))
}

function read(words: readonly string[]) {
  const options = { keep: { type: 'boolean', default: false }, seed: { type: 'string' } } as const
  try {
    const said = parseArgs({ args: [...words], options, strict: true }).values
    const seed = Number(said.seed ?? randomInt(1_000_000))
    const wrong = Number.isSafeInteger(seed) ? undefined : '--seed is a whole number'
    return { keep: said.keep, seed, wrong }
  } catch (error) {
    if (!(error instanceof TypeError)) throw error
    return { keep: false, seed: 0, wrong: error.message }
  }
}
