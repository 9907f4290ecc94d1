// SPDX-License-Identifier: Apache-2.0
import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { Actor } from '#core/audit/event.ts'
import { parseCrl } from '#format/x509/crl.ts'
import { generateKey } from '#trust/private-key.ts'
import { addPerson } from '../../../../test/support/approver.ts'
import {
  addPump,
  ask,
  certificateOf,
  deviceOf,
  type Enrolled,
  enrolDevice,
  force,
  Interrupted,
  issuedOf,
  multiply,
  operator,
  reasonOf,
  type TestCore,
  withCore,
} from '../../../../test/support/core.ts'
import { renewalBy } from '../../../../test/support/house.ts'
import { whoami } from '../../enrolment/whoami.ts'
import { newId } from '../../ledger/ids.ts'
import type { Enforcement } from '../../ledger/tables.ts'
import { fullCrl } from '../publish.ts'
import { quarantine, release } from '../quarantine.ts'
import { aloneUpTo } from './alone.ts'
import { type ActPorts, askAct, type Wish } from './ask.ts'
import { askAuthorityEnd } from './authority-end.ts'
import { carryOut, carryOutAll } from './carry-out.ts'
import { type Chosen, choices, isChosen, readChosen } from './chosen.ts'
import { approvalsMissing, approveAct, refuseAct, withdrawAct } from './decide-act.ts'
import { changeLimit } from './limit-change.ts'
import { previewAct } from './preview.ts'

const grace = 'psn_grace'

/** As it would be in production, where large acts need two. */
function real(core: TestCore): ActPorts {
  return { ...core, environment: 'production' }
}

async function enrolLot(core: TestCore, count: number, lot = 'L7'): Promise<readonly Enrolled[]> {
  const pump = (await core.ledger.find('product', 'name', ['pump'])) ?? (await addPump(core))
  const all: Enrolled[] = []
  for (let unit = 0; unit < count; unit++) {
    const enrolled = await enrolDevice(core, pump, `${lot}-${unit}`)
    await setLot(core, enrolled, lot)
    all.push(enrolled)
  }
  return all
}

/** The lot comes with the certificate; devices of a test have none when they are expected. */
async function setLot(core: TestCore, enrolled: Enrolled, lot: string): Promise<void> {
  await force(core, await deviceOf(core, enrolled), { lot })
  const record = await certificateOf(core, enrolled.id)
  const put = { ...record, version: record.version + 1, lot }
  await core.ledger.commit({ puts: [{ kind: 'certificate', record: put }], events: [] })
}

const wish = (act: Wish['act'], chosen: Chosen, more: Partial<Wish> = {}): Wish => ({
  ...{ act, chosen, reason: act === 'end' ? 'superseded' : 'certificateHold', because: 'a test' },
  ...more,
})

async function asked(core: TestCore, what: Wish, ports: ActPorts = core, by: Actor = operator) {
  const answer = await askAct(what, by, ports)
  return answer.kind === 'asked' ? answer.record : assert.fail(JSON.stringify(answer))
}

async function done(core: TestCore, what: Wish, ports: ActPorts = core) {
  const record = await asked(core, what, ports)
  return (await carryOut(record.id, ports)) ?? assert.fail('no act')
}

async function statesOf(core: TestCore, all: readonly Enrolled[]): Promise<readonly string[]> {
  return Promise.all(all.map(async ({ id }) => (await certificateOf(core, id)).state))
}

async function listed(core: TestCore): Promise<number> {
  const crl = (await core.shelf.read('issuing-1', fullCrl)) ?? assert.fail('no list')
  return parseCrl(crl.der).revokedCount
}

const typesOf = (core: TestCore) =>
  core.events.map(({ type }) => type).filter((type) => type.startsWith('revocation-'))

test('a lot is ended, and nothing else', async () => {
  await withCore(async (core) => {
    const lot = await enrolLot(core, 3)
    const others = await enrolLot(core, 1, 'L8')
    const record = await done(core, wish('end', { lot: 'L7' }))
    assert.deepEqual(
      [record.state, record.total, record.done, record.owners],
      ['effective', 3, 3, 3],
    )
    assert.deepEqual(await statesOf(core, [...lot, ...others]), [
      ...['revoked', 'revoked', 'revoked'],
      'issued',
    ])
    assert.equal((await certificateOf(core, lot[0]!.id)).revocation, record.id)
    assert.equal(await listed(core), 3)
    assert.deepEqual(typesOf(core), ['revocation-requested', 'revocation-effective'])
  })
})

test('each choice means what it says', async () => {
  await withCore(async (core) => {
    const [one, other] = await enrolLot(core, 2)
    if (one === undefined || other === undefined) assert.fail()
    const record = await certificateOf(core, one.id)
    const meant = async (chosen: Chosen) => {
      const found = await previewAct({ act: 'end', chosen }, () => false, core)
      return found.kind === 'preview' ? found.certificates : found.reason
    }
    const soon = record.notAfter.add({ hours: 1 }).toString()
    const issuing = record.authority
    for (const [chosen, expected] of [
      [{ certificate: one.id }, 1],
      [{ key: record.key }, 1],
      [{ device: one.device.id }, 1],
      [{ owner: one.device.id }, 1],
      [{ lot: 'L7' }, 2],
      [{ lot: 'L7', serialPrefix: 'L7-1' }, 1],
      [{ product: record.product ?? '' }, 2],
      [{ authority: issuing, kind: 'working' }, 2],
      [{ serialPrefix: 'L7' }, 2],
      [{ profile: 'ldevid', lot: 'L7' }, 2],
      [{ algorithm: 'p-256', kind: 'working' }, 2],
      [{ expiringBefore: soon, kind: 'working' }, 2],
      [{ expiringAfter: soon, lot: 'L7' }, 0],
      [{ kind: 'working', lot: 'L9' }, 0],
      [{}, 'input-wrong'],
      [{ device: 'dev_0' }, 'not-found'],
      [{ certificate: 'crt_0' }, 'not-found'],
      [{ kind: 'issuing' }, 'not-permitted'],
    ] as const)
      assert.deepEqual(await meant(chosen), expected, JSON.stringify(chosen))
    const said = Object.fromEntries(choices.map((choice) => [choice, 'x']))
    assert.deepEqual(readChosen({ ...said, because: 'y' }), said)
    assert.equal(isChosen(record, { product: 'prd_other' }), false)
  })
})

test('what is ended already is no error, and what is held can be ended for good', async () => {
  await withCore(async (core) => {
    const lot = await enrolLot(core, 2)
    await done(core, wish('end', { certificate: lot[0]!.id }))
    const held = await done(core, wish('hold', { lot: 'L7' }))
    assert.deepEqual([held.total, await statesOf(core, lot)], [1, ['revoked', 'held']])
    await done(core, wish('end', { lot: 'L7' }))
    assert.deepEqual(await statesOf(core, lot), ['revoked', 'revoked'])
    const told = core.events.length
    assert.deepEqual(await askAct(wish('end', { lot: 'L7' }), operator, core), {
      ...{ kind: 'unchanged', already: 2 },
    })
    assert.equal(core.events.length, told)
    assert.equal(reasonOf(await askAct(wish('end', { lot: 'L9' }), operator, core)), 'not-found')
  })
})

test('a hold is given back whole, and a release says so of the hold', async () => {
  await withCore(async (core) => {
    const lot = await enrolLot(core, 2)
    const hold = await done(core, wish('hold', { lot: 'L7' }))
    assert.equal(await listed(core), 2)
    const release = await done(core, wish('release', { revocation: hold.id }))
    assert.equal(release.done, 2)
    assert.deepEqual(await statesOf(core, lot), ['issued', 'issued'])
    assert.equal(await listed(core), 0)
    const over = await core.ledger.read('revocation', hold.id)
    assert.deepEqual([over?.state, over?.releasedBy], ['released', operator.id])
    assert.ok(typesOf(core).includes('revocation-released'))
    assert.equal((await certificateOf(core, lot[0]!.id)).revocation, release.id)
  })
})

test('a part of a hold can be given back, and the rest stays held', async () => {
  await withCore(async (core) => {
    const lot = await enrolLot(core, 2)
    const hold = await done(core, wish('hold', { lot: 'L7' }))
    await done(core, wish('release', { certificate: lot[0]!.id }))
    assert.deepEqual(await statesOf(core, lot), ['issued', 'held'])
    assert.equal((await core.ledger.read('revocation', hold.id))?.state, 'effective')
  })
})

test('what a quarantine holds is not given back without its device', async () => {
  await withCore(async (core) => {
    const [one] = await enrolLot(core, 1)
    if (one === undefined) assert.fail()
    await quarantine(await deviceOf(core, one), 'a test', operator, core)
    const answer = await askAct(wish('release', { certificate: one.id }), operator, core)
    assert.equal(reasonOf(answer), 'not-found')
  })
})

test('what a hold gives back stays held as long as its device is in quarantine', async () => {
  await withCore(async (core) => {
    const lot = await enrolLot(core, 2)
    const hold = await done(core, wish('hold', { lot: 'L7' }))
    await quarantine(await deviceOf(core, lot[0]!), 'a test', operator, core)
    await done(core, wish('release', { revocation: hold.id }))
    assert.deepEqual(await statesOf(core, lot), ['held', 'issued'])
    assert.equal(await listed(core), 1)
    assert.equal((await core.ledger.read('revocation', hold.id))?.state, 'released')
    await release(await deviceOf(core, lot[0]!), 'a test', operator, core)
    assert.deepEqual(await statesOf(core, lot), ['issued', 'issued'])
  })
})

test('a certificate that ends because its key was stolen takes the others of that key with it', async () => {
  await withCore(async (core) => {
    const { id, key, certificate, shown } = (await enrolLot(core, 1))[0]!
    const request = await renewalBy(key, certificate)
    const renewed = issuedOf(await ask(core, shown, request, { operation: 'reenrol' }))
    const stolen = wish('end', { certificate: renewed.id }, { reason: 'keyCompromise' })
    const record = await done(core, stolen)
    assert.deepEqual([record.total, record.done], [1, 2])
    const old = await certificateOf(core, id)
    assert.deepEqual([old.state, old.revocationReason], ['revoked', 1])
    assert.equal((await core.ledger.read('key', old.key))?.state, 'compromised')
  })
})

test('a stolen key takes its certificates with it, is certified no more, and ends though none is left', async () => {
  await withCore(async (core) => {
    const { id, key, certificate } = (await enrolLot(core, 1))[0]!
    const record = await certificateOf(core, id)
    await done(core, wish('end', { certificate: id }))
    const ended = await done(core, wish('end', { key: record.key }, { reason: 'keyCompromise' }))
    assert.deepEqual([ended.state, ended.total], ['effective', 0])
    assert.equal((await core.ledger.read('key', record.key))?.state, 'compromised')
    const shown = { kind: 'certificate', chain: [certificate] } as const
    const again = await ask(core, shown, await renewalBy(key, certificate), {
      operation: 'reenrol',
    })
    assert.equal(reasonOf(again), 'certificate-revoked')
  })
})

test('nobody agrees to an act whose asker was removed since', async () => {
  await withCore(async (core) => {
    await enrolLot(core, 3)
    const ports = real(core)
    await changeLimit(2, 'a test', operator, ports)
    const left = await addPerson('Left', core)
    const by = { kind: 'person', id: left.id } as const
    const record = await asked(core, wish('end', { lot: 'L7' }), ports, by)
    const removed = { ...left, version: 2, state: 'removed' } as const
    await core.ledger.commit({ puts: [{ kind: 'person', record: removed }], events: [] })
    assert.equal(reasonOf(await approveAct(record, record.setSha256, grace, ports)), 'conflict')
    const now = await core.ledger.read('revocation', record.id)
    assert.equal(now?.state, 'waiting', 'somebody asks for it anew, or refuses it')
  })
})

test('above the limit a second person approves exactly this set', async () => {
  await withCore(async (core) => {
    const lot = await enrolLot(core, 3)
    const ports = real(core)
    assert.equal(await aloneUpTo('trial', core.ledger), null)
    assert.equal(await aloneUpTo('production', core.ledger), 20)
    assert.equal((await changeLimit(2, 'a test', operator, ports)).kind, 'changed')
    const record = await asked(core, wish('end', { lot: 'L7' }), ports)
    assert.deepEqual([record.state, approvalsMissing(record)], ['waiting', 1])
    assert.deepEqual(await statesOf(core, lot), ['issued', 'issued', 'issued'])
    assert.equal(
      reasonOf(await approveAct(record, new Uint8Array(32), grace, ports)),
      'set-changed',
    )
    const own = await approveAct(record, record.setSha256, operator.id, ports)
    assert.equal(reasonOf(own), 'approver-counted')
    const approved = await approveAct(record, record.setSha256, grace, ports)
    assert.equal(approved.kind === 'decided' && approved.record.state, 'running')
    assert.equal((await carryOut(record.id, ports))?.state, 'effective')
    assert.deepEqual(await statesOf(core, lot), ['revoked', 'revoked', 'revoked'])
    assert.equal(reasonOf(await approveAct(record, record.setSha256, 'psn_x', ports)), 'conflict')
    const now = (await core.ledger.read('revocation', record.id)) ?? assert.fail()
    assert.equal(reasonOf(await approveAct(now, now.setSha256, 'psn_x', ports)), 'decided-already')
    assert.deepEqual(typesOf(core).slice(-3), [
      ...['revocation-requested', 'revocation-approved', 'revocation-effective'],
    ])
    const changed = core.events.find(({ type }) => type === 'revocation-limit-changed')
    assert.deepEqual(changed?.facts, { owners: 2, was: 20, because: 'a test' })
  })
})

test('who asked without having signed in stands for nobody: two others approve', async () => {
  await withCore(async (core) => {
    await enrolLot(core, 1)
    const ports = real(core)
    await changeLimit(0, 'a test', operator, ports)
    const local = { kind: 'person', id: 'local' } as unknown as typeof operator
    const record = await asked(core, wish('hold', { lot: 'L7' }), ports, local)
    assert.equal(approvalsMissing(record), 2)
    const first = await approveAct(record, record.setSha256, grace, ports)
    assert.equal(first.kind === 'decided' && first.record.state, 'waiting')
    if (first.kind !== 'decided') return
    const twice = await approveAct(first.record, record.setSha256, grace, ports)
    assert.equal(reasonOf(twice), 'approver-counted')
    const second = await approveAct(first.record, record.setSha256, 'psn_mary', ports)
    assert.equal(second.kind === 'decided' && second.record.state, 'running')
  })
})

test('a set that changed is not approved; a renewal within it is no change, and goes with it', async () => {
  await withCore(async (core) => {
    const [one, other] = await enrolLot(core, 2)
    if (one === undefined || other === undefined) assert.fail()
    const ports = real(core)
    await changeLimit(1, 'a test', operator, ports)
    const first = await asked(core, wish('end', { lot: 'L7' }), ports)
    await enrolLot(core, 1, 'L7b').then(([stranger]) => setLot(core, stranger!, 'L7'))
    assert.equal(reasonOf(await approveAct(first, first.setSha256, grace, ports)), 'set-changed')
    assert.equal((await core.ledger.read('revocation', first.id))?.state, 'refused')
    const second = await asked(core, wish('end', { lot: 'L7' }), ports)
    const request = await renewalBy(one.key, one.certificate)
    const renewed = issuedOf(await ask(core, one.shown, request, { operation: 'reenrol' }))
    assert.equal((await approveAct(second, second.setSha256, grace, ports)).kind, 'decided')
    const record = await carryOut(second.id, ports)
    assert.deepEqual([record?.total, record?.done], [3, 4])
    assert.equal((await certificateOf(core, renewed.id)).state, 'revoked')
  })
})

test('who asked takes it back, and others refuse it', async () => {
  await withCore(async (core) => {
    await enrolLot(core, 1)
    const ports = real(core)
    await changeLimit(0, 'a test', operator, ports)
    const first = await asked(core, wish('end', { lot: 'L7' }), ports)
    const other = { kind: 'person', id: grace } as const
    assert.equal(reasonOf(await withdrawAct(first, other, ports)), 'not-permitted')
    const withdrawn = await withdrawAct(first, operator, ports)
    assert.equal(withdrawn.kind === 'decided' && withdrawn.record.state, 'withdrawn')
    const second = await asked(core, wish('end', { lot: 'L7' }), ports)
    const refused = await refuseAct(second, 'wrong lot', other, ports)
    assert.equal(refused.kind === 'decided' && refused.record.decidedBy, grace)
    assert.deepEqual(typesOf(core).slice(-3), [
      ...['revocation-withdrawn', 'revocation-requested', 'revocation-refused'],
    ])
    assert.equal((await carryOut(second.id, ports))?.state, 'refused')
  })
})

test('a set that a preview did not show is not touched', async () => {
  await withCore(async (core) => {
    await enrolLot(core, 1)
    const found = await previewAct({ act: 'end', chosen: { lot: 'L7' } }, () => false, core)
    if (found.kind !== 'preview') assert.fail(found.detail)
    await enrolLot(core, 1, 'L7b').then(([stranger]) => setLot(core, stranger!, 'L7'))
    const seen = wish('end', { lot: 'L7' }, { set: found.set })
    assert.equal(reasonOf(await askAct(seen, operator, core)), 'set-changed')
  })
})

test('a preview counts what will stop, and changes nothing', async () => {
  await withCore(async (core) => {
    const [one] = await enrolLot(core, 2)
    if (one === undefined) assert.fail()
    const told = core.events.length
    const found = await previewAct({ act: 'end', chosen: { lot: 'L7' } }, () => false, core)
    if (found.kind !== 'preview') assert.fail(found.detail)
    const { certificates, devices, seenLately, withoutIdentity, needsSecond, first } = found
    assert.deepEqual([certificates, devices, seenLately, withoutIdentity], [2, 2, 2, 2])
    assert.deepEqual([needsSecond, first], [false, ['L7-0', 'L7-1']])
    assert.deepEqual([...found.states], [['provisioned', 2]])
    assert.deepEqual([...found.kinds], [['working', 2]])
    assert.equal([...found.lists.values()].length, 1)
    assert.equal(core.events.length, told)
    const request = await renewalBy(one.key, one.certificate)
    const renewed = issuedOf(await ask(core, one.shown, request, { operation: 'reenrol' }))
    const alone = await previewAct(
      { act: 'end', chosen: { certificate: one.id } },
      () => true,
      core,
    )
    if (alone.kind !== 'preview') assert.fail(alone.detail)
    // The new one keeps it going, and what no list tells of is said.
    assert.equal(alone.withoutIdentity, 0)
    assert.deepEqual([[...alone.unseen], [...alone.lists]], [[['ldevid', 1]], []])
    // One that was replaced, and is refused at our own doors, keeps nothing going.
    await whoami([renewed.certificate], core)
    core.clock.pass({ hours: 25 })
    const newest = { act: 'end', chosen: { certificate: renewed.id } } as const
    const last = await previewAct(newest, () => false, core)
    assert.equal(last.kind === 'preview' && last.withoutIdentity, 1)
  })
})

test('a large set is carried out in parts; what is cut off between them is done by whoever comes next', async () => {
  const interrupted = new Interrupted()
  await withCore(async (core) => {
    const { id, device } = (await enrolLot(core, 1))[0]!
    await multiply(core, id, 600)
    const record = await asked(core, wish('end', { lot: 'L7' }))
    interrupted.beforeNext('certificate', async () => {
      interrupted.beforeNext('certificate', () => Promise.reject(new Error('power is gone')))
    })
    await assert.rejects(carryOut(record.id, core), /power is gone/)
    const half = (await core.ledger.read('revocation', record.id)) ?? assert.fail()
    assert.deepEqual([half.state, half.done], ['running', 240])
    assert.equal(await carryOutAll(core, new AbortController().signal), 1)
    const whole = await core.ledger.read('revocation', record.id)
    assert.deepEqual([whole?.state, whole?.done], ['effective', 601])
    const left = { by: 'owner', equal: [device.id], where: { state: 'issued' } } as const
    assert.equal(await core.ledger.count('certificate', left), 0)
    assert.equal(await carryOutAll(core, new AbortController().signal), 0)
  }, interrupted.replace)
})

test('of two that carry out one act, one leaves it to the other', async () => {
  await withCore(async (core) => {
    const { id } = (await enrolLot(core, 1))[0]!
    await multiply(core, id, 600)
    const record = await asked(core, wish('end', { lot: 'L7' }))
    await Promise.all([carryOut(record.id, core), carryOut(record.id, core)])
    await carryOutAll(core, new AbortController().signal)
    const whole = await core.ledger.read('revocation', record.id)
    assert.deepEqual([whole?.state, whole?.done], ['effective', 601])
    const revoked = core.events.filter(({ type }) => type === 'certificate-revoked')
    assert.equal(revoked.length, 601)
  })
})

test('an act that was told to stop goes on later', async () => {
  await withCore(async (core) => {
    await enrolLot(core, 1)
    const record = await asked(core, wish('end', { lot: 'L7' }))
    assert.equal((await carryOut(record.id, core, AbortSignal.abort()))?.state, 'running')
    assert.equal((await carryOut(record.id, core))?.state, 'effective')
  })
})

test('what a device does while its trust is ended does not save it', async () => {
  const interrupted = new Interrupted()
  await withCore(async (core) => {
    const one = (await enrolLot(core, 1))[0]!
    const record = await asked(core, wish('end', { device: one.device.id }))
    const request = await renewalBy(await generateKey('p-256'), one.certificate)
    interrupted.beforeNext('certificate', async () =>
      issuedOf(await ask(core, one.shown, request, { operation: 'reenrol' })),
    )
    await carryOut(record.id, core)
    const live = { by: 'owner', equal: [one.device.id], where: { state: 'issued' } } as const
    assert.equal(await core.ledger.count('certificate', live), 0)
  }, interrupted.replace)
})

test('what integrations have to do is booked when an act is in force, and not before', async () => {
  await withCore(async (core) => {
    await enrolLot(core, 1)
    const at = core.clock.now()
    const integration = newId('integration', core)
    await core.ledger.commit({
      puts: [
        {
          kind: 'integration',
          record: {
            ...{ id: integration, version: 1, name: 'broker', kind: 'webhook', address: 'x' },
            ...{ settings: {}, state: 'active', createdAt: at, createdBy: 'psn_1', seenAt: null },
            ...{ trouble: null, troubledSince: null },
          },
        },
      ],
      events: [],
    })
    const orders = async (): Promise<readonly Enforcement[]> =>
      (await core.ledger.list('enforcement', { limit: 9 })).items
    const record = await asked(core, wish('hold', { lot: 'L7' }))
    assert.equal((await orders()).length, 0)
    await carryOut(record.id, core)
    const release = await done(core, wish('release', { lot: 'L7' }))
    assert.deepEqual(
      (await orders()).map(({ revocation, act }) => [revocation, act]),
      [
        [record.id, 'end'],
        [release.id, 'restore'],
      ],
    )
  })
})

test('an authority’s own certificate needs two people outside a trial, and stops it', async () => {
  await withCore(async (core) => {
    const issuing = (await core.ledger.find('authority', 'name', ['issuing-1'])) ?? assert.fail()
    const root = (await core.ledger.find('authority', 'name', ['root'])) ?? assert.fail()
    const end = (authority: typeof issuing, ports: ActPorts) =>
      askAuthorityEnd(authority, 'keyCompromise', 'a test', operator, ports)
    assert.equal(reasonOf(await end(root, core)), 'not-permitted')
    const waiting = await end(issuing, real(core))
    if (waiting.kind !== 'asked') assert.fail(waiting.kind)
    assert.equal(waiting.record.state, 'waiting')
    const { record } = waiting
    const approved = await approveAct(record, record.setSha256, grace, real(core))
    assert.equal(approved.kind, 'decided')
    assert.equal((await carryOut(record.id, core))?.state, 'effective')
    const now = await core.ledger.read('authority', issuing.id)
    assert.equal(now?.state, 'issuing-stopped')
    assert.equal((await end(issuing, core)).kind, 'unchanged')
  })
})

test('in a trial one person ends an authority', async () => {
  await withCore(async (core) => {
    const issuing = (await core.ledger.find('authority', 'name', ['issuing-1'])) ?? assert.fail()
    const asking = await askAuthorityEnd(issuing, 'superseded', 'a test', operator, core)
    assert.equal(asking.kind === 'asked' && asking.record.state, 'running')
  })
})
