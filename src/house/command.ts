// SPDX-License-Identifier: Apache-2.0

import { existsSync, statSync } from 'node:fs'
import { join } from 'node:path'
import type { Means, OpenedHouse } from '#cli/means.ts'
import { runCommandLine } from '#cli/run.ts'
import { Fault } from '#core/fault.ts'
import { systemClock } from '#edge/clock/system-clock.ts'
import { programVersion } from './version.ts'
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
    ceremonies: async () => (await import('./ceremony/offline.ts')).ceremonyWork,
    scanning: async () => (await import('./scan/offline.ts')).scanWork,
    now: () => systemClock.now(),
    version: programVersion,
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
  const [{ readConfiguration }, { databaseName }, { openHouse: open }] = await Promise.all([
    import('./configuration.ts'),
    import('#edge/store/open-store.ts'),
    import('./house.ts'),
  ])
  const report = (what: string, cause: unknown) => console.error(`vitalsign: ${what}:`, cause)
  const configuration = readConfiguration(['--data', data])
  checkOwner(data)
  // A command founds nothing: least of all beside a ledger that it was not told of.
  if (configuration.database === undefined && !existsSync(join(data, databaseName))) {
    throw new Fault(
      'configuration-wrong',
      `${data} has keys and no ledger; if its server has one in PostgreSQL, name "database" in ${join(data, 'vitalsign.json')}, or start the server first`,
    )
  }
  return open(configuration, report)
}

/**
 * What a command leaves in the directory (a write-ahead log, a lock, keys) is its user's, and a server
 * that runs as another one could not open it any more.
 *
 * @throws Fault
 */
function checkOwner(data: string): void {
  const { uid } = statSync(data)
  const own = process.getuid?.()
  if (own === undefined || own === uid) return
  throw new Fault(
    'configuration-wrong',
    `${data} belongs to user ${uid}, and this is user ${own}; start its server, or run this as its owner`,
  )
}
