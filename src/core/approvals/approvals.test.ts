// SPDX-License-Identifier: Apache-2.0
import assert from 'node:assert/strict'
import { after, before, test } from 'node:test'
import type { ApprovalStatement } from '#format/release/approval-statement.ts'
import { type Approver, addApprover, addPerson, signedBy } from '../../../test/support/approver.ts'
import {
  addPump,
  openTestCore,
  operator,
  reasonOf,
  type TestCore,
} from '../../../test/support/core.ts'
import { submitted } from '../../../test/support/releases.ts'
import { newId } from '../ledger/ids.ts'
import { settle } from '../ledger/settle.ts'
import type { Product, Release } from '../ledger/tables.ts'
import { approvalsOf } from '../releases/approvals-of.ts'
import { editRelease } from '../releases/edit.ts'
import { scanOf } from '../releases/manifest-of.ts'
import { markSigned } from '../releases/mark.ts'
import { submitRelease } from '../releases/submit.ts'
import { withdrawRelease } from '../releases/withdraw.ts'
import { recordScan } from '../scan/record-scan.ts'
import { watchEmergencies } from '../watch/emergencies.ts'
import { checkRow } from './checks.ts'
import { approvedByOne } from './emergency.ts'
import { judgeRelease, maySign } from './judge-release.ts'
import { endKey } from './keys/end-key.ts'
import { changePolicy } from './policy/change-policy.ts'
import { type Demand, type PolicyRules, usualRules } from './policy/rules.ts'
import { refuseDisputed } from './refuse-disputed.ts'
import { takeApproval } from './take-approval.ts'

let core: TestCore
let ada: Approver
let grace: Approver
let kim: Approver
let products = 0

before(async () => {
  core = await openTestCore()
  ada = await addApprover('Ada Lovelace', core, { role: 'quality' })
  grace = await addApprover('Grace Hopper', core, { role: 'security' })
  kim = await addApprover('Kim Novak', core, { role: 'quality' })
})
after(() => core.close())

const two: Demand = {
  checks: {},
  approvals: { people: 2 },
  emergency: { reviewHours: 72, longestHours: 24 },
}

async function productAsking(demand: Demand): Promise<Product> {
  const pump = await addPump(core, `pump ${products++}`)
  await demanding(pump, demand)
  return pump
}

/** The installation is a trial, and so are its releases. */
async function demanding(pump: Product, demand: Demand): Promise<void> {
  const rules: PolicyRules = { ...usualRules, trial: demand }
  const changed = await changePolicy(pump, rules, 'a test', operator, core)
  assert.equal(changed.kind, 'changed')
}

async function releaseAsking(demand: Demand = two): Promise<Release> {
  return submitted(core, await productAsking(demand))
}

async function now({ id }: Release): Promise<Release> {
  return (await core.ledger.read('release', id)) ?? assert.fail('the release is gone')
}

async function statementOf(release: Release) {
  const product = await core.ledger.read('product', release.product)
  return {
    ...{ release: release.id, manifestSha256: release.manifestSha256?.toHex() ?? '' },
    ...{ product: product?.name ?? '', version: release.firmwareVersion },
    environment: release.environment,
  }
}

async function said(
  by: Approver,
  release: Release,
  change: Partial<ApprovalStatement> = {},
  at = core.clock.now(),
) {
  const signed = await signedBy(by, { ...(await statementOf(release)), ...change }, at)
  return takeApproval(release.id, change.act ?? 'approve', signed, core)
}

async function agreed(by: Approver, release: Release, change: Partial<ApprovalStatement> = {}) {
  const taken = await said(by, release, change)
  return taken.kind === 'taken' ? taken : assert.fail(taken.detail)
}

test('two people agree, and the release is approved in the commit of the second', async () => {
  const release = await releaseAsking()
  const first = await agreed(ada, release)
  assert.deepEqual(
    [first.judgement.verdict, first.judgement.missing, (await now(release)).state],
    ['waiting', ['one more person'], 'submitted'],
  )
  const second = await agreed(grace, release)
  assert.deepEqual(
    [second.judgement.verdict, second.judgement.release.state, (await now(release)).state],
    ['approved', 'approved', 'approved'],
  )
  assert.ok(maySign(await judgeRelease(await now(release), core)))
  const { approval } = second
  assert.deepEqual(
    [approval.name, approval.role, approval.meaning],
    ['Grace Hopper', 'security', 'reviewed and approved for release'],
  )
  const told = core.events.filter(({ subjects }) => subjects[0] === release.id)
  assert.deepEqual(told.map(({ type }) => type).slice(-3), [
    'release-approval-given',
    'release-approval-given',
    'release-approved',
  ])
  assert.equal(told.at(-1)?.facts['approvals'], 2)
})

test('two people who sign at the same moment are both counted', async () => {
  const release = await releaseAsking()
  const taken = await Promise.all([said(ada, release), said(grace, release)])
  assert.deepEqual(
    taken.map(({ kind }) => kind),
    ['taken', 'taken'],
  )
  assert.equal((await now(release)).state, 'approved')
})

for (const [what, refusal, change] of [
  ['another manifest', 'approval-of-another-manifest', { manifestSha256: '07'.repeat(32) }],
  ['another release', 'approval-of-another-release', { release: `rel_${'0'.repeat(32)}` }],
  ['another version', 'approval-statement-wrong', { version: '9.9.9' }],
  ['another environment', 'approval-statement-wrong', { environment: 'production' }],
  [
    'somebody else',
    'approver-not-this-person',
    { person: { id: `psn_${'0'.repeat(32)}`, name: 'Ada Lovelace', role: 'quality' } },
  ],
  ['a key that is not known', 'approver-key-not-active', { key: '07'.repeat(32) }],
  ['tomorrow', 'approval-time-implausible', { statedAt: '2126-01-01T00:00:00Z' }],
  [
    'a time before it was submitted',
    'approval-time-implausible',
    { statedAt: '2026-05-01T11:00:00Z' },
  ],
] as const) {
  test(`an approval for ${what} is refused, and nothing is booked`, async () => {
    const release = await releaseAsking()
    core.clock.pass({ minutes: 30 })
    const before = core.events.length
    assert.equal(reasonOf(await said(ada, release, change)), refusal)
    assert.equal(core.events.length, before)
    assert.equal((await judgeRelease(await now(release), core)).approvals.length, 0)
  })
}

test('a statement counts once for ever, also when it is shown for a release that came back', async () => {
  const release = await releaseAsking()
  const signed = await signedBy(ada, await statementOf(release), core.clock.now())
  const take = (id = release.id) => takeApproval(id, 'approve', signed, core)
  assert.equal((await take()).kind, 'taken')
  assert.equal(reasonOf(await take()), 'approval-replayed')
  const other = await submitted(core, (await core.ledger.read('product', release.product))!, {
    firmwareVersion: '1.0.1',
  })
  assert.equal(reasonOf(await take(other.id)), 'approval-of-another-release')
  // A change voids it, and the text that comes after has another digest.
  const changed = await editRelease(await now(release), { kind: 'security' }, operator, core)
  assert.equal(changed.kind, 'changed')
  assert.equal(reasonOf(await take()), 'release-state-wrong')
  const again = await submitRelease(await now(release), operator, core)
  assert.equal(again.kind, 'changed')
  assert.equal(reasonOf(await take()), 'approval-of-another-manifest')
})

test('a signature that somebody else made, or of another statement, is refused', async () => {
  const release = await releaseAsking()
  const of = async (by: Approver) => signedBy(by, await statementOf(release), core.clock.now())
  const [one, other] = [await of(ada), await of(grace)]
  const forged = { statement: one.statement, signature: other.signature }
  assert.equal(
    reasonOf(await takeApproval(release.id, 'approve', forged, core)),
    'approval-signature-wrong',
  )
  const noise = { statement: Uint8Array.of(0x7b), signature: one.signature }
  assert.equal(
    reasonOf(await takeApproval(release.id, 'approve', noise, core)),
    'approval-statement-wrong',
  )
  // What was signed as a yes is no no.
  assert.equal(
    reasonOf(await takeApproval(release.id, 'refuse', one, core)),
    'approval-statement-wrong',
  )
})

test('whoever made, uploaded or submitted some of it approves none of it', async () => {
  const pump = await productAsking(two)
  const release = await submitted(core, pump)
  const uploader = await addApprover('Uma', core)
  const submitter = await addApprover('Sam', core)
  const withHands = { ...release, version: release.version + 1 }
  const contributors = [...release.contributors, uploader.person.id]
  await core.ledger.commit({
    puts: [{ kind: 'release', record: { ...withHands, contributors } }],
    events: [],
  })
  assert.equal(reasonOf(await said(uploader, await now(release))), 'approver-excluded')
  const edited = await editRelease(await now(release), { kind: 'security' }, operator, core)
  assert.equal(edited.kind, 'changed')
  const actor = { kind: 'person', id: submitter.person.id } as const
  assert.equal((await submitRelease(await now(release), actor, core)).kind, 'changed')
  assert.equal(reasonOf(await said(submitter, await now(release))), 'approver-excluded')
})

test('a person counts once, under two keys, two accounts or another spelling of the name', async () => {
  const release = await releaseAsking()
  const second = await addApprover('Ada second key', core, {
    ...{ person: ada.person, name: 'Ada Lovelace' },
  })
  const alias = await addApprover('ada.l', core, { name: 'ada   LOVELACE' })
  await agreed(ada, release)
  for (const same of [ada, second, alias])
    assert.equal(reasonOf(await said(same, release, { meaning: 'again' })), 'approver-counted')
  assert.equal((await now(release)).state, 'submitted')
})

test('a key that ended after an approval takes it along, and the release waits again', async () => {
  const release = await releaseAsking()
  const eve = await addApprover('Eve Online', core)
  await agreed(ada, release)
  await agreed(eve, release)
  assert.equal((await now(release)).state, 'approved')
  const actor = { kind: 'person', id: 'psn_admin' } as const
  assert.equal((await endKey(eve.key, 'the laptop was stolen', actor, core)).kind, 'changed')
  const judged = await judgeRelease(await now(release), core)
  assert.deepEqual(
    [judged.release.state, judged.verdict, judged.missing],
    ['submitted', 'waiting', ['one more person']],
  )
  assert.match(judged.approvals[1]?.because ?? '', /void: the key ended/)
  assert.ok(core.events.some(({ type }) => type === 'release-approval-voided'))
  assert.equal(reasonOf(await said(eve, release)), 'approver-key-not-active')
  // With a new key the same person may sign the same manifest.
  const renewed = await addApprover('Eve again', core, { person: eve.person, name: 'Eve Online' })
  await agreed(renewed, release)
  assert.equal((await now(release)).state, 'approved')
})

test('a release that changed after an approval has none, and is judged as a draft', async () => {
  const release = await releaseAsking()
  await agreed(ada, release)
  await agreed(grace, release)
  await editRelease(await now(release), { securityVersion: 2 }, operator, core)
  const draft = await judgeRelease(await now(release), core)
  assert.deepEqual([draft.verdict, maySign(draft)], ['not-submitted', false])
  await submitRelease(await now(release), operator, core)
  const judged = await judgeRelease(await now(release), core)
  assert.deepEqual([judged.verdict, judged.missing], ['waiting', ['2 more people']])
  assert.ok(judged.approvals.every(({ because }) => because?.startsWith('void: ')))
})

test('the newest policy judges what was approved under one before it', async () => {
  const pump = await productAsking(two)
  const release = await submitted(core, pump)
  await agreed(ada, release)
  await agreed(grace, release)
  await demanding(pump, { ...two, approvals: { people: 3 } })
  const judged = await judgeRelease(await now(release), core)
  assert.deepEqual(
    [judged.release.state, judged.verdict, maySign(judged)],
    ['approved', 'waiting', false],
  )
  await agreed(kim, release)
  assert.ok(maySign(await judgeRelease(await now(release), core)))
})

test('roles that a policy asks have to be among those who agree', async () => {
  const quality = { people: 2, roles: [{ role: 'quality', people: 2 }] }
  const release = await releaseAsking({ ...two, approvals: quality })
  await agreed(ada, release)
  const half = await agreed(grace, release)
  assert.deepEqual(
    [half.judgement.verdict, half.judgement.missing],
    ['waiting', ['1 of role quality']],
  )
  assert.equal((await agreed(kim, release)).judgement.verdict, 'approved')
})

test('a person who leaves, or becomes auditor, counts no more', async () => {
  const release = await releaseAsking()
  const leaver = await addApprover('Lee', core)
  await agreed(leaver, release)
  await agreed(ada, release)
  const { person } = leaver
  for (const [version, columns] of [
    [2, { role: 'auditor' }],
    [3, { role: 'operator', state: 'removed' }],
  ] as const) {
    const record = { ...person, ...columns, version }
    await core.ledger.commit({ puts: [{ kind: 'person', record }], events: [] })
    const judged = await judgeRelease(await now(release), core)
    assert.deepEqual([judged.verdict, maySign(judged)], ['waiting', false])
  }
  assert.equal(reasonOf(await said(leaver, release)), 'approver-key-not-active')
})

test('a key that the watch found weak signs nothing', async () => {
  const release = await releaseAsking()
  const weak = await addApprover('Wim', core)
  const key = (await core.ledger.read('key', weak.key.key))!
  const record = { ...key, version: key.version + 1, state: 'weak' } as const
  await core.ledger.commit({ puts: [{ kind: 'key', record }], events: [] })
  assert.equal(reasonOf(await said(weak, release)), 'approver-key-not-active')
})

test('one refusal, signed with its reason, stands against all approvals until the release changes', async () => {
  const release = await releaseAsking()
  await agreed(ada, release)
  await agreed(grace, release)
  const refused = await agreed(kim, release, { act: 'refuse', meaning: 'the alarm is silent' })
  assert.deepEqual(
    [refused.judgement.verdict, (await now(release)).state],
    ['refused', 'submitted'],
  )
  const more = await addApprover('Max', core)
  assert.equal((await agreed(more, release)).judgement.verdict, 'refused')
  await editRelease(await now(release), { securityVersion: 3 }, operator, core)
  await submitRelease(await now(release), operator, core)
  assert.equal((await judgeRelease(await now(release), core)).verdict, 'waiting')
})

test('checks that a policy asks are judged when people sign, and again when it is signed', async () => {
  const checks = { scan: { atMostDays: 7, here: false }, supportUntil: true }
  const release = await releaseAsking({ ...two, checks })
  await agreed(ada, release)
  const { judgement } = await agreed(grace, release)
  assert.equal(judgement.verdict, 'checks-failed')
  const failed = judgement.checks.filter(({ asked, passed }) => asked && !passed)
  assert.deepEqual(
    failed.map(({ check }) => check),
    ['scan-clean', 'support-end-given'],
  )
  assert.equal((await now(release)).state, 'submitted')
  assert.match(failed[0]?.detail ?? '', /app\.bin was not scanned/)
})

test('a scan has to be clean, of these octets, lately, and nothing that was found here is covered up', async () => {
  const scan = { atMostDays: 7, here: false }
  const release = await releaseAsking({ ...two, approvals: { people: 1 }, checks: { scan } })
  const { items } = await core.ledger.list('releasePart', {
    ...{ by: 'release', equal: [release.id], limit: 1 },
  })
  const scanned = async (change: Partial<Parameters<typeof recordScan>[0]> = {}) => {
    const at = core.clock.now()
    const recorded = await recordScan(
      {
        ...{ name: 'app.bin', sha256: items[0]!.sha256, octets: 7, product: null, rules: '1' },
        ...{ result: 'clean', found: 0, accepted: 0, notScanned: 0, findings: [] },
        madeHere: null,
        ...{ startedAt: at, endedAt: at, ...change },
      },
      operator,
      core,
    )
    assert.notEqual(recorded.kind, 'refused')
    const judged = await judgeRelease(await now(release), core)
    return judged.checks.find(({ check }) => check === 'scan-clean')
  }
  const before = core.clock.now()
  assert.equal((await scanned({ result: 'found', found: 2 }))?.passed, false)
  assert.equal((await scanned({ result: 'part', notScanned: 1 }))?.passed, false)
  assert.equal((await scanned())?.passed, true)
  core.clock.pass({ hours: 24 * 8 })
  const old = await judgeRelease(await now(release), core)
  const stale = old.checks.find(({ check }) => check === 'scan-clean')
  assert.match(stale?.detail ?? '', /over 7 days ago/)
  assert.ok(Temporal.Instant.compare(before, core.clock.now()) < 0)
  // Found here: whatever is noted from elsewhere afterwards does not take it back.
  assert.equal((await scanned({ result: 'found', found: 1, madeHere: true }))?.passed, false)
  assert.equal((await scanned())?.passed, false)
  const noted = items[0]!.sha256
  const [clean = assert.fail()] = (await core.ledger.list('scan', { ...newest, equal: [noted] }))
    .items
  const puts = Array.from({ length: 100 }, () => {
    return { kind: 'scan', record: { ...clean, id: newId('scan', core) } } as const
  })
  await core.ledger.commit({ puts, events: [] })
  assert.equal((await scanned())?.passed, false, 'however often that is')
  assert.equal((await scanOf(noted, core.ledger))?.madeHere, true)
  assert.equal((await scanned({ madeHere: true }))?.passed, true)
})

test('a refusal counts, however much was said before it', async () => {
  const release = await releaseAsking()
  await agreed(ada, release)
  const [said = assert.fail()] = await approvalsOf(release.id, core.ledger)
  const puts = Array.from({ length: 1_000 }, (_, at) => {
    const statementSha256 = new Uint8Array(32).fill(at >> 8, 0, 16).fill(at, 16)
    const isVoid = { standing: null, voidedAt: core.clock.now(), voidedBecause: 'a test' }
    const record = { ...said, ...isVoid, id: newId('approval', core), version: 1, statementSha256 }
    return { kind: 'approval', record } as const
  })
  await core.ledger.commit({ puts, events: [] })
  await agreed(grace, release, { act: 'refuse', meaning: 'it is worse' })
  assert.equal((await judgeRelease(await now(release), core)).verdict, 'refused')
})

const newest = { by: 'sha256', descending: true, limit: 1 } as const

const emergency = {
  ...{ incident: 'CAPA 12', because: 'pumps stop in the field' },
  until: '2026-05-02T00:00:00Z',
}

/** In hours from now, as a statement says it. */
function until(hours: number) {
  const end = core.clock.now().add({ hours }).toString({ smallestUnit: 'second' })
  return { emergency: { ...emergency, until: end } }
}

test('in an emergency one approval does, as an exception, until others have reviewed it', async () => {
  const release = await releaseAsking()
  const { judgement } = await agreed(ada, release, until(12))
  assert.deepEqual(
    [judgement.verdict, judgement.missing, (await now(release)).state],
    ['emergency', ['one more person'], 'approved'],
  )
  assert.ok(maySign(await judgeRelease(await now(release), core)))
  const { items } = await core.ledger.list('exception', {
    ...{ by: 'subject', equal: [release.id], limit: 10 },
  })
  assert.deepEqual(
    items.map(({ rule, grantedBy, reason }) => [rule, grantedBy, reason]),
    [[approvedByOne, ada.person.id, 'CAPA 12: pumps stop in the field']],
  )
  // Who declared it does not review it.
  assert.equal(reasonOf(await said(ada, release, { act: 'review' })), 'approver-counted')
  const reviewed = await agreed(grace, release, { act: 'review', meaning: 'reviewed afterwards' })
  assert.deepEqual([reviewed.judgement.verdict, reviewed.judgement.missing], ['approved', []])
  const { items: all } = await core.ledger.list('emergency', {
    ...{ by: 'release', equal: [release.id], limit: 10 },
  })
  assert.equal(all[0]?.state, 'confirmed')
  assert.ok(core.events.some(({ type }) => type === 'emergency-release-declared'))
  assert.ok(core.events.some(({ type }) => type === 'emergency-release-reviewed'))
  assert.equal(reasonOf(await said(kim, release, { act: 'review' })), 'release-state-wrong')
})

test('an emergency is over at its time: then one approval does no more', async () => {
  const release = await releaseAsking()
  await agreed(ada, release, until(2))
  core.clock.pass({ hours: 3 })
  const judged = await judgeRelease(await now(release), core)
  assert.deepEqual([judged.verdict, maySign(judged)], ['waiting', false])
  await agreed(grace, release)
  assert.ok(maySign(await judgeRelease(await now(release), core)))
})

test('an emergency lowers no check, and is only where a policy opens the way', async () => {
  const closed = await releaseAsking({ checks: {}, approvals: { people: 2 } })
  assert.equal(reasonOf(await said(ada, closed, until(1))), 'emergency-not-allowed')
  const checked = await releaseAsking({ ...two, checks: { tests: true } })
  const { judgement } = await agreed(ada, checked, until(1))
  assert.deepEqual([judgement.verdict, (await now(checked)).state], ['checks-failed', 'submitted'])
  const open = await releaseAsking()
  assert.equal(reasonOf(await said(ada, open, until(25))), 'emergency-not-allowed')
  assert.equal(reasonOf(await said(ada, open, until(-1))), 'emergency-not-allowed')
  assert.equal(
    reasonOf(await said(ada, open, { act: 'refuse', ...until(1) })),
    'approval-statement-wrong',
  )
  await agreed(ada, open, until(1))
  assert.equal(reasonOf(await said(grace, open, until(1))), 'decided-already')
})

test('who does not agree afterwards ends the emergency as disputed, and it is signed no more', async () => {
  const release = await releaseAsking()
  await agreed(ada, release, until(12))
  const { judgement } = await agreed(grace, release, { act: 'refuse', meaning: 'it is worse' })
  assert.equal(judgement.verdict, 'refused')
  const { items } = await core.ledger.list('emergency', {
    ...{ by: 'release', equal: [release.id], limit: 10 },
  })
  assert.deepEqual([items[0]?.state, (await now(release)).state], ['disputed', 'submitted'])
})

test('a release that nobody has put forward, or that is over, takes no approval', async () => {
  const release = await releaseAsking()
  const draft = await editRelease(await now(release), { securityVersion: 5 }, operator, core)
  if (draft.kind === 'refused') return assert.fail(draft.detail)
  const statement = { ...(await statementOf(draft.release)), manifestSha256: '01'.repeat(32) }
  const signed = await signedBy(ada, statement, core.clock.now())
  const taken = await takeApproval(release.id, 'approve', signed, core)
  assert.equal(reasonOf(taken), 'release-state-wrong')
  const gone = await takeApproval(newId('release', core), 'approve', signed, core)
  assert.equal(reasonOf(gone), 'not-found')
})

test('what was signed is held against what was signed before it, and not against itself', async () => {
  const demand: Demand = { checks: { securityVersionRises: true }, approvals: { people: 1 } }
  const release = await releaseAsking(demand)
  await editRelease(await now(release), { kind: 'security' }, operator, core)
  await submitRelease(await now(release), operator, core)
  await agreed(ada, await now(release))
  const marked = await markSigned(await now(release), 1, operator, core)
  assert.ok(marked.kind === 'marked')
  assert.equal(await settle(marked, core.ledger), undefined)
  const judged = await judgeRelease(await now(release), core)
  const rises = judged.checks.find(({ check }) => check === 'security-version-rises')
  assert.equal(rises?.passed, true, rises?.detail ?? '')
})

test('who sits at the server is nobody: what such made has no known origin', async () => {
  const checks = { originKnown: true }
  const release = await releaseAsking({ ...two, checks })
  const judged = await judgeRelease(release, core)
  const origin = judged.checks.find(({ check }) => check === 'origin-known')
  assert.deepEqual([origin?.asked, origin?.passed], [true, false])
  assert.match(origin?.detail ?? '', /psn_test, who proved to be nobody, had a hand in it/)
  assert.match(checkRow('origin-known').remedy, /begin anew, signed in on the page, as a machine/)
  const local = { ...release, contributors: ['local'], createdBy: 'local' }
  const sat = (await judgeRelease(local, core)).checks.find(({ check }) => check === 'origin-known')
  assert.match(sat?.detail ?? '', /^somebody at the server itself \(local\)/)
  const person = await addPerson('Pat', core)
  const known = { ...release, contributors: [person.id], createdBy: person.id }
  const facts = await judgeRelease(known, core)
  // The part was added by somebody who is not known either.
  assert.equal(facts.checks.find(({ check }) => check === 'origin-known')?.passed, false)
})

for (const [what, kind] of [
  ['a person who signed in', 'person'],
  ['a machine of its own', 'machine'],
  ['a job of a build', 'grant'],
] as const)
  test(`what ${what} made has a known origin`, async () => {
    const pump = await productAsking({ ...two, checks: { originKnown: true } })
    const maker = { kind: kind === 'person' ? kind : 'machine', id: newId(kind, core) } as const
    const release = await submitted(core, pump, {}, maker)
    const { checks } = await judgeRelease(release, core)
    const { passed, detail } = checks.find(({ check }) => check === 'origin-known') ?? {}
    assert.equal(passed, true, detail ?? 'it was not looked at')
  })

async function signedAs(release: Release): Promise<Release> {
  const marked = await markSigned(await now(release), 1, operator, core)
  if (marked.kind === 'refused') return assert.fail(marked.detail)
  assert.equal(await settle(marked, core.ledger), undefined)
  return now(release)
}

async function emergencyOf({ id }: Release) {
  const { items } = await core.ledger.list('emergency', {
    ...{ by: 'release', equal: [id], limit: 10 },
  })
  return items[0]
}

test('what was signed in an emergency and withdrawn waits for its review all the same', async () => {
  const release = await releaseAsking()
  await agreed(ada, release, until(12))
  const withdrawn = await withdrawRelease(await signedAs(release), 'done', operator, core)
  assert.equal(withdrawn.kind, 'changed')
  await watchEmergencies(core)
  assert.equal((await emergencyOf(release))?.state, 'open')
  await agreed(grace, release, { act: 'review' })
  assert.equal((await emergencyOf(release))?.state, 'confirmed')
  const unsigned = await releaseAsking()
  await agreed(ada, unsigned, until(12))
  await withdrawRelease(await now(unsigned), 'a better way was found', operator, core)
  await watchEmergencies(core)
  assert.equal((await emergencyOf(unsigned))?.state, 'lapsed')
})

test('what was signed in an emergency is not published once a reviewer does not agree', async () => {
  const release = await releaseAsking()
  await agreed(ada, release, until(12))
  assert.equal(refuseDisputed(await judgeRelease(await signedAs(release), core)), undefined)
  await agreed(grace, release, { act: 'refuse', meaning: 'it is worse' })
  const disputed = await judgeRelease(await now(release), core)
  assert.equal(refuseDisputed(disputed)?.reason, 'release-not-approved')
  assert.equal((await emergencyOf(release))?.state, 'disputed')
})

test('whose emergency was not reviewed in time declares no other for that product', async () => {
  const pump = await productAsking(two)
  const first = await submitted(core, pump)
  await agreed(ada, first, until(12))
  await signedAs(first)
  const second = await submitted(core, pump, { firmwareVersion: '1.0.1' })
  await agreed(ada, second, until(12))
  core.clock.pass({ hours: 73 })
  const third = await submitted(core, pump, { firmwareVersion: '1.0.2' })
  assert.equal(reasonOf(await said(ada, third, until(12))), 'emergency-not-allowed')
  // Of another product nothing is due.
  await agreed(ada, await releaseAsking(), until(12))
  for (const one of [first, second]) await agreed(grace, one, { act: 'review' })
  await agreed(ada, third, until(12))
})

for (const state of ['compromised', 'weak'] as const)
  test(`an approval counts no more once its key is found to be ${state}`, async () => {
    const release = await releaseAsking()
    const tim = await addApprover(`Tim ${state}`, core)
    await agreed(tim, release)
    await agreed(grace, release)
    assert.ok(maySign(await judgeRelease(await now(release), core)))
    const key = (await core.ledger.read('key', tim.key.key)) ?? assert.fail('no key')
    const found = { ...key, version: key.version + 1, state }
    await settle({ puts: [{ kind: 'key', record: found }], events: [] }, core.ledger)
    const judged = await judgeRelease(await now(release), core)
    assert.deepEqual([judged.missing, maySign(judged)], [['one more person'], false])
  })
