// SPDX-License-Identifier: Apache-2.0
/**
 * What was acknowledged on PostgreSQL survives the end of the process and of the server, also where the
 * database's own default is not to wait for the disk. The last test lets a writer keep that default, and
 * demands that the same check fails.
 */
import assert from 'node:assert/strict'
import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { join } from 'node:path'
import { test } from 'node:test'
import {
  ownCluster,
  type PostgresPlace,
  postgresPlace,
  withoutPostgres,
} from '../support/postgres.ts'
import { nameOf } from './changes.ts'

const skip = withoutPostgres
const changes = 400
/** What a server does not wait for it writes late: so that a crash would show what was not waited for. */
const lateWriter = ['wal_writer_delay = 10s', 'wal_writer_flush_after = 0', 'bgwriter_delay = 10s']

for (const step of ['asked', 'sent', 'committed', 'acknowledged'])
  for (const number of [1, 20, 61])
    test(`postgres: killed when change ${number} is ${step}, a process has lost nothing that it acknowledged`, {
      skip,
    }, async () => {
      const place = await postgresPlace()
      using writer = new Writer(place, step, number)
      const { signal } = await writer.end()
      assert.equal(signal, 'SIGKILL')
      assert.deepEqual(await wrongsOf(place, writer.acknowledged), [])
      await place.remove()
    })

for (const how of ['immediate', 'killed'] as const)
  test(
    `postgres: a server that is ${how} in the midst of commits has all that was acknowledged, and its client goes on`,
    {
      skip,
    },
    () =>
      onLateCluster(async (place, cluster) => {
        const writer = new Writer(place)
        await writer.until(100)
        await cluster.stop(how)
        await cluster.start()
        await writer.until(200)
        await cluster.stop(how)
        const known = [...writer.acknowledged]
        await cluster.start()
        assert.deepEqual(await wrongsOf(place, known), [])
        const { code } = await writer.end()
        assert.equal(code, 0)
        assert.equal(writer.acknowledged.length, changes)
        assert.deepEqual(await wrongsOf(place, writer.acknowledged), [])
        assert.deepEqual(await place.sql('SELECT count(*), max("sequence") FROM "event"'), [
          [`${changes}`, `${changes}`],
        ])
      }),
  )

test(
  'postgres: a writer that does not wait for the disk loses what was acknowledged',
  { skip },
  () =>
    onLateCluster(async (place, cluster) => {
      await place.sql('CREATE TABLE "plain" ("number" integer)')
      await place.sql('CHECKPOINT')
      for (let number = 0; number < 20; number++)
        await place.sql(`INSERT INTO "plain" VALUES (${number})`)
      await cluster.stop('killed')
      await cluster.start()
      const [[count] = []] = await place.sql('SELECT count(*) FROM "plain"')
      assert.ok(Number(count) < 20)
    }),
)

/** Another process that commits numbered changes, and tells each that was acknowledged. */
class Writer {
  readonly acknowledged: number[] = []
  readonly #child: ChildProcess
  readonly #ended: Promise<unknown[]>
  #wake = () => {}

  constructor({ url }: PostgresPlace, step = '', number = 0) {
    const program = join(import.meta.dirname, 'numbered-changes.ts')
    const words = [program, url, changes, 6, 'FULL', step, number].map(String)
    const child = spawn(process.execPath, words, { stdio: ['ignore', 'pipe', 'inherit'] })
    this.#child = child
    this.#ended = once(child, 'close')
    let rest = ''
    child.stdout.setEncoding('utf8').on('data', (text: string) => {
      const lines = (rest + text).split('\n')
      rest = lines.pop() ?? ''
      for (const line of lines) this.acknowledged.push(Number(line.slice('acknowledged '.length)))
      this.#wake()
    })
  }

  /** Resolves once that many were acknowledged. */
  async until(count: number): Promise<void> {
    while (this.acknowledged.length < count) {
      assert.equal(this.#child.exitCode, null, 'the writer has ended')
      await new Promise<void>((resolve) => {
        this.#wake = resolve
      })
    }
  }

  [Symbol.dispose]() {
    this.#child.kill('SIGKILL')
  }

  async end(): Promise<{ code: unknown; signal: unknown }> {
    const [code, signal] = await this.#ended
    return { code, signal }
  }
}

/** What is half there, or was acknowledged and is not there. */
async function wrongsOf(place: PostgresPlace, acknowledged: readonly number[]): Promise<string[]> {
  // In one statement, since the writer may go on.
  const rows = await place.sql(`SELECT 0, "name" FROM "party"
    UNION ALL SELECT 1, "rule" FROM "exception"
    UNION ALL SELECT 2, convert_from(substr("der", 1, 14), 'UTF8') FROM "encoding"
    UNION ALL SELECT 3, convert_from("bytes", 'UTF8')::json->'subjects'->>0 FROM "event"`)
  const [whole = new Set(), ...parts] = [0, 1, 2, 3].map(
    (part) => new Set(rows.filter(([of]) => of === part).map(([, name]) => String(name))),
  )
  const wrongs: string[] = []
  for (const part of parts)
    for (const name of part.symmetricDifference(whole)) wrongs.push(`${name} is there half`)
  for (const number of acknowledged)
    if (!whole.has(nameOf(number))) wrongs.push(`${nameOf(number)} was acknowledged and is lost`)
  return wrongs
}

type OwnCluster = Awaited<ReturnType<typeof ownCluster>>

/** A database whose default is not to wait for the disk, on a server that then writes late. */
async function onLateCluster(
  work: (place: PostgresPlace, cluster: OwnCluster) => Promise<void>,
): Promise<void> {
  const cluster = await ownCluster(lateWriter)
  try {
    const place = await postgresPlace({ on: cluster })
    await place.sql(`ALTER DATABASE "${place.database}" SET synchronous_commit = off`)
    await work(place, cluster)
  } finally {
    await cluster.remove()
  }
}
