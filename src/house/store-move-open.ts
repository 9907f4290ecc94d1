// SPDX-License-Identifier: Apache-2.0
import { existsSync, readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { Fault } from '#core/fault.ts'
import type { Clock, Randomness } from '#core/ports.ts'
import { moveFile, replaceFile } from '#edge/keystore/atomic-file.ts'
import { finishPostgresLoad, isUnfinished } from '#edge/store/portable/postgres.ts'
import { openPostgresStore } from '#edge/store/postgres/open-postgres.ts'
import type { PostgresSettings } from '#edge/store/postgres/target.ts'
import type { Store } from '#edge/store/store.ts'
import { keyPlaces } from './kept.ts'
import { databaseWords } from './restore.ts'
import type { Moved, MoveOrder } from './store-move.ts'

/**
 * Makes the new database the one that serves: keys, configuration, event. Everything here may be done a
 * second time.
 */
export async function openMoved(
  { data, to }: MoveOrder,
  moved: Moved,
  ports: { readonly clock: Clock; readonly random: Randomness },
): Promise<void> {
  if (await isUnfinished(to)) await finishPostgresLoad(to)
  const target = await openPostgresStore(to, ports)
  try {
    await shareKeys(data, target)
    await writeDatabaseWord(data, to, ports.random)
    await target.ledger.commit({
      puts: [],
      events: [
        {
          type: 'store-moved',
          at: ports.clock.now(),
          actor: { kind: 'house', id: 'store-move' },
          subjects: [],
          facts: {
            ...{ from: 'sqlite', to: 'postgresql', logSize: moved.logSize, logRoot: moved.logRoot },
            rows: Object.values(moved.counts).reduce((sum, count) => sum + count, 0),
          },
        },
      ],
    })
  } finally {
    await target.close()
  }
}

/**
 * The sealed keys of authorities and log go where every node finds them. The files stay under another name:
 * a change of passphrase on another node would make them lie.
 */
async function shareKeys(data: string, { shared }: Store): Promise<void> {
  const { keys } = keyPlaces(data)
  for (const file of readdirSync(keys)) {
    if (!file.endsWith('.key') || file.startsWith('tls-')) continue
    const name = file.slice(0, -'.key'.length)
    const text = readFileSync(join(keys, file), 'latin1')
    const isThere = await shared?.sealed.add(name, text)
    if (isThere === false && (await shared?.sealed.read(name)) !== text)
      throw new Fault('store-differs', `key ${name} is in the database with other contents`)
    await moveFile(join(keys, file), join(keys, `${file}.moved`))
  }
}

async function writeDatabaseWord(
  data: string,
  to: PostgresSettings,
  random: Randomness,
): Promise<void> {
  const path = join(data, 'vitalsign.json')
  const words = existsSync(path) ? JSON.parse(readFileSync(path, 'utf8')) : {}
  const text = `${JSON.stringify({ ...words, ...databaseWords(to) }, null, 2)}\n`
  await replaceFile(path, new TextEncoder().encode(text), random)
}
