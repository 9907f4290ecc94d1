// SPDX-License-Identifier: Apache-2.0
/**
 * Revocation lists of a fleet of which very many are revoked: all shards, one change more, the full list and its delta.
 *
 * `node bench/crl.ts [REVOKED]`; a million takes 1 GB on the disk for the time of the run.
 */
import { join } from 'node:path'
import { monitorEventLoopDelay } from 'node:perf_hooks'
import { DatabaseSync } from 'node:sqlite'
import { readyIssuer } from '#core/authority/issuer.ts'
import { shardCapacity } from '#core/authority/shard-counter.ts'
import { newId } from '#core/ledger/ids.ts'
import { deltaCrl, fullCrl } from '#core/ledger/shards.ts'
import type { CertificateRecord } from '#core/ledger/tables.ts'
import { type PublishingPorts, publishCrl } from '#core/revocation/publish.ts'
import { databaseName } from '#edge/store/open-store.ts'
import { columnNames, encodeRecord } from '#edge/store/rows.ts'
import { outlineCrl } from '#format/x509/crl-outline.ts'
import { openTestCore, type TestCore } from '../test/support/core.ts'
import { act, issuingOf, sample } from '../test/support/lists.ts'
import { median, type Row } from './tools/row.ts'
import { printRows } from './tools/table.ts'

export interface CrlWords {
  readonly revoked: number
}

/** Above those that an installation of the bench gives out by itself. */
const firstShard = 100

/** One run: some twenty seconds to load a million, and as long to measure. */
export async function benchCrl({ revoked }: CrlWords): Promise<Row[]> {
  const core = await openTestCore()
  try {
    const like = await sample(core)
    const some = load(core, like, revoked)
    return await measure(core, some, revoked)
  } finally {
    await core.close()
  }
}

async function measure(
  core: TestCore,
  some: readonly CertificateRecord[],
  revoked: number,
): Promise<Row[]> {
  const issuer = readyIssuer(issuingOf(core))
  const crlUrl = (name: string, shard: number) => `http://localhost/crl/${name}/${shard}.crl`
  const ports: PublishingPorts = { ...core, keys: core.means.keys, crlUrl }
  const shards = Array.from(
    { length: Math.ceil(revoked / shardCapacity) },
    (_, index) => firstShard + index,
  )
  const of = `${revoked.toLocaleString('en')} revoked`
  const before = await memory()
  const { max, milliseconds, processor, value } = await watched(async () => {
    const made: Uint8Array[] = []
    const left = shards.values()
    const one = async () => {
      for (const shard of left) made.push((await publishCrl(issuer, shard, ports))[0].der)
    }
    await Promise.all(Array.from({ length: 8 }, one))
    return made
  })
  const bare = await hashedAndSigned(value, core, issuer.keyId)
  const sizes = value.map(({ length }) => length)
  const afterShards = await memory()
  const one = await oneMore(core, some)
  const full = await watched(async () => (await publishCrl(issuer, fullCrl, ports))[0].der)
  const bareFull = await hashedAndSigned([full.value], core, issuer.keyId)
  const delta = await deltaOf(core, some)
  const shelfFull = await watched(() => core.shelf.read(issuer.authority.name, fullCrl))
  const after = await memory()
  const seconds = (count: number) => Math.round(count) / 1_000
  return [
    {
      ...{ name: `all shards, ${of}`, value: seconds(milliseconds), unit: 's', goal: 1 },
      limit: { name: 'hash + sign of the same bytes', value: seconds(bare) },
      note: `${shards.length} lists of ${Math.max(...sizes).toLocaleString('en')} bytes at most, read from SQLite, linted, signed and booked durably, eight at a time: ${processor}; ${seconds(milliseconds - bare)} s without hash and signature (goal < 3 s); event loop held for ${Math.round(max)} ms at most`,
    },
    {
      ...{ name: 'one more revoked, until its shard is booked', value: one, unit: 'ms' },
      note: 'median of 30, the commit of the revocation included; goal < 50 ms',
    },
    {
      ...{ name: 'greatest shard', value: Math.max(...sizes), unit: 'bytes' },
      note: `${shardCapacity} of ${shardCapacity} revoked; goal < 200 kB`,
    },
    {
      ...{ name: `full list, ${of}`, value: seconds(full.milliseconds), unit: 's' },
      limit: { name: 'hash + sign of the same bytes', value: seconds(bareFull) },
      note: `${full.value.length.toLocaleString('en')} bytes, with the delta to the one before: ${full.processor}; event loop held for ${Math.round(full.max)} ms at most`,
    },
    {
      ...{ name: 'delta of 1,000 changes', value: seconds(delta.milliseconds), unit: 's' },
      note: `${delta.value.toLocaleString('en')} bytes against a base of ${full.value.length.toLocaleString('en')}: ${delta.processor}; event loop held for ${Math.round(delta.max)} ms at most`,
    },
    {
      ...{ name: 'memory after it', value: Math.round(after), unit: 'MB' },
      note: `resident; ${Math.round(before)} MB before, ${Math.round(afterShards)} MB after all shards; the served full list is in it (read in ${Math.round(shelfFull.milliseconds)} ms)`,
    },
  ]
}

/** How long it takes, and for how long it held up everybody else at most. */
async function watched<T>(work: () => Promise<T>) {
  const delay = monitorEventLoopDelay({ resolution: 1 })
  delay.enable()
  const [began, all, own] = [performance.now(), process.cpuUsage(), process.threadCpuUsage()]
  const value = await work()
  const milliseconds = performance.now() - began
  const main = spent(process.threadCpuUsage(own))
  const others = spent(process.cpuUsage(all)) - main
  delay.disable()
  const processor = `${main.toFixed(2)} s of the main thread and ${others.toFixed(2)} s of the others`
  return { value, milliseconds, processor, max: delay.max / 1e6 }
}

/** Seconds of a processor. */
function spent({ user, system }: { readonly user: number; readonly system: number }): number {
  return (user + system) / 1e6
}

/** The same bytes, with the same key and nothing else. */
async function hashedAndSigned(lists: readonly Uint8Array[], core: TestCore, keyId: string) {
  const began = performance.now()
  for (const der of lists) await core.means.keys.sign(keyId, der)
  return performance.now() - began
}

async function oneMore(core: TestCore, some: readonly CertificateRecord[]): Promise<number> {
  const times: number[] = []
  for (const certificate of some.slice(0, 30)) {
    const began = performance.now()
    await act(core, 'supersede', [certificate])
    times.push(performance.now() - began)
  }
  return Math.round(median(times) * 10) / 10
}

async function deltaOf(core: TestCore, some: readonly CertificateRecord[]) {
  const { name } = issuingOf(core)
  await core.shelf.refresh(core.doors.own)
  await act(core, 'hold', some.slice(30, 1_030))
  return watched(async () => {
    await core.shelf.refresh(core.doors.own)
    const list = await core.shelf.read(name, deltaCrl)
    const entries = list && outlineCrl(list.der).entries
    if (list === undefined || entries?.length === 0) throw new Error('the delta tells nothing')
    return list.der.length
  })
}

async function memory(): Promise<number> {
  globalThis.gc?.()
  return process.memoryUsage().rss / 1e6
}

/**
 * Writes revoked certificates past the ledger, in the order of their ids, and leaves the last of each shard unrevoked.
 *
 * @returns those that are not revoked, some two thousand, in shards of their own
 */
function load(
  core: TestCore,
  like: CertificateRecord,
  count: number,
): readonly CertificateRecord[] {
  const { data } = core.means.configuration
  const database = new DatabaseSync(join(data, databaseName))
  database.exec('PRAGMA synchronous = OFF; PRAGMA cache_size = -262144; PRAGMA temp_store = FILE')
  const indexes = database
    .prepare(
      `SELECT name, sql FROM sqlite_schema WHERE type = 'index' AND tbl_name = 'certificate' AND sql IS NOT NULL`,
    )
    .all()
  const names = columnNames('certificate')
  const columns = names.map((name) => `"${name}"`).join(', ')
  database.exec('BEGIN IMMEDIATE')
  for (const { name } of indexes) database.exec(`DROP INDEX "${name}"`)
  const insert = database.prepare(
    `INSERT INTO "certificate" (${columns}) VALUES (${names.map(() => '?').join(', ')})`,
  )
  const at = core.clock.now()
  const fresh: CertificateRecord[] = []
  const add = (columns: Partial<CertificateRecord>): CertificateRecord => {
    const serialNumber = core.random.bytes(16)
    serialNumber[0] = 0x41
    const record = {
      ...{ ...like, ...columns, id: newId('certificate', core), serialNumber },
      ...{ sha256: core.random.bytes(32), toBeSignedSha256: like.toBeSignedSha256 },
    }
    insert.run(...encodeRecord('certificate', record))
    return record
  }
  for (let unit = 0; unit < count; unit++)
    add({
      shard: firstShard + Math.floor(unit / shardCapacity),
      ...{ state: 'revoked', revocationReason: 1 + (unit % 5) },
      revokedAt: at.subtract({ seconds: (unit * 7) % 86_400 }),
    })
  // In the last shards, beside all that is revoked there: the worst place for one change more.
  for (let unit = 0; unit < 1_100; unit++)
    fresh.push(add({ shard: firstShard + Math.floor((count - 1 - unit) / shardCapacity) }))
  for (const { sql } of indexes) database.exec(String(sql))
  database.exec('COMMIT')
  database.close()
  return fresh
}

if (import.meta.main) printRows(await benchCrl({ revoked: Number(process.argv[2] ?? 1_000_000) }))
