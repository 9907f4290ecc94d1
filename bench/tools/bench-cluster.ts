// SPDX-License-Identifier: Apache-2.0
/** A PostgreSQL of the bench's own: on the disk that temporary files are on, waiting for it at each commit. */
import { chmodSync, mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { ownCluster } from '../../test/support/postgres.ts'

/** What differs from PostgreSQL's own defaults; `fsync` and `synchronous_commit` stay on. */
export const benchSettings = [
  'shared_buffers = 1GB',
  'max_wal_size = 4GB',
  'checkpoint_timeout = 15min',
  'effective_cache_size = 8GB',
] as const

export interface BenchCluster {
  /** The URL of a database that is new and empty. */
  database(name: string): Promise<string>
  /** Version and settings, for people. */
  facts(): Promise<string>
  /** Of the disk. */
  bytesOf(name: string): Promise<number>
  remove(): Promise<void>
}

export async function openBenchCluster(): Promise<BenchCluster> {
  const place = mkdtempSync(join(tmpdir(), 'vitalsign-pg-'))
  chmodSync(place, 0o755) // the server may be another user
  process.on('exit', () => rmSync(place, { recursive: true, force: true }))
  const cluster = await ownCluster(benchSettings, undefined, place)
  return {
    database: async (name) => {
      await cluster.sql('postgres', `CREATE DATABASE "${name}" TEMPLATE template0`)
      return cluster.url(name)
    },
    facts: async () => {
      const [row] = await cluster.sql(
        'postgres',
        `SELECT current_setting('server_version'), current_setting('fsync'), current_setting('synchronous_commit')`,
      )
      return `PostgreSQL ${row?.[0]}, fsync ${row?.[1]}, synchronous_commit ${row?.[2]}, ${benchSettings.join(', ')}`
    },
    bytesOf: async (name) => {
      const [row] = await cluster.sql('postgres', `SELECT pg_database_size('${name}')`)
      return Number(row?.[0])
    },
    remove: async () => {
      await cluster.remove()
      rmSync(place, { recursive: true, force: true })
    },
  }
}
