// SPDX-License-Identifier: Apache-2.0
/** What was revoked in the time that a restore lost, known again by a list that somebody kept. */
import assert from 'node:assert/strict'
import { copyFileSync, cpSync } from 'node:fs'
import { join } from 'node:path'
import { test } from 'node:test'
import { encodePem } from '#format/pem.ts'
import { parseCrl } from '#format/x509/crl.ts'
import { sha256 } from '#trust/digest.ts'
import { askLocally, madeBackup, restored } from '../support/backup.ts'
import {
  ask,
  type Credential,
  enrolled,
  fetchStatus,
  openTestHouse,
  type TestHouse,
  temporaryDirectory,
  withDevice,
  withProduct,
} from '../support/house.ts'

/** Behind the clock of this machine, by which the clients judge the server's certificate. */
let ahead = Temporal.Duration.from({ hours: -48 })
const clock = { now: () => Temporal.Now.instant().add(ahead) }

test('a list of the lost time revokes again what it lists, known here or not', async () => {
  const before = await openTestHouse(undefined, { clock })
  const pump = await withProduct(before)
  const known = await enrolled(before, pump, 'PUMP-A')
  const good = await enrolled(before, pump, 'PUMP-B')
  const early = await fullCrl(before)
  ahead = ahead.add({ hours: 1 })
  const backup = await madeBackup(before, { withRoot: true })

  ahead = ahead.add({ hours: 5 })
  const stolen = await enrolled(before, pump, 'PUMP-C')
  const lent = await enrolled(before, pump, 'PUMP-D')
  for (const [credential, reason] of [
    [known, 'superseded'],
    [stolen, 'keyCompromise'],
    [lent, 'privilegeWithdrawn'],
  ] as const) {
    const path = `/certificates/${await idOf(before, credential)}/revoke`
    const answer = await askLocally(before, 'POST', path, { reason, because: 'lost' })
    assert.equal(answer.status, 200, answer.text)
  }
  const late = await fullCrl(before)
  assert.equal(parseCrl(late).revokedCount, 3)
  const never = await learn(before, late)
  assert.equal(never.code, 'not-permitted')
  const unlockFile = join(temporaryDirectory(), 'unlock')
  copyFileSync(join(before.directory, 'unlock'), unlockFile)
  await before.stop()

  ahead = ahead.add({ hours: 1 })
  const { data } = await restored(backup, clock.now)
  copyFileSync(unlockFile, join(data, 'unlock'))
  const house = await openTestHouse(data, { clock })
  try {
    assert.equal((await whoami(house, known)).status, 200)
    await refusesOthers(house, early, late)
    const learnt = await learn(house, late)
    assert.deepEqual([learnt.revoked, learnt.unknown, learnt.unchanged], [1, 2, 0])
    const again = await learn(house, late)
    assert.deepEqual([again.revoked, again.unknown, again.unchanged], [0, 0, 3])

    // The list of now says it to others before any device of the lost time came.
    const serials = (crl: Uint8Array) =>
      [...parseCrl(crl).revoked].map(({ serialNumber }) => serialNumber.toHex()).sort()
    assert.deepEqual(serials(await fullCrl(house)), serials(late))
    assert.match((await whoami(house, known)).body, /certificate-revoked/)
    assert.equal((await whoami(house, good)).status, 200)

    // And a device whose certificate is not here is not learnt as good.
    for (const [serial, credential] of [
      ['PUMP-C', stolen],
      ['PUMP-D', lent],
    ] as const) {
      await withDevice(house, pump, serial)
      assert.match((await whoami(house, credential)).body, /certificate-revoked/)
      assert.match((await whoami(house, credential)).body, /certificate-revoked/)
      const record = await house.core.ledger.read('certificate', await idOf(house, credential))
      assert.equal(record?.state, 'revoked')
      const key = await house.core.ledger.read('key', record?.key ?? '')
      assert.equal(key?.state, credential === stolen ? 'compromised' : 'active')
      const [device] = (
        await house.core.ledger.list('device', { by: 'bySerial', equal: [serial], limit: 1 })
      ).items
      assert.equal(device?.state, 'expected')
    }
    assert.deepEqual(serials(await fullCrl(house)), serials(late))
    const verified = JSON.parse((await askLocally(house, 'POST', '/log/verify', {})).text)
    assert.equal(verified.good, true, JSON.stringify(verified.findings))
    assert.deepEqual(house.troubles, [])
  } finally {
    await house.stop()
  }
})

test('doctor says what to do until the root has signed a list of the new epoch', async () => {
  const before = await openTestHouse(undefined, { clock })
  const backup = await madeBackup(before)
  await before.stop()
  const { data } = await restored(backup, clock.now)
  copyFileSync(join(before.directory, 'unlock'), join(data, 'unlock'))
  const away = await openTestHouse(data, { clock })
  const found = await restoresFinding(away).finally(() => away.stop())
  assert.equal(found.verdict, 'warning', found.found)
  assert.match(found.found, /the list of .* is number \d+, of before the restore/)
  assert.match(found.remedy, /directory "root" back .* once/)
  cpSync(join(before.directory, 'root'), join(data, 'root'), { recursive: true })
  const back = await openTestHouse(data, { clock })
  const after = await restoresFinding(back).finally(() => back.stop())
  assert.equal(after.verdict, 'good', after.found)
})

async function restoresFinding(house: TestHouse) {
  const { findings } = JSON.parse((await askLocally(house, 'GET', '/doctor')).text)
  return findings.find(({ check }: { check: string }) => check === 'restores')
}

async function refusesOthers(house: TestHouse, early: Uint8Array, late: Uint8Array): Promise<void> {
  const stranger = await openTestHouse(undefined, { clock })
  const foreign = await fullCrl(stranger)
  const root = await fullCrl(stranger, 'root')
  await stranger.stop()
  const changed = late.with(late.length - 1, late.at(-1)! ^ 1)
  assert.equal((await learn(house, early)).code, 'input-wrong')
  assert.equal((await learn(house, changed)).code, 'signature-wrong')
  for (const one of [foreign, root])
    assert.match((await learn(house, one)).code, /^(not-found|signature-wrong)$/)
  assert.equal((await learn(house, late.subarray(0, 100))).code, 'input-wrong')
  const nothing = await askLocally(house, 'POST', '/restores/crls', { crl: 'nonsense' })
  assert.equal(JSON.parse(nothing.text).code, 'input-wrong')
}

async function learn(house: TestHouse, crl: Uint8Array) {
  const body = { crl: encodePem('X509 CRL', crl) }
  return JSON.parse((await askLocally(house, 'POST', '/restores/crls', body)).text)
}

async function fullCrl(house: TestHouse, kind: 'issuing' | 'root' = 'issuing') {
  const authority = house.core.doors.own.find((one) => one.kind === kind)
  const name = encodeURIComponent(authority?.name ?? '')
  return (await fetchStatus(house, `/crl/${name}.crl`)).body
}

async function idOf({ core }: TestHouse, { certificate }: Credential): Promise<string> {
  return (await core.ledger.find('certificate', 'sha256', [sha256(certificate)]))?.id ?? ''
}

function whoami(house: TestHouse, credential: Credential) {
  return ask(house, 'GET', '/whoami', { credential })
}
