// SPDX-License-Identifier: Apache-2.0
/** What the command line does with backups and stores by itself, where no server is asked. */
import { resolve } from 'node:path'
import type { DatabaseWords, OfflineWork } from '#cli/means.ts'
import { newIdentity } from '#edge/backup/age.ts'
import { systemRandomness as random } from '#edge/chance/system-randomness.ts'
import { systemClock as clock } from '#edge/clock/system-clock.ts'
import { writeNewFile } from '#edge/keystore/atomic-file.ts'
import type { PostgresSettings } from '#edge/store/postgres/target.ts'
import { drillBackup } from './backup-drill.ts'
import { readSealed } from './backup-read.ts'
import { elsewhereWords } from './keys-elsewhere.ts'
import { restore } from './restore.ts'

export const offlineWork: OfflineWork = {
  newIdentity: async (path) => {
    const { identity, recipient } = await newIdentity()
    const text = `# created: ${clock.now().round('second')}\n# public key: ${recipient}\n${identity}\n`
    await writeNewFile(path, new TextEncoder().encode(text), random)
    return { recipient }
  },

  checkBackup: async (backup, tell) => {
    const nothing = { manifest: () => {}, file: () => {}, rows: () => {} }
    return factsOf(await readSealed(backup, nothing, clock, tell))
  },

  restoreBackup: async ({ database, ...order }, tell) => {
    const target = database && settingsOf(database)
    const done = await restore({ ...order, database: target }, { clock, random, tell })
    const { epoch, newOrigin, codesLapsed, sessionsEnded } = done.begun
    return {
      ...{ ...factsOf(done.backup), restoredAs: epoch, newOrigin, codesLapsed, sessionsEnded },
      ...{ keysElsewhere: elsewhereWords(done.elsewhere), artefacts: done.artefacts },
    }
  },

  drillBackup: (order, tell) => drillBackup(order, { clock, random, tell }),

  moveStore: async ({ data, to }, tell) => {
    const { moveStore } = await import('./store-move.ts')
    return moveStore({ data, to: settingsOf(to) }, { clock, random, tell })
  },
}

function factsOf({ manifest, sha256, bytes, rows }: Awaited<ReturnType<typeof readSealed>>) {
  const { installation, environment, program, schema, moment, epoch, log, withRoot } = manifest
  return {
    ...{ installation, environment, program, schema, moment, epoch, withRoot, sha256, bytes, rows },
    ...{ logSize: log.size, logRootSha256: log.root, logOrigin: log.origin },
  }
}

function settingsOf({ url, passwordFile, caFile }: DatabaseWords): PostgresSettings {
  return {
    url,
    ...(passwordFile !== undefined && { passwordFile: resolve(passwordFile) }),
    ...(caFile !== undefined && { caFile: resolve(caFile) }),
  }
}
