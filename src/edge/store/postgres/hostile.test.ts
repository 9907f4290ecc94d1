// SPDX-License-Identifier: Apache-2.0
/** A database that is away, slow, full, read only, or not what it should be: made on a real one. */
import assert from 'node:assert/strict'
import { execFileSync } from 'node:child_process'
import { chmodSync, chownSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs'
import { type AddressInfo, createServer } from 'node:net'
import { join } from 'node:path'
import { test } from 'node:test'
import { setImmediate as turn } from 'node:timers/promises'
import { inspect } from 'node:util'
import {
  ownCluster,
  type PostgresPlace,
  postgresPlace,
  waitingForLocks,
  withoutPostgres,
} from '../../../../test/support/postgres.ts'
import type { Store } from '../store.ts'
import { added, changed, type TestPorts, testPorts, withDirectory } from '../store-testing.ts'
import { openPostgresStore } from './open-postgres.ts'

const options = { skip: withoutPostgres }
const committed = { kind: 'committed' }

test('a database that is gone at the start is unreachable, and told with its place', options, () =>
  withDirectory(async (directory) => {
    const url = `postgres://postgres@/vitalsign?host=${directory}`
    await assert.rejects(openPostgresStore({ url }, testPorts()), {
      code: 'store-unreachable',
      message: new RegExp(`${directory}:5432`),
    })
  }),
)

test('connections that are killed lose no request: all is written once, and read', options, () =>
  onPlace(async ({ store, place, ports }) => {
    let done = false
    let acknowledged = 0
    const killing = (async () => {
      for (let before = -1; !done; await place.sql(killOthers)) {
        while (!done && acknowledged === before) await turn()
        before = acknowledged
      }
    })()
    const names = Array.from({ length: 300 }, (_, index) => `party ${index}`)
    const left = [...names]
    await Promise.all(
      Array.from({ length: 8 }, async () => {
        for (let name = left.pop(); name !== undefined; name = left.pop()) {
          assert.deepEqual(await add(store, ports, name), committed)
          acknowledged++
        }
      }),
    ).finally(() => {
      done = true
    })
    await killing
    assert.equal(await store.ledger.count('party', {}), names.length)
    assert.deepEqual(await place.sql('SELECT count(*), max("sequence") FROM "event"'), [
      [`${names.length}`, `${names.length}`],
    ])
  }),
)

test('reads go on over connections that are made again', options, () =>
  onPlace(async ({ store, place, ports }) => {
    await add(store, ports, 'a')
    for (let round = 0; round < 5; round++) {
      await place.sql(killOthers)
      assert.ok(await store.ledger.find('party', 'name', ['a']))
      assert.equal(await store.ledger.count('party', {}), 1)
      assert.equal((await store.ledger.list('party', { limit: 1 })).items.length, 1)
    }
  }),
)

test(
  'a server that is started again after a crash has all that was acknowledged, and the store goes on by itself',
  options,
  () =>
    withOwnCluster([], async ({ cluster, place, store, ports }) => {
      const acknowledged: string[] = []
      let asked = 0
      const commit = async (upTo: number) => {
        while (asked < upTo) {
          const name = `party ${asked++}`
          assert.deepEqual(await add(store, ports, name), committed)
          acknowledged.push(name)
        }
      }
      const working = Promise.all([1, 2, 3, 4].map(() => commit(400)))
      while (acknowledged.length < 100) await turn()
      await cluster.stop('immediate')
      const starting = cluster.start()
      await Promise.all([working, starting])
      assert.equal(await store.ledger.count('party', {}), 400)
      assert.deepEqual(await place.sql('SELECT count(*), max("sequence") FROM "event"'), [
        ['400', '400'],
      ])
    }),
)

test(
  'requests while the database is away hear so in time, and nothing of them is written later',
  options,
  () =>
    withOwnCluster([], async ({ cluster, store, ports }) => {
      await add(store, ports, 'before')
      await cluster.stop('immediate')
      const unreachable = { code: 'store-unreachable' }
      await Promise.all([
        assert.rejects(add(store, ports, 'meanwhile'), unreachable),
        assert.rejects(store.ledger.count('party', {}), unreachable),
        assert.rejects(store.ledger.find('party', 'name', ['before']), unreachable),
        assert.rejects(store.log.snapshot(), unreachable),
      ])
      await cluster.start()
      assert.deepEqual(await add(store, ports, 'after'), committed)
      assert.equal(await store.ledger.find('party', 'name', ['meanwhile']), undefined)
      assert.equal(await store.ledger.count('party', {}), 2)
    }),
)

test('a database that answers nothing holds up no more than it can be told of', options, () =>
  onPlace(async ({ store, place, ports }) => {
    const held = await place.hold('LOCK TABLE "party" IN EXCLUSIVE MODE')
    const first = add(store, ports, 'first')
    await place.until(waitingForLocks)
    const many = Array.from({ length: 10_001 }, (_, index) => add(store, ports, `party ${index}`))
    await assert.rejects(many.at(-1)!, { code: 'store-unreachable', message: /10000 changes wait/ })
    await held.release()
    assert.deepEqual(await first, committed)
    await Promise.all(many.slice(0, -1))
    assert.equal(await store.ledger.count('party', {}), 10_001)
  }),
)

test('a full database refuses writes, keeps what it has, and goes on when let', options, () =>
  onPlace(async ({ store, place, ports }) => {
    await add(store, ports, 'before')
    await place.sql(`CREATE FUNCTION "full"() RETURNS trigger LANGUAGE plpgsql AS $$
        BEGIN RAISE EXCEPTION 'could not extend file: No space left on device' USING ERRCODE = 'disk_full'; END $$;
      CREATE TRIGGER "full" BEFORE INSERT ON "party" FOR EACH ROW EXECUTE FUNCTION "full"()`)
    const results = await Promise.allSettled(
      Array.from({ length: 20 }, (_, index) => add(store, ports, `party ${index}`)),
    )
    for (const result of results)
      assert.equal(result.status === 'rejected' && result.reason.code, 'store-full')
    assert.equal(await store.ledger.count('party', {}), 1)
    assert.equal((await store.log.waiting(99)).length, 1)
    await place.sql('DROP TRIGGER "full" ON "party"')
    assert.deepEqual(await add(store, ports, 'after'), committed)
  }),
)

test('a change that PostgreSQL cannot keep is refused alone', options, () =>
  onPlace(async ({ store, ports }) => {
    const long = ports.random.bytes(5_000).toHex() // an index takes 2,704 bytes, compressed
    const results = await Promise.allSettled(
      ['a', 'b', long, 'c'].map((name) => add(store, ports, name)),
    )
    assert.deepEqual(
      results.map(({ status }) => status),
      ['fulfilled', 'fulfilled', 'rejected', 'fulfilled'],
    )
    assert.equal(await store.ledger.count('party', {}), 3)
    assert.equal((await store.log.waiting(9)).length, 3)
  }),
)

test('a transaction that another one locks out in a circle is written again', options, () =>
  onPlace(async ({ store, place, ports }) => {
    const [first, second] = ['a', 'b'].map((name) => party(ports, name)) as [Party, Party]
    await store.ledger.commit({ puts: [first, second], events: [] })
    const held = await place.hold(`UPDATE "party" SET "role" = 'x' WHERE "name" = 'b'`)
    const puts = [changed(first, {}), changed(second, {})]
    const asked = store.ledger.commit({ puts, events: [] })
    await place.until(waitingForLocks)
    // Now each waits for the other; the server breaks one of the two.
    await held.ask(`UPDATE "party" SET "role" = 'x' WHERE "name" = 'a'`).catch(() => {})
    await held.release()
    assert.deepEqual(await asked, committed)
    assert.equal((await store.ledger.read('party', second.record.id))?.version, 2)
  }),
)

test(
  'a database that can only be read is refused with words, and a node that meets it goes on later',
  options,
  () =>
    onPlace(async ({ store, place, ports }) => {
      await place.sql(`ALTER DATABASE "${place.database}" SET default_transaction_read_only = on`)
      await assert.rejects(openPostgresStore(place.settings, testPorts(2)), {
        code: 'store-unreachable',
        message: /read only/,
      })
      await place.sql(killOthers)
      const asked = add(store, ports, 'a')
      await place.cluster.sql(
        'postgres',
        `ALTER DATABASE "${place.database}" RESET default_transaction_read_only`,
      )
      assert.deepEqual(await asked, committed)
    }),
)

test('a server that does not wait for its disk is refused with words', options, () =>
  withOwnCluster([], async ({ cluster, place }) => {
    await place.sql("ALTER SYSTEM SET fsync = 'off'; ")
    await place.sql('SELECT pg_reload_conf()')
    await place.until(`SELECT 1 WHERE current_setting('fsync') = 'off'`)
    const url = cluster.url(place.database)
    const refused = { code: 'configuration-wrong', message: /fsync = off/ }
    await assert.rejects(openPostgresStore({ url }, testPorts(2)), refused)
  }),
)

test('a database in another encoding is refused with words', options, () =>
  onPlace(async ({ place }) => {
    const other = `${place.database}_ascii`
    await place.sql(`CREATE DATABASE "${other}" TEMPLATE template0 ENCODING 'SQL_ASCII'`)
    const url = place.cluster.url(other)
    const refused = { code: 'configuration-wrong', message: /SQL_ASCII/ }
    await assert.rejects(openPostgresStore({ url }, testPorts(2)), refused)
    await place.sql(`DROP DATABASE "${other}"`)
  }),
)

test(
  'a wrong password is told without it, and a right one is read anew at each connecting',
  options,
  () =>
    withDirectory((directory) =>
      withOwnCluster([], async ({ cluster, place }) => {
        const hba = join(cluster.directory, 'data', 'pg_hba.conf')
        writeFileSync(hba, 'local all meter scram-sha-256\nlocal all all trust\n')
        chmodSync(hba, 0o644)
        await place.sql(`CREATE ROLE "meter" LOGIN PASSWORD 'right one'; SELECT pg_reload_conf();
        GRANT ALL ON ALL TABLES IN SCHEMA public TO "meter"`)
        const passwordFile = join(directory, 'password')
        const settings = { url: cluster.url(place.database, 'meter'), passwordFile }
        writeFileSync(passwordFile, 'wrong one\n')
        const open = () => openPostgresStore(settings, testPorts(2))
        await assert.rejects(open(), (error) => {
          assert.match(String(error), /store-unreachable|password authentication failed/)
          assert.doesNotMatch(inspect(error, { depth: 9 }), /wrong one/)
          return true
        })
        writeFileSync(passwordFile, 'right one\n')
        const store = await open()
        await place.sql(`ALTER ROLE "meter" PASSWORD 'next one'`)
        writeFileSync(passwordFile, 'next one\n')
        await place.sql(killOthers)
        assert.equal(await store.ledger.count('party', {}), 0)
        await store.close()
      }),
    ),
)

test(
  'a server shows a certificate of its name by the authorities that were given, or is not spoken to',
  options,
  () =>
    withDirectory(async (directory) => {
      const port = await freePort()
      const own = selfSigned(directory, 'own', 'IP:127.0.0.1')
      const foreign = selfSigned(directory, 'foreign', 'IP:127.0.0.1')
      const cluster = await ownCluster(["listen_addresses = '127.0.0.1'"], port)
      try {
        const place = await postgresPlace({ on: cluster })
        const url = `postgres://postgres@127.0.0.1:${port}/${place.database}`
        const open = (caFile: string) => openPostgresStore({ url, caFile }, testPorts())
        await assert.rejects(open(own), { message: /does not support SSL/ })
        for (const [name, text] of Object.entries(keyPair(directory, 'own')))
          writeAs(cluster, join(cluster.directory, 'data', name), text)
        await place.sql('ALTER SYSTEM SET ssl = on')
        await place.sql('SELECT pg_reload_conf()')
        await place.until(`SELECT 1 WHERE current_setting('ssl') = 'on'`)
        await assert.rejects(open(foreign), { code: 'store-unreachable', message: /certificate/ })
        const store = await open(own)
        const plain = await place.sql(`SELECT 1 FROM pg_stat_ssl JOIN pg_stat_activity USING ("pid")
        WHERE "application_name" = 'vitalsign' AND NOT "ssl"`)
        assert.deepEqual(plain, [])
        await store.close()
        const elsewhere = selfSigned(directory, 'elsewhere', 'DNS:db.example')
        for (const [name, text] of Object.entries(keyPair(directory, 'elsewhere')))
          writeAs(cluster, join(cluster.directory, 'data', name), text)
        await place.sql('SELECT pg_reload_conf()')
        await assert.rejects(open(elsewhere), { message: /altnames/ })
      } finally {
        await cluster.remove()
      }
    }),
)

test('a port where no PostgreSQL speaks is unreachable', options, async () => {
  const server = createServer((socket) => socket.end('HTTP/1.1 400 Bad Request\r\n\r\n'))
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  const { port } = server.address() as AddressInfo
  const url = `postgres://postgres@127.0.0.1:${port}/vitalsign`
  await assert.rejects(openPostgresStore({ url }, testPorts()), { code: 'store-unreachable' })
  server.close()
})

/** Makes NAME.pem with its NAME.key in the directory; gives the path of the first. */
function selfSigned(directory: string, name: string, names: string): string {
  const [certificate, key] = ['pem', 'key'].map((end) => join(directory, `${name}.${end}`))
  const words = [
    ...['req', '-x509', '-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:P-256', '-nodes'],
    ...['-subj', `/CN=${name}`, '-addext', `subjectAltName=${names}`, '-days', '2'],
    ...['-keyout', key!, '-out', certificate!],
  ]
  execFileSync('openssl', words, { stdio: 'ignore' })
  return certificate!
}

/** The files as the server wants them, by their names there. */
function keyPair(directory: string, name: string) {
  return {
    'server.crt': readFileSync(join(directory, `${name}.pem`)),
    'server.key': readFileSync(join(directory, `${name}.key`)),
  }
}

function writeAs(cluster: OwnCluster, file: string, bytes: Uint8Array) {
  const { uid, gid } = statSync(join(cluster.directory, 'data'))
  rmSync(file, { force: true })
  writeFileSync(file, bytes, { mode: 0o600 })
  chownSync(file, uid, gid)
}

async function freePort(): Promise<number> {
  const server = createServer()
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  const { port } = server.address() as AddressInfo
  await new Promise((resolve) => server.close(resolve))
  return port
}

const killOthers = `SELECT pg_terminate_backend("pid") FROM pg_stat_activity
  WHERE "datname" = current_database() AND "application_name" = 'vitalsign'`

type Party = ReturnType<typeof party>

function party(ports: TestPorts, name: string) {
  return added(ports, 'party', { name, role: 'maker', createdAt: ports.clock.now() })
}

function add({ ledger }: Store, ports: TestPorts, name: string) {
  const actor = { kind: 'house', id: 'test' } as const
  const at = ports.clock.now()
  const event = { type: 'party-added', at, actor, subjects: [name], facts: {} } as const
  return ledger.commit({ puts: [party(ports, name)], events: [event] })
}

interface Given {
  readonly store: Store
  readonly place: PostgresPlace
  readonly ports: TestPorts
}

async function onPlace(work: (given: Given) => Promise<void>, place?: PostgresPlace) {
  const where = place ?? (await postgresPlace())
  const ports = testPorts()
  const store = await openPostgresStore(where.settings, ports)
  try {
    await work({ store, place: where, ports })
  } finally {
    await store.close()
    await where.remove()
  }
}

type OwnCluster = Awaited<ReturnType<typeof ownCluster>>

async function withOwnCluster(
  settings: readonly string[],
  work: (given: Given & { readonly cluster: OwnCluster }) => Promise<void>,
) {
  const cluster = await ownCluster(settings)
  try {
    const place = await postgresPlace({ on: cluster })
    await onPlace((given) => work({ ...given, cluster }), place)
  } finally {
    await cluster.remove()
  }
}
