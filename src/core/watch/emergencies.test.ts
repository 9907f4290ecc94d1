// SPDX-License-Identifier: Apache-2.0
import assert from 'node:assert/strict'
import { after, before, test } from 'node:test'
import { type Approver, addApprover, signedBy } from '../../../test/support/approver.ts'
import { addPump, openTestCore, operator, type TestCore } from '../../../test/support/core.ts'
import { submitted } from '../../../test/support/releases.ts'
import { changePolicy } from '../approvals/policy/change-policy.ts'
import { usualRules } from '../approvals/policy/rules.ts'
import { takeApproval } from '../approvals/take-approval.ts'
import type { Emergency, Product, Release } from '../ledger/tables.ts'
import { editRelease } from '../releases/edit.ts'
import { withdrawRelease } from '../releases/withdraw.ts'
import { openAlarm } from './alarm.ts'
import { watchEmergencies } from './emergencies.ts'

let core: TestCore
let pump: Product
let ada: Approver
let grace: Approver
let versions = 0

before(async () => {
  core = await openTestCore()
  pump = await addPump(core)
  const trial = {
    checks: {},
    approvals: { people: 2 },
    emergency: { reviewHours: 4, longestHours: 24 },
  }
  await changePolicy(pump, { ...usualRules, trial }, 'a test', operator, core)
  ada = await addApprover('Ada', core)
  grace = await addApprover('Grace', core)
})
after(() => core.close())

async function now({ id }: Release): Promise<Release> {
  return (await core.ledger.read('release', id)) ?? assert.fail('the release is gone')
}

/** A release that one person approved alone. */
async function declared(): Promise<{ release: Release; emergency: Emergency }> {
  const release = await submitted(core, pump, { firmwareVersion: `1.0.${versions++}` })
  const until = core.clock.now().add({ hours: 2 }).toString({ smallestUnit: 'second' })
  const emergency = { incident: 'CAPA 12', because: 'pumps stop', until }
  const signed = await signedBy(ada, { ...subject(release), emergency }, core.clock.now())
  const taken = await takeApproval(release.id, 'approve', signed, core)
  const begun = taken.kind === 'taken' ? taken.judgement.emergency : assert.fail(taken.detail)
  return { release, emergency: begun ?? assert.fail('no emergency') }
}

function subject(release: Release) {
  return {
    ...{ release: release.id, manifestSha256: release.manifestSha256?.toHex() ?? '' },
    ...{ product: pump.name, version: release.firmwareVersion },
    environment: release.environment,
  }
}

async function look({ id }: Emergency) {
  await watchEmergencies(core)
  await watchEmergencies(core)
  const alarm = await openAlarm('emergency-release', id, core.ledger)
  return { alarm, state: (await core.ledger.read('emergency', id))?.state }
}

test('an emergency is an alarm until it is reviewed, and says when that is late', async () => {
  const { release, emergency } = await declared()
  const fresh = await look(emergency)
  assert.deepEqual([fresh.alarm?.severity, fresh.alarm?.facts['late']], ['critical', false])
  core.clock.pass({ hours: 5 })
  assert.match((await look(emergency)).alarm?.text ?? '', /should have been reviewed by/)
  await withdrawRelease(await now(release), 'it was not needed', operator, core)
  assert.equal((await look(emergency)).state, 'lapsed')
})

test('an emergency of a release that was changed lapses, and its alarm is over', async () => {
  const { release, emergency } = await declared()
  assert.ok((await look(emergency)).alarm)
  await editRelease(await now(release), { kind: 'security' }, operator, core)
  assert.deepEqual(await look(emergency), { alarm: undefined, state: 'lapsed' })
})

test('a release that is withdrawn before it was signed needs no review', async () => {
  const { release, emergency } = await declared()
  await withdrawRelease(await now(release), 'it was not needed', operator, core)
  assert.deepEqual(await look(emergency), { alarm: undefined, state: 'lapsed' })
})

test('an emergency that a reviewer disputes stays an alarm while the release is out', async () => {
  const { release, emergency } = await declared()
  const record = { ...(await now(release)), state: 'published' } as const
  await core.ledger.commit({
    puts: [{ kind: 'release', record: { ...record, version: record.version + 1 } }],
    events: [],
  })
  const no = { ...subject(release), act: 'refuse', meaning: 'it is worse' } as const
  const signed = await signedBy(grace, no, core.clock.now())
  assert.equal((await takeApproval(release.id, 'refuse', signed, core)).kind, 'taken')
  const { alarm, state } = await look(emergency)
  assert.equal(state, 'disputed')
  assert.match(alarm?.text ?? '', /a reviewer does not agree/)
  assert.equal((await now(release)).state, 'published')
})
