// SPDX-License-Identifier: Apache-2.0
/** Where a demo plays: a directory of its own that goes at the end, and processes that go with it. */
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { endAll, Failed } from './programs.ts'
import { paint, say } from './terminal.ts'

/**
 * Plays it under its title.
 *
 * @param keep whether the directory stays
 * @returns the exit status: 1 if something was not as it should be
 */
export async function play(
  title: string,
  keep: boolean,
  story: (directory: string) => Promise<string>,
): Promise<number> {
  const directory = mkdtempSync(join(tmpdir(), 'vitalsign-demo-'))
  for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) {
    process.once(signal, () => {
      void leave(directory, keep).then(() => process.exit(1))
    })
  }
  say(`${paint('bold', title)}\n`)
  say(`  in ${directory}${keep ? '' : ', which is removed at the end'}\n`)
  try {
    say(`\n${await story(directory)}`)
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
