// SPDX-License-Identifier: Apache-2.0
/** The epoch that a restore begins, seen by devices that hold what the backup does not know. */
import assert from 'node:assert/strict'
import { copyFileSync, rmSync } from 'node:fs'
import { join } from 'node:path'
import { test } from 'node:test'
import type { Device } from '#core/ledger/tables.ts'
import { applyProfile, newestProfile } from '#core/policy/apply-profile.ts'
import { readyProfiles } from '#core/policy/ready/ready-profiles.ts'
import { parseCrl } from '#format/x509/crl.ts'
import { readExtension } from '#format/x509/extension.ts'
import { generateKey } from '#trust/private-key.ts'
import { askLocally, madeBackup, restored } from '../support/backup.ts'
import {
  ask,
  type Credential,
  certificateIn,
  enrolled,
  fetchStatus,
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
import { refusalOf } from '../support/refusing.ts'

/** Behind the clock of this machine, by which the clients judge the server's certificate. */
let ahead = Temporal.Duration.from({ hours: -48 })
const clock = { now: () => Temporal.Now.instant().add(ahead) }

test('devices teach a restored house what it lost, under a name that shows the loss', async () => {
  const before = await openTestHouse(undefined, { clock })
  const pump = await withProduct(before)
  await liveADay(before)
  const old = await enrolled(before, pump, 'PUMP-A')
  const late = await withDevice(before, pump, 'PUMP-B')
  const unused = await withDevice(before, pump, 'PUMP-C')
  const codes = { late: await withCode(before, late), unused: await withCode(before, unused) }
  const backup = await madeBackup(before, { withRoot: true })
  const keptHead = await checkpointOf(before)
  assert.equal(backup.last.kind, 'done', JSON.stringify(backup.last))

  // What the backup will not know.
  ahead = ahead.add({ hours: 20 })
  const renewed = await renew(before, old)
  const new_ = await enrolWith(before, late, codes.late)
  const unknown = await enrolled(before, pump, 'PUMP-D')
  await before.sequence()
  const lostHead = await checkpointOf(before)
  const numbers = await crlNumbers(before)
  const unlockFile = join(temporaryDirectory(), 'unlock')
  copyFileSync(join(before.directory, 'unlock'), unlockFile)
  await before.stop()
  rmSync(before.directory, { recursive: true })

  ahead = ahead.add({ hours: 1 })
  const { data, begun } = await restored(backup, clock.now)
  assert.equal(begun.epoch, 2)
  assert.equal(begun.codesLapsed, 2)
  copyFileSync(unlockFile, join(data, 'unlock'))
  const house = await openTestHouse(data, { clock })
  try {
    // Known to nobody here but their holders.
    for (const credential of [renewed, new_]) {
      const answer = await ask(house, 'GET', '/whoami', { credential })
      assert.equal(answer.status, 200, answer.body)
    }
    // Of a device that was added in the lost time nothing is believed until somebody adds it again.
    const refused = await ask(house, 'GET', '/whoami', { credential: unknown })
    assert.match(`${refused.status} ${refused.body}`, /device-unknown.*PUMP-D is not here/)
    await withDevice(house, pump, 'PUMP-D')
    const answer = await ask(house, 'GET', '/whoami', { credential: unknown })
    assert.equal(answer.status, 200, answer.body)

    // What another authority of the same name signed is nobody's here.
    const other = await openTestHouse(undefined, { clock })
    const foreign = await enrolled(other, await withProduct(other), 'PUMP-A')
    await other.stop()
    const stranger = await ask(house, 'GET', '/whoami', { credential: foreign })
    assert.match(stranger.body, /certificate-unknown/)

    ahead = ahead.add({ hours: 19 })
    for (const credential of [renewed, new_]) await renew(house, credential)

    // A code of before the backup is spent twice by nobody.
    const request = await requestBy(await generateKey('p-256'))
    const spent = { user: 'PUMP-B', code: codes.late }
    assert.equal(await refusalOf(house, request, spent), '401 code-expired')
    const never = { user: 'PUMP-C', code: codes.unused }
    assert.equal(await refusalOf(house, request, never), '401 code-expired')

    for (const [name, number] of await crlNumbers(house))
      assert.ok(number > (numbers.get(name) ?? 0) + 2 ** 20, `${name} ${number}`)

    await house.sequence()
    const head = await checkpointOf(house)
    const [origin] = lostHead.split('\n')
    assert.match(head.split('\n')[0] ?? '', new RegExp(`^${origin}/epoch-2/`))
    const verified = await askLocally(house, 'POST', '/log/verify', {})
    assert.equal(JSON.parse(verified.text).good, true, verified.text)
    await judgesCheckpoints(house, keptHead, lostHead)
    await tellsTheEpoch(house)
    const since = await askLocally(house, 'POST', '/log/heads', { checkpoint: lostHead })
    assert.equal(since.status, 201, since.text)

    const report = JSON.parse((await askLocally(house, 'GET', '/restores')).text)
    assert.equal(report.epoch, 2)
    assert.equal(report.learntCount, 3)
    assert.deepEqual(report.learnt.map(({ serial }: { serial: string }) => serial).sort(), [
      'PUMP-A',
      'PUMP-B',
      'PUMP-D',
    ])
    const alarms = JSON.parse((await askLocally(house, 'GET', '/alarms')).text)
    const learnt = alarms.items.filter(
      ({ kind }: { kind: string }) => kind === 'certificates-learnt',
    )
    assert.match(learnt[0]?.text ?? '', /^3 certificates/)
    assert.deepEqual(report.heads.map(({ kind }: { kind: string }) => kind).sort(), [
      'lost',
      'restored',
    ])
    assert.deepEqual(house.troubles, [])
  } finally {
    await house.stop()
  }
})

async function judgesCheckpoints(house: TestHouse, kept: string, lost: string): Promise<void> {
  const verify = async (since: string) =>
    JSON.parse((await askLocally(house, 'POST', '/log/verify', { since })).text)
  const good = await verify(kept)
  assert.equal(good.good, true, JSON.stringify(good.findings))
  assert.match(good.findings[0].finding, /note: event \d+: the log was restored from a backup/)
  const bad = await verify(lost)
  assert.equal(bad.good, false)
  assert.match(bad.findings.at(-1).finding, /a time that a restore lost \(events \d+ to \d+ of/)
  assert.equal((await verify('nonsense')).code, 'input-wrong')
}

async function tellsTheEpoch(house: TestHouse): Promise<void> {
  const read = async (path: string) => JSON.parse((await askLocally(house, 'GET', path)).text)
  const { log } = await read('/status')
  assert.equal(log.epoch, 2)
  assert.match(log.restoredAt, /^\d{4}-/)
  const events = (await read('/log?limit=1000')).items
  assert.deepEqual([events[0].epoch, events.at(-1).epoch], [2, 1])
  const fork = events.find(({ type }: { type: string }) => type === 'installation-restored')
  assert.equal(fork.epoch, 2)
  assert.deepEqual((await read('/certificates?learnt=true')).items.length, 3)
  const some = await read('/certificates?learnt=true&serialPrefix=PUMP-B&limit=2')
  assert.ok(
    some.items.every(({ deviceSerial }: { deviceSerial: string }) => deviceSerial === 'PUMP-B'),
  )
}

async function checkpointOf(house: TestHouse): Promise<string> {
  return Buffer.from((await fetchStatus(house, '/log/checkpoint')).body).toString()
}

/** Working identities of a day, not set back. */
async function liveADay(house: TestHouse): Promise<void> {
  const because = 'this test has no year'
  const newest = await newestProfile('ldevid', house.core.ledger)
  const document = {
    ...readyProfiles.ldevid,
    ...{ version: (newest?.number ?? 0) + 1, validity: { hours: 24, because } },
    backdating: { minutes: 0, because },
  }
  const applied = await applyProfile(document, { kind: 'house', id: 'test' }, house.core)
  assert.equal(applied.kind, 'applied', JSON.stringify(applied))
}

async function renew(house: TestHouse, credential: Credential): Promise<Credential> {
  const { key, certificate } = credential
  const request = await renewalBy(key, certificate)
  return {
    key,
    certificate: certificateIn(await postEst(house, 'simplereenroll', request, { credential })),
  }
}

async function enrolWith(house: TestHouse, { serial }: Device, code: string): Promise<Credential> {
  const key = await generateKey('p-256')
  const answer = await postEst(house, 'simpleenroll', await requestBy(key), { user: serial, code })
  return { key, certificate: certificateIn(answer) }
}

/** Of the full list of each authority. */
async function crlNumbers(house: TestHouse): Promise<ReadonlyMap<string, number>> {
  const numbers = new Map<string, number>()
  for (const { name } of house.core.doors.own) {
    const { body, status } = await fetchStatus(house, `/crl/${encodeURIComponent(name)}.crl`)
    assert.equal(status, 200)
    numbers.set(name, Number(readExtension(parseCrl(body).extensions, 'cRLNumber')))
  }
  return numbers
}
