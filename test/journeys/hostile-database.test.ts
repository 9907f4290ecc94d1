// SPDX-License-Identifier: Apache-2.0
/** A database that goes away under a house that serves: who asks hears so by name, and all comes back by itself. */
import assert from 'node:assert/strict'
import { after, before, test } from 'node:test'
import { longestSigning, recoverReserved } from '#core/authority/abandon.ts'
import { encodePem } from '#format/pem.ts'
import { generateKey } from '#trust/private-key.ts'
import {
  type Answer,
  ask,
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
  ownCluster,
  type PostgresPlace,
  postgresPlace,
  withoutPostgres,
} from '../support/postgres.ts'
import { type ExpectedDevice, expectDevice } from '../support/refusing.ts'

let cluster: Awaited<ReturnType<typeof ownCluster>>
let place: PostgresPlace
let house: TestHouse
let product: Awaited<ReturnType<typeof withProduct>>
/** Done once, by the next signature of the issuing authority. */
let beforeSigning: (() => Promise<void>) | undefined

before(
  async () => {
    if (withoutPostgres) return
    cluster = await ownCluster()
    place = await postgresPlace({ on: cluster })
    house = await openTestHouse(
      nodeDirectory(),
      {
        wrapKeys: (keys) => ({
          make: (algorithm, keyId, at) => keys.make(algorithm, keyId, at),
          has: (keyId) => keys.has(keyId),
          sign: async (keyId, toBeSigned) => {
            const isLog = keyId === house?.core.installation.logKey
            const first = isLog ? undefined : beforeSigning
            if (!isLog) beforeSigning = undefined
            await first?.()
            return keys.sign(keyId, toBeSigned)
          },
        }),
      },
      sharedWords(place.url),
    )
    product = await withProduct(house)
  },
  { timeout: 60_000 },
)
after(async () => {
  if (withoutPostgres) return
  await house.stop()
  await cluster.remove()
})

const postgresTest = (name: string, work: () => Promise<void>) =>
  test(name, { skip: withoutPostgres, timeout: 60_000 }, work)

const killAll = `SELECT pg_terminate_backend("pid") FROM pg_stat_activity
  WHERE "datname" = current_database() AND "application_name" = 'vitalsign'`

async function readiness(): Promise<string> {
  const { status, body } = await fetchStatus(house, '/readyz')
  return `${status} ${new TextDecoder().decode(body).trim()}`
}

/** Resolves when the house says of itself that it is ready. */
async function ready(): Promise<void> {
  while (!(await readiness()).startsWith('200'));
}

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

function demandAway({ status, body, headers }: Answer): void {
  assert.match(`${status} ${body}`, /^503 store-unreachable: /)
  assert.match(String(headers['retry-after']), /^\d+$/)
  assert.doesNotMatch(body, /postgres|socket|ECONN|\/dev\/shm|\/tmp/i, 'it tells of the inside')
}

postgresTest(
  'devices whose connections to the database are cut under them get one certificate each',
  async () => {
    const devices = await Promise.all(
      Array.from({ length: 20 }, (_, index) => asking(`CUT-${index}`)),
    )
    const answers = devices.map(enrolling)
    for (let round = 0; round < 5; round++) await place.sql(killAll)
    for (const [index, answer] of (await Promise.all(answers)).entries()) {
      const device = devices[index]!
      let told = answer
      while (told.status === 503) told = await enrolling(device)
      const certificate = certificateIn(told)
      assert.deepEqual(certificateIn(await enrolling(device)), certificate)
      const owned = { by: 'owner', equal: [device.device.id] } as const
      assert.equal(await house.core.ledger.count('certificate', owned), 1)
    }
  },
)

postgresTest(
  'while the database is away everybody hears so by name, and what needs none is served',
  async () => {
    const holder = await enrolled(house, product, 'HOLDER')
    const waiting = await asking('WAITING')
    const list = await fetchStatus(house, '/crl/issuing-1.crl')
    assert.equal(list.status, 200)
    const troublesBefore = house.troubles.length
    await cluster.stop()
    const [enrolment, renewal, whoami, status, devices, added, ca, crl, unknown, chain, readyz] =
      await Promise.all([
        enrolling(waiting),
        postEst(house, 'simplereenroll', waiting.request, { credential: holder }),
        ask(house, 'GET', '/whoami', { credential: holder }),
        askLocal(house, 'GET', '/status'),
        askLocal(house, 'GET', '/devices'),
        askLocal(house, 'POST', '/products', { name: 'other', exposure: 'therapy', maker: 'Acme' }),
        fetchStatus(house, '/ca/issuing-1.crt'),
        fetchStatus(house, '/crl/issuing-1.crl'),
        fetchStatus(house, '/crl/nobody.crl'),
        ask(house, 'GET', '/.well-known/est/pump/cacerts'),
        readiness(),
      ])
    for (const one of [enrolment, renewal, whoami]) demandAway(one)
    for (const { status: told, document } of [devices, added]) {
      assert.match(`${told} ${document.detail}`, /^503 the database cannot be reached/)
    }
    assert.equal(status.status, 503)
    assert.equal(ca.status, 200)
    assert.deepEqual(crl, list)
    assert.ok([404, 503].includes(unknown.status))
    assert.equal(chain.status, 200)
    assert.equal(readyz, '503 not ready: store')
    assert.equal((await fetchStatus(house, '/healthz')).status, 200)
    const metrics = await fetchStatus(house, '/metrics')
    assert.equal(metrics.status, 200)
    const page = new TextDecoder().decode(metrics.body)
    assert.match(page, /^vitalsign_ready_check\{check="store"\} 0$/m)
    assert.match(page, /^vitalsign_refusals_total\{.*refusal="store-unreachable".*\} [1-9]/m)
    // One line a request, and those of the work that is tried again now and then.
    const lines = (house.troubles.length - troublesBefore) / 2
    assert.ok(lines < 40, `${lines} lines: ${house.troubles.slice(troublesBefore)}`)

    await cluster.start()
    await ready()
    const certificate = certificateIn(await enrolling(waiting))
    assert.deepEqual(certificateIn(await enrolling(waiting)), certificate)
    const owned = { by: 'owner', equal: [waiting.device.id] } as const
    assert.equal(await house.core.ledger.count('certificate', owned), 1)
    assert.equal((await ask(house, 'GET', '/whoami', { credential: holder })).status, 200)
    assert.equal((await askLocal(house, 'GET', '/devices')).status, 200)
    await house.sequence()
    assert.deepEqual(await house.log.waiting(1), [])
  },
)

postgresTest(
  'what was being signed when the database went is never handed out, and asked again gives one',
  async () => {
    const device = await asking('SIGNING')
    beforeSigning = () => cluster.stop()
    demandAway(await enrolling(device))
    await cluster.start()
    await ready()
    const busy = await enrolling(device)
    assert.match(`${busy.status} ${busy.body}`, /^503 busy/)
    // What the recovery job does once nobody can be signing any more.
    const later = house.core.clock.now().add(longestSigning)
    assert.equal(await recoverReserved(house.core, later), 1)
    const certificate = certificateIn(await enrolling(device))
    assert.ok(encodePem('CERTIFICATE', certificate))
    const states = await house.core.ledger.list('certificate', {
      ...{ by: 'owner', equal: [device.device.id], limit: 9 },
    })
    assert.deepEqual(states.items.map(({ state }) => state).toSorted(), ['abandoned', 'issued'])
  },
)
