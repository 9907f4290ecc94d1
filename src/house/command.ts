// SPDX-License-Identifier: Apache-2.0
import type { Means, OpenedHouse } from '#cli/means.ts'
import { runCommandLine } from '#cli/run.ts'
import { readWords } from './words.ts'

/** Runs `vitalsign NOUN VERB …` and sets the exit status. */
export async function runCommand(words: readonly string[]): Promise<void> {
  const { stdin, stdout, stderr, env } = process
  // Whoever reads our output may have seen enough (`| head`).
  stdout.on('error', (error: NodeJS.ErrnoException) => {
    if (error.code !== 'EPIPE') throw error
    process.exit(0)
  })
  const means: Means = {
    ...{ input: stdin, output: stdout, errors: stderr, openHouse, readWords },
    noColour: env['NO_COLOR'] !== undefined && env['NO_COLOR'] !== '',
    offline: async () => (await import('./backup-offline.ts')).offlineWork,
    serveHelp: async () => (await import('./serve.ts')).serveHelp(),
  }
  process.exitCode = await runCommandLine(words, means)
  // A terminal that was asked would keep the process.
  stdin.unref?.()
}

/**
 * Opens the installation of a directory as `serve` would, for one command: all its doors, so that the
 * addresses that are shown and written into certificates are those of its configuration.
 */
async function openHouse(data: string): Promise<OpenedHouse> {
  const [{ readConfiguration }, { openHouse: open }] = await Promise.all([
    import('./configuration.ts'),
    import('./house.ts'),
  ])
  const report = (what: string, cause: unknown) => console.error(`vitalsign: ${what}:`, cause)
  return open(readConfiguration(['--data', data]), report)
}
