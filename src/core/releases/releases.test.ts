// SPDX-License-Identifier: Apache-2.0
import assert from 'node:assert/strict'
import { after, test } from 'node:test'
import { parseReleaseManifest } from '#format/release/manifest.ts'
import { sha256 } from '#trust/digest.ts'
import { addPump, openTestCore, operator, TestClock } from '../../../test/support/core.ts'
import { attached, newRelease, stored, submitted } from '../../../test/support/releases.ts'
import { newId } from '../ledger/ids.ts'
import { settle } from '../ledger/settle.ts'
import type { Approval, Release } from '../ledger/tables.ts'
import { attachPart, detachPart } from './attach.ts'
import { checkRelease, releaseCheckNames } from './checks.ts'
import { collectArtefacts, sweepArtefacts, unwantedDays } from './collect.ts'
import { createRelease } from './create.ts'
import { editRelease } from './edit.ts'
import { markApproved, markSigned } from './mark.ts'
import { publishRelease } from './publish.ts'
import { storedOf } from './stored.ts'
import { submitRelease } from './submit.ts'
import { withdrawRelease } from './withdraw.ts'

const core = await openTestCore(() => ({}), new TestClock())
after(() => core.close())
const colleague = { kind: 'person', id: 'psn_colleague' } as const
let products = 0
const pump = () => addPump(core, `pump ${products++}`)

async function now(release: Release): Promise<Release> {
  const found = await core.ledger.read('release', release.id)
  return found ?? assert.fail('the release is gone')
}

function reasonOf(answer: { kind: string; reason?: string }): string | undefined {
  return answer.kind === 'refused' ? answer.reason : answer.kind
}

async function approved(release: Release): Promise<Approval> {
  const approval: Approval = {
    ...{ id: newId('approval', core), version: 1, release: release.id, meaning: 'release' },
    ...{ manifestSha256: release.manifestSha256!, person: `psn_${'1'.repeat(32)}` },
    ...{ approverKey: `apk_${'1'.repeat(32)}`, signature: Uint8Array.of(1) },
    ...{ act: 'approve', name: 'Ada', role: 'quality', statement: Uint8Array.of(2) },
    ...{ statementSha256: core.random.bytes(32), standing: `${release.id} Ada` },
    ...{ statedAt: core.clock.now(), takenAt: core.clock.now(), voidedAt: null },
    voidedBecause: null,
  }
  const change = markApproved(release, 1, colleague, core)
  const puts = [...change.puts, { kind: 'approval', record: approval } as const]
  assert.equal(await settle({ ...change, puts }, core.ledger), undefined)
  return approval
}

async function signed(release: Release): Promise<Release> {
  await approved(release)
  const marked = await markSigned(await now(release), 1, colleague, core)
  if (marked.kind === 'refused') assert.fail(marked.detail)
  assert.equal(await settle(marked, core.ledger), undefined)
  return now(release)
}

test('a release goes from draft to published, each step told by an event in its commit', async () => {
  const product = await pump()
  const release = await signed(await submitted(core, product))
  const published = await publishRelease(release, operator, core)
  assert.equal(published.kind === 'changed' && published.release.state, 'published')
  const told = core.events.filter(({ subjects }) => subjects.includes(release.id))
  assert.deepEqual(
    told.map(({ type }) => type),
    [
      ...['release-created', 'release-changed', 'release-submitted', 'release-approved'],
      ...['release-signed', 'release-published'],
    ],
  )
})

test('what is submitted is written down as one text, whose digest is what people approve', async () => {
  const release = await submitted(core, await pump(), { firmwareVersion: '2.0.0' })
  const made = await core.ledger.find('releaseManifest', 'revision', [release.id, 2])
  assert.ok(made)
  assert.deepEqual(sha256(made.text), release.manifestSha256)
  const manifest = parseReleaseManifest(made.text)
  assert.deepEqual(
    [manifest.release, manifest.version, manifest.revision, manifest.artefacts.length],
    [release.id, '2.0.0', 2, 1],
  )
})

for (const act of ['edit', 'attach', 'detach'] as const) {
  test(`an approval is void after ${act}, and the release is a draft again`, async () => {
    const release = await submitted(core, await pump())
    const approval = await approved(release)
    const before = await now(release)
    const [part] = (
      await core.ledger.list('releasePart', { by: 'release', equal: [release.id], limit: 9 })
    ).items
    const acts = {
      edit: () => editRelease(before, { kind: 'security' }, colleague, core),
      attach: async () =>
        attachPart(
          before,
          { role: 'artefact', name: 'radio.bin', sha256: await stored(core, 'radio') },
          colleague,
          core,
        ),
      detach: () => detachPart(before, part!, colleague, core),
    }
    const changed = await acts[act]()
    assert.notEqual(changed.kind, 'refused')
    const after = await now(release)
    assert.deepEqual(
      [after.state, after.revision, after.manifestSha256],
      ['draft', before.revision + 1, null],
    )
    const voided = await core.ledger.read('approval', approval.id)
    assert.ok(voided?.voidedAt && voided.standing === null, 'the approval is void')
    assert.match(voided.voidedBecause ?? '', /changed after revision 2/)
    assert.ok(after.contributors.includes(colleague.id), 'who changed it has a part in it')
    const told = core.events.findLast(({ type }) => type === 'release-changed')
    assert.deepEqual([told?.facts['act'], told?.facts['approvalsVoided']], [act, 1])
  })
}

test('whoever sent the octets has a part in the release, whoever attached them', async () => {
  const release = await newRelease(core, await pump())
  const octets = await stored(core, 'sent by a colleague', colleague)
  const { release: after } = await attached(core, release, {
    ...{ role: 'artefact', name: 'app.bin', sha256: octets },
  })
  assert.deepEqual(after.contributors, [operator.id, colleague.id])
})

test('a signed release never changes: it is withdrawn', async () => {
  const release = await signed(await submitted(core, await pump()))
  const octets = await stored(core, 'late')
  const tries = [
    await editRelease(release, { channel: 'pilot' }, operator, core),
    await attachPart(release, { role: 'artefact', name: 'x', sha256: octets }, operator, core),
    await submitRelease(release, operator, core),
  ]
  assert.deepEqual(tries.map(reasonOf), ['release-final', 'release-final', 'release-state-wrong'])
  const gone = await withdrawRelease(release, 'a pump stops', operator, core)
  assert.equal(gone.kind === 'changed' && gone.release.state, 'withdrawn')
  const again = await withdrawRelease(await now(release), 'again', operator, core)
  assert.equal(reasonOf(again), 'release-state-wrong')
})

test('the security version of a channel never falls, even below what was withdrawn', async () => {
  const product = await pump()
  const terms = { product: product.id, kind: 'security', supportUntil: null } as const
  const high = await signed(await submitted(core, product, { securityVersion: 5 }))
  await withdrawRelease(high, 'not good', operator, core)
  const low = { ...terms, firmwareVersion: '1.0.1', securityVersion: 4, environment: undefined }
  assert.equal(
    reasonOf(await createRelease({ ...low, channel: 'stable' }, operator, core)),
    'security-version-falls',
  )
  assert.equal(
    reasonOf(await createRelease({ ...low, channel: 'pilot' }, operator, core)),
    'changed',
  )
  const same = await newRelease(core, product, { firmwareVersion: '1.0.2', securityVersion: 5 })
  assert.equal(
    reasonOf(await editRelease(same, { securityVersion: 3 }, operator, core)),
    'security-version-falls',
  )
})

test('of two releases that are signed at once, the lower one is refused', async () => {
  const product = await pump()
  const low = await submitted(core, product, { firmwareVersion: '3.0.0', securityVersion: 1 })
  const high = await submitted(core, product, { firmwareVersion: '3.0.1', securityVersion: 2 })
  await approved(low)
  const marked = await markSigned(await now(low), 1, colleague, core)
  await signed(high)
  assert.ok(marked.kind === 'marked')
  const settled = await settle(marked, core.ledger)
  assert.ok(
    settled?.kind === 'refused',
    'what was judged before the other was signed is not written',
  )
  assert.equal(
    reasonOf(await markSigned(await now(low), 1, colleague, core)),
    'security-version-falls',
  )
})

test('a version of a channel is taken once and for all', async () => {
  const product = await pump()
  const first = await newRelease(core, product)
  await withdrawRelease(first, 'wrong build', operator, core)
  const again = await createRelease(
    {
      ...{ product: product.id, firmwareVersion: '1.0.0', securityVersion: 1, kind: 'feature' },
      ...{ channel: 'stable', environment: undefined, supportUntil: null },
    },
    operator,
    core,
  )
  assert.equal(reasonOf(again), 'exists-already')
})

test('nothing of another environment is released here', async () => {
  const product = await pump()
  const asked = await createRelease(
    {
      ...{ product: product.id, firmwareVersion: '1.0.0', securityVersion: 1, kind: 'feature' },
      ...{ channel: 'stable', environment: 'production', supportUntil: null },
    },
    operator,
    core,
  )
  assert.equal(reasonOf(asked), 'environment-wrong')
})

test('a draft without artefact, or whose octets are gone, is not submitted', async () => {
  const empty = await newRelease(core, await pump())
  assert.equal(reasonOf(await submitRelease(empty, operator, core)), 'artefact-missing')
  const digest = await stored(core, 'octets that will go')
  const { release } = await attached(core, empty, {
    ...{ role: 'artefact', name: 'app.bin', sha256: digest },
  })
  await core.artefacts.remove(digest, async () => false)
  assert.equal(reasonOf(await submitRelease(release, operator, core)), 'artefact-missing')
  const never = { role: 'artefact', name: 'b', sha256: new Uint8Array(32) } as const
  assert.equal(reasonOf(await attachPart(release, never, operator, core)), 'artefact-missing')
})

test('only what is signed is published', async () => {
  const release = await submitted(core, await pump())
  assert.equal(reasonOf(await publishRelease(release, operator, core)), 'release-state-wrong')
})

test('two parts of one role and name do not stand beside each other, and a name is free again', async () => {
  const draft = await newRelease(core, await pump())
  const part = { role: 'artefact', name: 'app.bin', sha256: await stored(core, 'one') } as const
  const first = await attached(core, draft, part)
  const other = { ...part, sha256: await stored(core, 'two') }
  assert.equal(reasonOf(await attachPart(first.release, other, operator, core)), 'exists-already')
  const taken = await detachPart(first.release, first.part, operator, core)
  assert.ok(taken.kind === 'changed')
  await attached(core, taken.release, other)
})

test('every check is made, and each says what it found', async () => {
  const release = await submitted(core, await pump())
  const checks = await checkRelease(release, core)
  assert.deepEqual(
    checks.map(({ check }) => check),
    [...releaseCheckNames],
  )
  const good = checks.filter((one) => one.good).map(({ check }) => check)
  assert.deepEqual(good, ['artefacts-here', 'security-version', 'signing-plan'])
  assert.ok(checks.every(({ detail }) => detail !== ''))
})

test('a test whose outcome is bad stands against a release, and an address has to be one', async () => {
  const draft = await newRelease(core, await pump())
  const report = { name: 'HIL 12', uri: 'https://ci.example/12', sha256: new Uint8Array(32) }
  const { release } = await attached(core, draft, { role: 'test', ...report, outcome: 'failed' })
  const found = (await checkRelease(release, core)).find(({ check }) => check === 'tests-passed')
  assert.deepEqual([found?.good, found?.detail], [false, 'HIL 12 failed'])
})

test('octets that nothing needs are removed, and those of a release never', async () => {
  const release = await newRelease(core, await pump())
  const [needed, unneeded] = [await stored(core, 'needed'), await stored(core, 'unneeded')]
  const { part, release: held } = await attached(core, release, {
    ...{ role: 'artefact', name: 'app.bin', sha256: needed },
  })
  await detachPart(held, part, operator, core)
  core.clock.pass({ hours: 24 * (unwantedDays + 1) })
  const late = await stored(core, 'late')
  await collectArtefacts(core, new AbortController().signal)
  await sweepArtefacts(core)
  assert.equal((await storedOf(unneeded, core.ledger))?.state, 'gone')
  const here = await Promise.all([needed, unneeded, late].map((one) => core.artefacts.size(one)))
  assert.deepEqual(here, [6, undefined, 4])
  assert.ok(core.events.some(({ type }) => type === 'artefacts-collected'))
  await stored(core, 'unneeded')
  assert.equal((await storedOf(unneeded, core.ledger))?.state, 'kept', 'they may come again')
})
