// SPDX-License-Identifier: Apache-2.0
/**
 * The watch over a fleet whose lot L-7 has a bad generator: enrolled over real TLS, found across days, a restart and
 * a kill in its midst, named, proposed, decided about by people, and mended by other keys.
 */
import assert from 'node:assert/strict'
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { readdirSync, statSync } from 'node:fs'
import { request } from 'node:http'
import { join } from 'node:path'
import { after, before, test } from 'node:test'
import { addDevice } from '#core/devices/add.ts'
import { watchState } from '#core/keywatch/state.ts'
import type { KeyFinding, Product } from '#core/ledger/tables.ts'
import { openAlarm } from '#core/watch/alarm.ts'
import { generateKey, type KeyPair } from '#trust/private-key.ts'
import { verifyExport } from '#trust/tlog/verify-export.ts'
import { keyOfPrimes, primeOf1024 } from '../../demo/bad-generator.ts'
import {
  ask,
  type Credential,
  certificateIn,
  openTestHouse,
  postEst,
  renewalBy,
  requestBy,
  type TestHouse,
  temporaryDirectory,
  withCode,
  withProduct,
} from '../support/house.ts'
import { callApi } from '../support/local-api.ts'
import { changeProfile } from '../support/profiles.ts'

const operator = { kind: 'person', id: 'psn_test' } as const
const directory = temporaryDirectory()
/** What the generator of lot L-7 gives first, whatever it is asked. */
const stuck = primeOf1024()
let house: TestHouse
let pump: Product
const fleet = new Map<string, Credential>()

before(async () => {
  house = await openTestHouse(directory)
  pump = await withProduct(house)
  await changeProfile(house.core, {
    keys: { algorithms: ['p-256', 'rsa-2048'], because: 'the chip of this pump does RSA' },
  })
})
after(async () => {
  await house.stop()
  assert.deepEqual(house.troubles, [])
})

const api = (method: string, path: string, input?: object) => callApi(house, method, path, input)

async function joinFleet(serial: string, lot: string, key: KeyPair): Promise<void> {
  const particulars = { hardwareRevision: null, lot, udiDi: null }
  const added = await addDevice({ serial, ...particulars }, pump, operator, house.core)
  if (added.kind !== 'added') assert.fail(added.detail)
  const code = await withCode(house, added.device)
  const answer = await postEst(house, 'simpleenroll', await requestBy(key), { user: serial, code })
  fleet.set(serial, { key, certificate: certificateIn(answer) })
}

/** Has the keys tested now; gives the last line, or undefined if the server ended before. */
function run(socket: string, heard: () => void = () => {}): Promise<string | undefined> {
  const { promise, resolve } = Promise.withResolvers<string | undefined>()
  const sent = request(
    {
      ...{ socketPath: socket, path: '/api/v1/keywatch/run', method: 'POST' },
      headers: { 'Content-Type': 'application/json' },
    },
    (answer) => {
      let text = ''
      answer.on('data', (chunk) => {
        text += String(chunk)
        heard()
      })
      answer.on('end', () => resolve(text.trimEnd().split('\n').at(-1)))
      answer.on('error', () => resolve(undefined))
    },
  )
  sent.on('error', () => resolve(undefined))
  sent.end('{}')
  return promise
}

async function ran(): Promise<{ end: string; keys: number; moduli: number; found: number }> {
  return JSON.parse((await run(house.socket)) ?? assert.fail('no answer'))
}

async function findings(): Promise<readonly KeyFinding[]> {
  return (await house.core.ledger.list('keyFinding', { limit: 100 })).items
}

function credentialOf(serial: string): Credential {
  return fleet.get(serial) ?? assert.fail(serial)
}

test('a fleet that is well raises nothing', async () => {
  for (const serial of ['P-0', 'P-1'])
    await joinFleet(serial, 'L-6', keyOfPrimes(primeOf1024(), primeOf1024()))
  await joinFleet('P-2', 'L-6', await generateKey('p-256'))
  await joinFleet('P-3', 'L-7', keyOfPrimes(stuck, primeOf1024()))
  const { end } = await ran()
  // By this run, or by one that the clock of the house had begun.
  const compared = (await watchState(house.core.ledger)).primes?.moduli
  assert.deepEqual([end, compared, (await findings()).length], ['done', 3, 0])
})

test('a server that is killed in the midst of a run loses nothing, and starts nothing over', async () => {
  await joinFleet('P-4', 'L-7', keyOfPrimes(stuck, primeOf1024()))
  await house.stop()
  const primes = join(directory, 'keywatch', 'primes')
  const [kept = assert.fail()] = readdirSync(primes).filter((name) => name.endsWith('.product'))
  const product = join(primes, kept)
  const { mtimeMs } = statSync(product)
  const free = ['listen', 'operator-listen', 'status-listen'].flatMap((door) => [
    ...[`--${door}`, '127.0.0.1:0'],
  ])
  const child = spawn(join('bin', 'vitalsign'), ['serve', '--data', directory, ...free])
  const ended = once(child, 'close')
  let said = ''
  for await (const chunk of child.stdout) {
    said += String(chunk)
    if (/^ {2}(claim it|next) /m.test(said)) break
  }
  await run(join(directory, 'admin.sock'), () => child.kill('SIGKILL'))
  child.kill('SIGKILL')
  await ended
  house = await openTestHouse(directory)
  assert.equal((await ran()).end, 'done')
  assert.equal(statSync(product).mtimeMs, mtimeMs)
  assert.deepEqual(
    // What is booked in one millisecond has no order.
    (await findings()).map(({ kind, facts }) => `${kind} ${facts['serial']}`).sort(),
    ['prime-shared P-3', 'prime-shared P-4'],
  )
})

test('one alarm names the lot; a finding names the sharers, and proposes what to end', async () => {
  const [first = assert.fail()] = await findings()
  const alarm = await openAlarm('key-found-weak', first.id, house.core.ledger)
  assert.match(alarm?.text ?? '', /all of lot L-7 of pump \(every one of its 2 devices/)
  const { body: found } = await api('GET', `/findings/${first.id}`)
  assert.deepEqual(
    found.group.findings.map((one: { deviceSerial: string }) => one.deviceSerial),
    ['P-3', 'P-4'],
  )
  assert.match(found.means, /prime in common/)
  const { certificates, withoutIdentity, steps } = found.proposal
  assert.deepEqual([certificates, withoutIdentity], [2, 2])
  const [renew, look, end] = steps.map(({ command }: { command: string }) => command)
  assert.match(renew, /^vitalsign renewal order --product pump --lot L-7 /)
  assert.equal(look, `vitalsign revocation preview --cause ${found.cause}`)
  assert.match(end, / --set [0-9a-f]{64}$/)
  const { body: preview } = await api('GET', `/revocations/preview?cause=${found.cause}`)
  assert.deepEqual([preview.certificates, preview.set], [2, found.proposal.set])
  // Nothing was done: both are believed as ever.
  for (const serial of ['P-3', 'P-4']) {
    const { status } = await ask(house, 'GET', '/whoami', { credential: credentialOf(serial) })
    assert.equal(status, 200)
  }
})

test('a list of findings is filtered, and paged', async () => {
  for (const [query, count] of [
    ['state=proposed', 2],
    ['kind=roca', 0],
    ['kind=prime-shared&state=proposed', 2],
    [`product=${pump.id}&lot=L-7`, 2],
    ['lot=L-6', 0],
    [`device=${(await findings())[0]?.owner}`, 1],
  ] as const) {
    const { body } = await api('GET', `/findings?${query}`)
    assert.equal(body.items.length, count, query)
  }
  const { body: page } = await api('GET', '/findings?limit=1')
  const { body: next } = await api('GET', `/findings?limit=1&after=${page.next}`)
  assert.notEqual(next.items[0].id, page.items[0].id)
})

test('a weak key is not renewed; another key is, by the certificate that it replaces', async () => {
  const credential = credentialOf('P-3')
  const { key, certificate } = credential
  const again = await postEst(house, 'simplereenroll', await renewalBy(key, certificate), {
    credential,
  })
  assert.equal(again.status, 400)
  assert.match(again.body, /make a new one/)
  const fresh = keyOfPrimes(primeOf1024(), primeOf1024())
  const rekeyed = await postEst(house, 'simplereenroll', await renewalBy(fresh, certificate), {
    credential,
  })
  const { status } = await ask(house, 'GET', '/whoami', {
    credential: { key: fresh, certificate: certificateIn(rekeyed) },
  })
  assert.equal(status, 200)
})

test('people act by the finding, and the alarm ends with the last decision', async () => {
  const [first = assert.fail(), second = assert.fail()] = await findings()
  const ended = await api('POST', '/revocations/end', {
    ...{ finding: first.id, reason: 'keyCompromise', because: 'its prime is shared' },
  })
  assert.equal(ended.body.revocation.state, 'effective')
  // What was found is settled after the answer; a run settles it, too.
  await ran()
  const acted = await house.core.ledger.read('keyFinding', first.id)
  assert.deepEqual([acted?.state, acted?.revocation], ['acted', ended.body.revocation.id])
  assert.notEqual(await openAlarm('key-found-weak', first.id, house.core.ledger), undefined)
  const dismissed = await api('POST', `/findings/${second.id}/dismiss`, {
    because: 'P-4 is on a bench, and never leaves it',
  })
  assert.equal(dismissed.body.state, 'dismissed')
  assert.equal(await openAlarm('key-found-weak', first.id, house.core.ledger), undefined)
})

test('the watch is paused and goes on, and says how far it is', async () => {
  const { body: paused } = await api('POST', '/keywatch/pause', { because: 'a test' })
  assert.deepEqual([paused.state, paused.pausedBecause], ['paused', 'a test'])
  assert.equal((await ran()).end, 'paused')
  const { body: shown } = await api('POST', '/keywatch/resume', {})
  assert.equal(shown.state, 'waiting')
  assert.equal((await api('POST', '/keywatch/resume', {})).status, 409)
  assert.deepEqual([shown.search.waiting, shown.compared.moduli], [0, 5])
  assert.ok(shown.round.keys >= 6)
  assert.equal(shown.lastRound.tests, shown.round.tests)
  assert.deepEqual(shown.open, {})
})

test('findings and log match one to one', async () => {
  const found = await verifyExport(house.exportLog(), {})
  assert.deepEqual([found.wrong, found.intact], [0, true])
})
