// SPDX-License-Identifier: Apache-2.0
/** A house whose authorities sign in a token: from its founding to the day on which the token is pulled. */
import assert from 'node:assert/strict'
import { X509Certificate } from 'node:crypto'
import { copyFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { after, test } from 'node:test'
import type { CertificateRecord } from '#core/ledger/tables.ts'
import { parseCrl } from '#format/x509/crl.ts'
import { sha256 } from '#trust/digest.ts'
import { generateKey } from '#trust/private-key.ts'
import { madeBackup, restored } from '../support/backup.ts'
import {
  certificateIn,
  enrolled,
  fetchStatus,
  isIssuedBy,
  openTestHouse,
  postEst,
  renewalBy,
  requestBy,
  type TestHouse,
  temporaryDirectory,
  withCode,
  withDevice,
  withProduct,
} from '../support/house.ts'
import { askLocal } from '../support/local-door.ts'
import { rightPin, softHsm, softToken, withoutToken } from '../support/soft-token.ts'

const skip = withoutToken

function pinFile(pin: string): string {
  const path = join(temporaryDirectory(), 'pin')
  writeFileSync(path, `${pin}\n`, { mode: 0o600 })
  return path
}

const tokenWords = (pin = rightPin) => [
  ...['--pkcs11-module', softHsm, '--pkcs11-token', 'keys', '--pkcs11-pin-file', pinFile(pin)],
]

async function openTokenHouse(directory = temporaryDirectory(), words: readonly string[] = []) {
  const house = await openTestHouse(directory, {}, [...tokenWords(), ...words])
  after(() => house.stop())
  return house
}

/** Check -> what doctor found. */
async function doctor(house: TestHouse, words = ''): Promise<Map<string, string>> {
  const { document } = await askLocal(house, 'GET', `/doctor${words}`)
  const rows: { check: string; verdict: string; found: string }[] = document.findings
  return new Map(rows.map(({ check, verdict, found }) => [check, `${verdict}: ${found}`]))
}

function alarmEvent(house: TestHouse, type: 'alarm-raised' | 'alarm-cleared'): Promise<unknown> {
  const { promise, resolve } = Promise.withResolvers<unknown>()
  house.feed.follow(({ events }) => {
    for (const event of events)
      if (event.type === type && event.facts['kind'] === 'key-backend-away') resolve(event.facts)
  })
  return promise
}

test('every authority key of a running server is in the token, and signs there', {
  skip,
}, async () => {
  const token = softToken('keys')
  const words = ['--keys-in', 'pkcs11', '--pkcs11-certificate', 'FIPS 140-3 #4735']
  const house = await openTokenHouse(undefined, words)
  const listed = token.tool('--list-objects', '--type', 'privkey').split('Private Key Object')
  for (const { name, key } of house.core.doors.own) {
    const id = Buffer.from(key ?? '').toString('hex')
    const object = listed.find((one) => one.includes(id))
    assert.ok(object, name)
    assert.match(object, /sensitive, always sensitive, never extractable, local/)
    const record = await house.core.ledger.read('key', key ?? '')
    assert.deepEqual(
      [record?.custody, record?.exportable, record?.protection, record?.moduleCertificate],
      ['pkcs11 keys', false, 'software', 'FIPS 140-3 #4735'],
    )
  }
  assert.equal(house.core.doors.own.length, 2)
  const { certificate } = await enrolled(house, await withProduct(house), 'PUMP-1')
  assert.ok(isIssuedBy(house, certificate))
  const found = await doctor(house, '?production=true')
  assert.match(found.get('pkcs11 keys') ?? '', /^good: .*SoftHSM/)
  assert.match(
    found.get('keys in pkcs11 keys') ?? '',
    /^good: .*issuing-1 .key_\w+ cannot be taken out, \d+ signatures.*root /,
  )
  assert.match(found.get('hardware custody') ?? '', /^warning: .*does not say that it is hardware/)
  assert.match(found.get('FIPS 140-3') ?? '', /^good: .*#4735/)
  assert.match(found.get('root directory') ?? '', /^good: the root key is in pkcs11 keys/)
  const metrics = new TextDecoder().decode((await fetchStatus(house, '/metrics')).body)
  assert.match(metrics, /vitalsign_key_backend_up\{backend="pkcs11"\} 1/)
  const [, count] = /vitalsign_key_signatures_total\{backend="pkcs11"\} (\d+)/.exec(metrics) ?? []
  assert.ok(Number(count) >= 5)
})

test('roots stay in files where that is asked for, and a restart finds each key where it is', {
  skip,
}, async () => {
  softToken('keys')
  const directory = temporaryDirectory()
  const words = ['--keys-in', 'pkcs11', '--root-keys-in', 'file']
  const first = await openTestHouse(directory, {}, [...tokenWords(), ...words])
  const product = await withProduct(first)
  await first.stop()
  const house = await openTokenHouse(directory)
  const custody = await Promise.all(
    house.core.doors.own.map(async ({ kind, key }) => [
      kind,
      (await house.core.ledger.read('key', key ?? ''))?.custody,
    ]),
  )
  assert.deepEqual(Object.fromEntries(custody), { root: 'file', issuing: 'pkcs11 keys' })
  assert.ok(isIssuedBy(house, (await enrolled(house, product, 'PUMP-1')).certificate))
})

test('the role of an authority moves into the token, step by step, and devices notice nothing', {
  skip,
}, async () => {
  softToken('keys')
  const house = await openTokenHouse()
  const product = await withProduct(house)
  const { key, certificate } = await enrolled(house, product, 'PUMP-1')
  const [before] = house.core.doors.own.filter(({ kind }) => kind === 'issuing')
  const path = `/authorities/${before?.id}/succeed`
  const moved = await askLocal(house, 'POST', path, { keysIn: 'pkcs11', because: 'audit' })
  assert.equal(moved.status, 201, JSON.stringify(moved.document))
  const { successor, done, remains, devices, entrances } = moved.document
  assert.deepEqual(
    [successor.name, successor.custody, successor.exportable, devices, entrances],
    ['issuing-2', 'pkcs11 keys', false, 1, 2],
  )
  assert.match(done.join('\n'), /its p-256 key is in pkcs11 keys and cannot be taken out/)
  assert.match(remains.join('\n'), /1 device moves .*renewal order --authority issuing-1/)
  assert.match(remains.join('\n'), /issuing-1 signs revocation lists .* stays in file/)

  const renewed = await postEst(house, 'simplereenroll', await renewalBy(key, certificate), {
    credential: { key, certificate },
  })
  const issuer = new X509Certificate(
    house.core.doors.own.find((one) => one.name === 'issuing-2')?.certificate ?? '',
  )
  assert.ok(new X509Certificate(certificateIn(renewed)).checkIssued(issuer))
  const twin = await askLocal(house, 'POST', `/authorities/${successor.id}/twin`, {
    keysIn: 'pkcs11',
  })
  assert.match(twin.document.detail, /makes no keys of ml-dsa/)
  const made = await askLocal(house, 'POST', '/authorities/issue', {
    name: 'plant',
    keysIn: 'pkcs11',
  })
  assert.equal(made.status, 201)
  const listed = await askLocal(house, 'GET', '/authorities')
  const custody = listed.document.items.map((one: { name: string; custody: string }) => [
    one.name,
    one.custody,
  ])
  assert.deepEqual(Object.fromEntries(custody), {
    ...{ root: 'file', 'issuing-1': 'file' },
    ...{ 'issuing-2': 'pkcs11 keys', plant: 'pkcs11 keys' },
  })
})

test('what a token cannot make is said before anything is made: twins go into files by their own word', {
  skip,
}, async () => {
  const token = softToken('keys')
  const words = ['--keys-in', 'pkcs11', '--twin']
  const opening = openTestHouse(temporaryDirectory(), {}, [...tokenWords(), ...words])
  await assert.rejects(opening, {
    ...{ code: 'configuration-wrong', message: /pkcs11 keys makes no keys of ml-dsa-87/ },
  })
  assert.doesNotMatch(token.tool('--list-objects'), /Private Key/)
  const house = await openTokenHouse(undefined, [...words, '--twin-keys-in', 'file'])
  assert.equal(house.core.doors.own.length, 4)
})

test('a wrong PIN at the first start founds nothing, and no further start tries it again', {
  skip,
}, async () => {
  softToken('keys')
  const directory = temporaryDirectory()
  const words = [...tokenWords('wrong'), '--keys-in', 'pkcs11']
  const opening = openTestHouse(directory, {}, words)
  await assert.rejects(opening, {
    code: 'configuration-wrong',
    message: /pkcs11 keys is stopped: .*PIN/,
  })
  const again = openTestHouse(directory, {}, words)
  await assert.rejects(again, { message: /did not open the token, and is not tried again/ })
})

test('a token that is pulled under load loses nothing: what was acknowledged is booked, the rest comes again', {
  skip,
  timeout: 120_000,
}, async () => {
  const token = softToken('keys')
  const house = await openTokenHouse(undefined, ['--keys-in', 'pkcs11', '--root-keys-in', 'file'])
  const product = await withProduct(house)
  const line = await Promise.all(
    Array.from({ length: 48 }, async (_, index) => {
      const serial = `PUMP-${index}`
      const device = await withDevice(house, product, serial)
      const [code, key] = [await withCode(house, device), await generateKey('p-256')]
      return { device, serial, request: await requestBy(key), code }
    }),
  )
  const acknowledged = new Map<string, Uint8Array>()
  const refused: string[] = []
  const enrol = async ({ serial, request, code }: (typeof line)[number]) => {
    const answer = await postEst(house, 'simpleenroll', request, { user: serial, code })
    if (answer.status === 200) acknowledged.set(serial, certificateIn(answer))
    else {
      refused.push(`${answer.status} ${answer.body.trim()} ${answer.headers['retry-after']}`)
    }
  }
  let isIn = true
  const pullOnce = () => {
    if (isIn) token.pull()
    isIn = false
  }
  const raised = alarmEvent(house, 'alarm-raised')
  const left = [...line]
  const worker = async () => {
    for (let next = left.shift(); next !== undefined; next = left.shift()) {
      await enrol(next)
      if (acknowledged.size >= 12) pullOnce()
    }
  }
  const pulling = worker()
  await Promise.all([pulling, worker(), worker(), worker(), worker(), worker()])
  assert.ok(acknowledged.size >= 12 && refused.length > 0)
  for (const answer of refused) assert.match(answer, /^503 key-backend-away.* 60$/s)

  // Serving goes on, and whoever watches is told.
  const authority = house.core.doors.own.find(({ kind }) => kind === 'issuing')?.name ?? ''
  assert.equal((await fetchStatus(house, `/crl/${authority}.crl`)).status, 200)
  assert.equal((await fetchStatus(house, '/log/checkpoint')).status, 200)
  const ready = await fetchStatus(house, '/readyz')
  assert.equal(ready.status, 503)
  assert.match(new TextDecoder().decode(ready.body), /not ready: signing/)
  assert.match((await doctor(house)).get('pkcs11 keys') ?? '', /^bad: it is away/)
  await raised

  const cleared = alarmEvent(house, 'alarm-cleared')
  token.plug()
  await cleared
  for (const device of line) if (!acknowledged.has(device.serial)) await enrol(device)
  assert.equal(acknowledged.size, line.length)
  assert.equal((await fetchStatus(house, '/readyz')).status, 200)

  const records = await certificatesOf(house)
  assert.equal(records.filter(({ state }) => state === 'reserved').length, 0)
  for (const { device, serial } of line) {
    const own = records.filter(({ owner }) => owner === device.id)
    const issued = own.filter(({ state }) => state === 'issued')
    assert.equal(issued.length, 1, serial)
    const der = acknowledged.get(serial) ?? new Uint8Array()
    assert.equal(issued[0]?.sha256?.toHex(), sha256(der).toHex(), serial)
    assert.ok(isIssuedBy(house, der))
  }
  // Whatever was booked and not signed is on the list.
  const abandoned = records.filter(({ state }) => state !== 'issued')
  const { body } = await fetchStatus(house, `/crl/${authority}.crl`)
  assert.equal(parseCrl(body).revokedCount, abandoned.length)
  assert.ok(new X509Certificate(acknowledged.get('PUMP-0') ?? '').serialNumber.length > 0)
  await house.sequence()
})

test('a key that was put in the place of an authority key while no server ran signs for nobody', {
  skip,
}, async () => {
  const token = softToken('keys')
  const words = ['--keys-in', 'pkcs11', '--root-keys-in', 'file']
  const first = await openTestHouse(undefined, {}, [...tokenWords(), ...words])
  const product = await withProduct(first)
  const key = first.core.doors.own.find(({ kind }) => kind === 'issuing')?.key ?? ''
  await first.stop()
  const id = ['--id', Buffer.from(key).toString('hex')]
  for (const type of ['privkey', 'pubkey']) token.tool('--delete-object', '--type', type, ...id)
  token.tool('--keypairgen', '--key-type', 'EC:prime256v1', '--sensitive', ...id)

  const house = await openTokenHouse(first.directory)
  const call = {
    user: 'PUMP-1',
    code: await withCode(house, await withDevice(house, product, 'PUMP-1')),
  }
  const answer = await postEst(
    house,
    'simpleenroll',
    await requestBy(await generateKey('p-256')),
    call,
  )
  assert.match(`${answer.status} ${answer.body}`, /^503 (?!key-backend-away)/)
  const issued = (await certificatesOf(house)).filter(({ state }) => state === 'issued')
  assert.ok(issued.every(({ subject }) => !subject.includes('PUMP-1')))
  assert.match(
    (await doctor(house)).get('keys in pkcs11 keys') ?? '',
    /^bad: the key of issuing-1 is not that of its record/,
  )
})

test('a start without the settings of the token serves, signs nothing, and says what is missing', {
  skip,
}, async () => {
  softToken('keys')
  const words = ['--keys-in', 'pkcs11']
  const first = await openTestHouse(undefined, {}, [...tokenWords(), ...words])
  const product = await withProduct(first)
  await first.stop()
  const house = await openTestHouse(first.directory)
  after(() => house.stop())
  const ready = await fetchStatus(house, '/readyz')
  assert.match(new TextDecoder().decode(ready.body), /not ready: signing/)
  const found = await doctor(house, '?production=true')
  assert.match(found.get('pkcs11 keys') ?? '', /^bad: .*start with pkcs11-module and pkcs11-token/)
  assert.doesNotMatch(found.get('hardware custody') ?? '', /^good/)
  const device = await withDevice(house, product, 'PUMP-1')
  const call = { user: 'PUMP-1', code: await withCode(house, device) }
  const request = await requestBy(await generateKey('p-256'))
  const refused = await postEst(house, 'simpleenroll', request, call)
  assert.match(`${refused.status} ${refused.body}`, /^503 key-backend-away/)
  assert.equal((await fetchStatus(house, '/ca/issuing-1.crt')).status, 200)
})

test('a backup says which keys it has not, and what is restored finds them in the token', {
  skip,
}, async () => {
  const token = softToken('keys')
  const words = ['--keys-in', 'pkcs11', '--root-keys-in', 'file']
  const first = await openTestHouse(undefined, {}, [...tokenWords(), ...words])
  const product = await withProduct(first)
  const backup = await madeBackup(first)
  assert.deepEqual(backup.last.keysElsewhere, ['issuing-1 (pkcs11 keys)'])
  await first.stop()
  const again = await restored(backup, () => Temporal.Now.instant())
  assert.deepEqual(
    again.elsewhere.map(({ authority, custody }) => [authority, custody]),
    [['issuing-1', 'pkcs11 keys']],
  )
  copyFileSync(join(first.directory, 'unlock'), join(again.data, 'unlock'))

  token.pull()
  // The restored server has no TLS certificate of its own yet.
  const without = openTestHouse(again.data, {}, tokenWords())
  await assert.rejects(without, { code: 'key-unreachable' })
  token.plug()
  const house = await openTestHouse(again.data, {}, tokenWords())
  assert.ok(isIssuedBy(house, (await enrolled(house, product, 'PUMP-1')).certificate))
  await house.stop()

  // From now on it starts without the token, too, and serves what needs no signature.
  token.pull()
  const serving = await openTokenHouse(again.data)
  assert.match((await doctor(serving)).get('pkcs11 keys') ?? '', /^bad: it is away/)
  assert.equal((await fetchStatus(serving, '/ca/issuing-1.crt')).status, 200)
  const device = await withDevice(serving, product, 'PUMP-2')
  const call = { user: 'PUMP-2', code: await withCode(serving, device) }
  const request = await requestBy(await generateKey('p-256'))
  const refused = await postEst(serving, 'simpleenroll', request, call)
  assert.match(`${refused.status} ${refused.body}`, /^503 key-backend-away/)
})

async function certificatesOf({ core }: TestHouse): Promise<readonly CertificateRecord[]> {
  const { items } = await core.ledger.list('certificate', { limit: 1000 })
  return items
}
