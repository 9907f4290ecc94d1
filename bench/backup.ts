// SPDX-License-Identifier: Apache-2.0
/**
 * Backup, check, restore and move of a store that is there, each step in a process of its own.
 *
 *     node bench/backup.ts --store DIR [--postgres]
 *
 * DIR is served while its backup is made, and kept; copies go beside temporary files. With `--postgres` the backup is
 * also restored into a PostgreSQL, and the copy on SQLite is moved to another.
 */
import { statSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { parseArgs } from 'node:util'
import { newIdentity } from '#edge/backup/age.ts'
import { offlineWork } from '#house/backup-offline.ts'
import { measureApart } from './tools/apart.ts'
import { openBenchCluster } from './tools/bench-cluster.ts'
import { benchDirectory } from './tools/bench-house.ts'
import type { Row } from './tools/row.ts'
import { startServing } from './tools/serving.ts'
import { askSocket } from './tools/socket.ts'
import { printRows } from './tools/table.ts'

export async function benchBackup(store: string, withPostgres: boolean): Promise<Row[]> {
  const place = benchDirectory()
  const file = join(place, 'house.backup')
  const identityFile = join(place, 'identity')
  const { identity, recipient } = await newIdentity()
  writeFileSync(identityFile, `${identity}\n`, { mode: 0o600 })
  const rows = [await made(store, file, recipient)]
  const step = async (what: string, order: object) => {
    rows.push(...(await measureApart('backup.ts', 'benchStep', [what, order])))
  }
  const data = join(place, 'restored')
  await step('check', { file, identityFile })
  await step('restore to SQLite', { file, identityFile, data })
  if (!withPostgres) return rows
  const cluster = await openBenchCluster()
  try {
    const url = await cluster.database('restored')
    await step('restore to PostgreSQL', {
      ...{ file, identityFile, data: join(place, 'other') },
      database: { url },
    })
    await step('store move', { data, to: { url: await cluster.database('moved') } })
  } finally {
    await cluster.remove()
  }
  return rows
}

async function made(store: string, file: string, recipient: string): Promise<Row> {
  const serving = await startServing(store)
  const before = serving.memory()
  let most = before
  const watch = setInterval(() => {
    most = Math.max(most, serving.memory())
  }, 100)
  const start = performance.now()
  try {
    const last = await askSocket(store, '/backups', { file, recipients: [`bench ${recipient}`] })
    const seconds = (performance.now() - start) / 1_000
    const megabytes = statSync(file).size / 1e6
    const backup = last['backup'] as { readonly rows: number } | undefined
    if (backup === undefined) throw new Error(JSON.stringify(last))
    return rowOf('make', backup.rows, megabytes, seconds, `${before} MB before, ${most} MB`)
  } finally {
    clearInterval(watch)
    await serving.stop()
  }
}

/** One step in this process, whose highest memory is then its own. */
export async function benchStep(what: string, order: never): Promise<Row[]> {
  const start = performance.now()
  const { rows, bytes } = await stepOf(what, order)
  const seconds = (performance.now() - start) / 1_000
  const most = Math.round((process.resourceUsage().maxRSS * 1_024) / 1e6)
  return [rowOf(what, rows, bytes / 1e6, seconds, `${most} MB`)]
}

async function stepOf(what: string, order: never) {
  const quiet = () => {}
  if (what === 'check') return offlineWork.checkBackup(order, quiet)
  if (what.startsWith('restore')) return offlineWork.restoreBackup(order, quiet)
  const { counts } = await offlineWork.moveStore(order, quiet)
  return { rows: Object.values(counts).reduce((sum, count) => sum + count, 0), bytes: 0 }
}

function rowOf(what: string, rows: number, megabytes: number, seconds: number, memory: string) {
  const size =
    megabytes === 0 ? '' : `; ${Math.round(megabytes)} MB, ${(megabytes / seconds).toFixed(1)} MB/s`
  return {
    ...{ name: `backup: ${what}`, value: Math.round(rows / seconds), unit: 'rows/s' },
    note: `${rows.toLocaleString('en')} rows in ${seconds.toFixed(1)} s${size}; memory ${memory} the highest`,
  }
}

if (import.meta.main) {
  const { values } = parseArgs({
    options: { store: { type: 'string' }, postgres: { type: 'boolean', default: false } },
  })
  if (values.store === undefined) throw new Error('name a data directory with --store')
  printRows(await benchBackup(values.store, values.postgres))
}
