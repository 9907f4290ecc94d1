// SPDX-License-Identifier: Apache-2.0
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { newId } from '#core/ledger/ids.ts'
import type { KeyFinding, KeyMaking } from '#core/ledger/tables.ts'
import { revoke } from '#core/revocation/revoke.ts'
import { openAlarm } from '#core/watch/alarm.ts'
import { readWords } from '#house/words.ts'
import { sha256 } from '#trust/digest.ts'
import { generateKey, type KeyPair } from '#trust/private-key.ts'
import { weaknesses } from '#trust/weak-keys/weaknesses.ts'
import {
  addPump,
  ask,
  certificateOf,
  type Enrolled,
  enrolDevice,
  issuedOf,
  operator,
  reasonOf,
  type TestCore,
  withCore,
} from '../../../test/support/core.ts'
import { renewalBy } from '../../../test/support/house.ts'
import { bookFindings, type FoundWeakness } from './book-findings.ts'
import { dismissFinding } from './dismiss.ts'
import { readGroup } from './group.ts'
import { proposeEnding } from './propose.ts'
import { settleFindings } from './settle-findings.ts'
import { summarise } from './summary.ts'
import { tellFindings } from './tell-findings.ts'

const prime = sha256(new TextEncoder().encode('a prime'))

async function keyOf(core: TestCore, { id }: Enrolled): Promise<string> {
  return (await certificateOf(core, id)).key
}

async function sharesPrime(core: TestCore, device: Enrolled): Promise<FoundWeakness> {
  const key = await keyOf(core, device)
  return { kind: 'prime-shared', key, cause: prime, detail: 'a prime of 1024 bits', facts: {} }
}

/** A request to renew, over any key. */
function asking({ certificate }: Enrolled, key: KeyPair): Promise<Uint8Array> {
  return renewalBy(key, certificate)
}

async function fleet(core: TestCore): Promise<readonly [Enrolled, Enrolled, Enrolled]> {
  const pump = await addPump(core)
  return [
    await enrolDevice(core, pump, 'P-1'),
    await enrolDevice(core, pump, 'P-2'),
    await enrolDevice(core, pump, 'P-3'),
  ]
}

async function findings(core: TestCore): Promise<readonly KeyFinding[]> {
  return (await core.ledger.list('keyFinding', { limit: 100 })).items
}

for (const [kind, { means }] of Object.entries(weaknesses)) {
  test(`what ${kind} means is explained as it is told`, () => {
    assert.equal(readWords().get(kind)?.means, means)
  })
}

test('a finding names whose key it is and how that was certified, and is booked once', () =>
  withCore(async (core) => {
    const [first] = await fleet(core)
    const found = await sharesPrime(core, first)
    const making: KeyMaking = {
      ...{ id: newId('keyMaking', core), version: 1, key: found.key, owner: first.device.id },
      ...{ source: '/dev/hwrng', mode: 'raw', result: 'passed', kernelReady: null },
      ...{
        firmware: '1.2',
        client: 'a client 1',
        statement: new Uint8Array([1]),
        at: core.clock.now(),
      },
    }
    await core.means.ledger.commit({ puts: [{ kind: 'keyMaking', record: making }], events: [] })
    const [booked = assert.fail()] = await bookFindings([found], core)
    assert.deepEqual(
      [booked.owner, booked.product, booked.firmware, booked.severity, booked.state],
      [first.device.id, first.device.product, '1.2', 'critical', 'proposed'],
    )
    assert.equal(booked.facts['serial'], 'P-1')
    assert.equal(booked.facts['sourceAddress'], '192.0.2.7')
    assert.equal(booked.facts['proof'], 'code')
    assert.equal(booked.facts['detail'], 'a prime of 1024 bits')
    const events = core.events.filter(({ type }) => type === 'key-weakness-found')
    assert.deepEqual(
      events.map(({ subjects }) => subjects),
      [[booked.id, found.key, first.device.id]],
    )
    assert.deepEqual(await bookFindings([found], core), [])
    assert.equal((await findings(core)).length, 1)
  }))

test('what is said of a key that is not here is passed over', () =>
  withCore(async (core) => {
    const key = newId('key', core)
    const found = { kind: 'roca', key, cause: prime, detail: 'a mark', facts: {} } as const
    assert.deepEqual(await bookFindings([found], core), [])
  }))

test('keys of one cause are one alarm, until the last of them is decided about', () =>
  withCore(async (core) => {
    const [first, second] = await fleet(core)
    await bookFindings([await sharesPrime(core, first)], core)
    await bookFindings([await sharesPrime(core, second)], core)
    const [one = assert.fail(), other = assert.fail()] = await findings(core)
    assert.equal(await core.ledger.count('alarm', {}), 1)
    const alarm = await openAlarm('key-found-weak', one.id, core.ledger)
    assert.equal(alarm?.severity, 'critical')
    assert.match(alarm.text, /2 keys of 2 owners/)
    await dismissFinding(one, 'a test board', operator, core)
    assert.notEqual(await openAlarm('key-found-weak', one.id, core.ledger), undefined)
    await dismissFinding(other, 'a test board', operator, core)
    assert.equal(await openAlarm('key-found-weak', one.id, core.ledger), undefined)
  }))

test('an alarm that a crash left unsaid, or untold of its end, is put right by the next look', () =>
  withCore(async (core) => {
    const [first] = await fleet(core)
    const [booked = assert.fail()] = await bookFindings([await sharesPrime(core, first)], core)
    const { ledger } = core.means
    const alarm = (await openAlarm('key-found-weak', booked.id, ledger)) ?? assert.fail()
    const lost = { ...alarm, version: 2, state: 'cleared', openKey: null } as const
    await ledger.commit({ puts: [{ kind: 'alarm', record: lost }], events: [] })
    await tellFindings(core)
    assert.notEqual(await openAlarm('key-found-weak', booked.id, ledger), undefined)
    const record = { ...booked, version: 2, state: 'dismissed' } as const
    await ledger.commit({ puts: [{ kind: 'keyFinding', record }], events: [] })
    await tellFindings(core)
    assert.equal(await openAlarm('key-found-weak', booked.id, ledger), undefined)
  }))

test('a weak key is not certified again, its certificate goes on, and its device lives by another key', () =>
  withCore(async (core) => {
    const [first] = await fleet(core)
    await bookFindings([await sharesPrime(core, first)], core)
    assert.equal((await certificateOf(core, first.id)).state, 'issued')
    const renewal = { operation: 'reenrol' } as const
    const again = await ask(core, first.shown, await asking(first, first.key), renewal)
    assert.equal(reasonOf(again), 'key-known-weak')
    const anew = await asking(first, await generateKey('p-256'))
    const rekeyed = issuedOf(await ask(core, first.shown, anew, renewal))
    assert.notEqual(rekeyed.id, first.id)
  }))

test('the key of a finding that was dismissed is certified again, unless another one bars it', () =>
  withCore(async (core) => {
    const [first] = await fleet(core)
    const found = await sharesPrime(core, first)
    await bookFindings([found, { ...found, kind: 'roca' }], core)
    const [one = assert.fail(), other = assert.fail()] = await findings(core)
    const dismissed = await dismissFinding(one, 'a mistake', operator, core)
    assert.equal(dismissed.kind === 'dismissed' && dismissed.finding.because, 'a mistake')
    assert.equal((await core.ledger.read('key', found.key))?.state, 'weak')
    await dismissFinding(other, 'a mistake', operator, core)
    assert.equal((await core.ledger.read('key', found.key))?.state, 'active')
    const request = await asking(first, first.key)
    issuedOf(await ask(core, first.shown, request, { operation: 'reenrol' }))
    const twice = await dismissFinding((await findings(core))[0]!, 'again', operator, core)
    assert.equal(reasonOf(twice), 'decided-already')
    assert.equal(core.events.filter(({ type }) => type === 'key-finding-dismissed').length, 2)
    // It stays dismissed, whoever finds it again.
    assert.deepEqual(await bookFindings([found], core), [])
  }))

test('a finding is acted on when an act ended the last certificate of its key', () =>
  withCore(async (core) => {
    const [first, second] = await fleet(core)
    const [one = assert.fail(), other = assert.fail()] = await bookFindings(
      [await sharesPrime(core, first), await sharesPrime(core, second)],
      core,
    )
    assert.equal(await settleFindings(core), 0)
    await revoke({ id: first.id, reason: 'keyCompromise', because: 'a prime' }, operator, core)
    assert.equal(await settleFindings(core), 1)
    const settled = await core.ledger.read('keyFinding', one.id)
    const { revocation } = await certificateOf(core, first.id)
    assert.deepEqual([settled?.state, settled?.revocation], ['acted', revocation])
    assert.equal((await core.ledger.read('keyFinding', other.id))?.state, 'proposed')
    const [event] = core.events.filter(({ type }) => type === 'key-finding-acted')
    assert.equal(event?.subjects[0], one.id)
    core.clock.pass({ hours: 24 * 365 * 3 })
    assert.equal(await settleFindings(core), 1)
    assert.equal((await core.ledger.read('keyFinding', other.id))?.state, 'over')
    assert.equal(await openAlarm('key-found-weak', one.id, core.ledger), undefined)
  }))

test('the summary says what all have in common, and how much of the fleet that is', () =>
  withCore(async (core) => {
    const pump = await addPump(core)
    const devices: Enrolled[] = []
    for (const serial of ['P-1', 'P-2', 'P-3', 'P-4'])
      devices.push(await enrolDevice(core, pump, serial, {}, serial === 'P-4' ? 'L-8' : 'L-7'))
    const bad = await Promise.all(devices.slice(0, 3).map((one) => sharesPrime(core, one)))
    await bookFindings(bad, core)
    const group = (await readGroup('prime-shared', prime, core.ledger)) ?? assert.fail()
    assert.equal(
      summarise(group),
      '3 keys of 3 owners: all of lot L-7 of pump (every one of its 3 devices, none outside), address 192.0.2.7, product pump (3 of its 4 devices)',
    )
    await bookFindings([await sharesPrime(core, devices[3]!)], core)
    const wider = (await readGroup('prime-shared', prime, core.ledger)) ?? assert.fail()
    assert.match(summarise(wider), /^4 keys of 4 owners: all of address/)
  }))

test('keys of a few lots have those lots renew, and not all of their product', () =>
  withCore(async (core) => {
    const pump = await addPump(core)
    const bad: FoundWeakness[] = []
    for (const lot of ['L-7', 'L-8', 'L-9', 'L-10']) {
      const device = await enrolDevice(core, pump, `P of ${lot}`, {}, lot)
      bad.push(await sharesPrime(core, device))
    }
    const orders = async () => {
      const group = (await readGroup('prime-shared', prime, core.ledger)) ?? assert.fail()
      const proposal = await proposeEnding(group, core)
      if (proposal.kind === 'refused') assert.fail(proposal.detail)
      return proposal.steps.flatMap(({ command }) => /order (.*) --within/.exec(command)?.[1] ?? [])
    }
    await bookFindings(bad.slice(0, 2), core)
    assert.deepEqual(await orders(), [...['--product pump --lot L-7', '--product pump --lot L-8']])
    await bookFindings(bad, core)
    assert.deepEqual(await orders(), ['--product pump'])
  }))
