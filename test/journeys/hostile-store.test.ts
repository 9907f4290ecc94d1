// SPDX-License-Identifier: Apache-2.0
/** A database that is slow, full, read only, or somebody else's, as devices and operators of a house meet it. */
import assert from 'node:assert/strict'
import { existsSync } from 'node:fs'
import { join } from 'node:path'
import { after, before, test } from 'node:test'
import type { Product } from '#core/ledger/tables.ts'
import { generateKey } from '#trust/private-key.ts'
import {
  type Answer,
  ask,
  type Credential,
  certificateIn,
  enrolled,
  fetchStatus,
  nodeDirectory,
  openTestHouse,
  postEst,
  requestBy,
  sharedWords,
  type TestHouse,
  withProduct,
} from '../support/house.ts'
import { askLocal } from '../support/local-door.ts'
import {
  type PostgresPlace,
  postgresPlace,
  waitingForLocks,
  withoutPostgres,
} from '../support/postgres.ts'
import { type ExpectedDevice, expectDevice } from '../support/refusing.ts'

let place: PostgresPlace
let house: TestHouse
let product: Product
let holder: Credential

before(
  async () => {
    if (withoutPostgres) return
    place = await postgresPlace()
    house = await openTestHouse(nodeDirectory(), {}, sharedWords(place.url))
    product = await withProduct(house)
    holder = await enrolled(house, product, 'HOLDER')
    assert.equal((await whoami()).status, 200)
  },
  { timeout: 60_000 },
)
after(async () => {
  if (withoutPostgres) return
  await house.stop()
  await place.remove()
})

const postgresTest = (name: string, work: () => Promise<void>) =>
  test(name, { skip: withoutPostgres, timeout: 60_000 }, work)

const whoami = () => ask(house, 'GET', '/whoami', { credential: holder })

interface Asking extends ExpectedDevice {
  readonly request: Uint8Array
}

async function asking(serial: string): Promise<Asking> {
  const expected = await expectDevice(house, product, serial)
  return { ...expected, request: await requestBy(await generateKey('p-256')) }
}

function enrolling({ user, code, request }: Asking): Promise<Answer> {
  return postEst(house, 'simpleenroll', request, { user, code })
}

/** The device asks until it has its certificate: it is the only one. */
async function demandOne(device: Asking): Promise<void> {
  let answer = await enrolling(device)
  while (answer.status === 503) answer = await enrolling(device)
  certificateIn(answer)
  const owned = { by: 'owner', equal: [device.device.id] } as const
  assert.equal(await house.core.ledger.count('certificate', owned), 1)
}

const reasonOf = ({ status, body }: Answer) => `${status} ${body.split(':')[0]}`

postgresTest(
  'a database that does not come to its end turns devices away, and gives each one certificate later',
  async () => {
    const devices = await Promise.all(
      Array.from({ length: 60 }, (_, index) => asking(`SLOW-${index}`)),
    )
    const held = await place.hold('LOCK TABLE "certificate" IN EXCLUSIVE MODE')
    const answers = Promise.all(devices.flatMap((device) => [enrolling(device), enrolling(device)]))
    await place.until(waitingForLocks)
    // Whoever needs no write is served meanwhile.
    assert.equal((await whoami()).status, 200)
    assert.equal((await fetchStatus(house, '/readyz')).status, 200)
    assert.equal((await askLocal(house, 'GET', '/devices')).status, 200)
    for (const answer of await answers) {
      assert.equal(reasonOf(answer), '503 store-unreachable')
      assert.match(String(answer.headers['retry-after']), /^\d+$/)
    }
    await held.release()
    await Promise.all(devices.map(demandOne))
  },
)

postgresTest(
  'a full database turns devices and operators away by name, serves what it has, and goes on when let',
  async () => {
    const device = await asking('FULL')
    await place.sql(`CREATE FUNCTION "full"() RETURNS trigger LANGUAGE plpgsql AS $$
      BEGIN RAISE EXCEPTION 'could not extend file: No space left on device' USING ERRCODE = 'disk_full'; END $$;
    CREATE TRIGGER "full" BEFORE INSERT ON "certificate" FOR EACH ROW EXECUTE FUNCTION "full"();
    CREATE TRIGGER "full" BEFORE INSERT ON "product" FOR EACH ROW EXECUTE FUNCTION "full"()`)
    const refused = await enrolling(device)
    assert.equal(reasonOf(refused), '503 store-full')
    assert.equal(refused.headers['retry-after'], '60')
    const fields = { name: 'other', exposure: 'therapy', maker: 'Acme' }
    const { status, document } = await askLocal(house, 'POST', '/products', fields)
    assert.deepEqual([status, document.code], [507, 'store-full'])
    assert.equal((await whoami()).status, 200)
    assert.equal((await fetchStatus(house, '/crl/issuing-1.crl')).status, 200)
    await place.sql('DROP TRIGGER "full" ON "certificate"; DROP TRIGGER "full" ON "product"')
    await demandOne(device)
  },
)

postgresTest(
  'a database that becomes read only is told by name, and written again when it may be',
  async () => {
    const device = await asking('READ-ONLY')
    const set = (words: string) =>
      place.cluster.sql('postgres', `ALTER DATABASE "${place.database}" ${words}`)
    await set('SET default_transaction_read_only = on')
    await assert.rejects(openTestHouse(nodeDirectory(), {}, sharedWords(place.url)), {
      ...{ code: 'store-unreachable', message: /default_transaction_read_only/ },
    })
    await place.sql(`SELECT pg_terminate_backend("pid") FROM pg_stat_activity
    WHERE "datname" = current_database() AND "application_name" = 'vitalsign'`)
    const [refused, readyz] = await Promise.all([enrolling(device), fetchStatus(house, '/readyz')])
    assert.equal(reasonOf(refused), '503 store-unreachable')
    assert.equal(new TextDecoder().decode(readyz.body), 'not ready: store\n')
    await set('RESET default_transaction_read_only')
    await demandOne(device)
  },
)

/** What a database has before a house is opened on it, and how that is refused. */
const wrong = {
  'of a newer program': ['UPDATE "schemaVersion" SET "version" = 999', 'schema-newer', /999/],
  'that is half filled': [
    `CREATE TABLE "unfinished" ("purpose" text); INSERT INTO "unfinished" VALUES ('restore')`,
    'restore-unfinished',
    /half filled/,
  ],
  'of another program': [
    'DROP SCHEMA public CASCADE; CREATE SCHEMA public; CREATE TABLE "theirs" ()',
    'ledger-damaged',
    /not ours: it has the table theirs/,
  ],
} as const
for (const [name, [sql, code, message]] of Object.entries(wrong))
  postgresTest(`a database ${name} is refused with words and left as it was`, async () => {
    const other = await postgresPlace()
    await other.sql(sql)
    const tables = () =>
      other.sql(
        `SELECT "relname" FROM pg_class WHERE "relnamespace" = 'public'::regnamespace ORDER BY 1`,
      )
    const was = await tables()
    const directory = nodeDirectory()
    const opening = openTestHouse(directory, {}, sharedWords(other.url))
    await assert.rejects(opening, { code, message })
    assert.deepEqual(await tables(), was)
    assert.ok(!existsSync(join(directory, 'keys')), 'it made keys')
    await other.remove()
  })
