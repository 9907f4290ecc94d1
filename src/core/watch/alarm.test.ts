// SPDX-License-Identifier: Apache-2.0
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { readWords } from '#house/words.ts'
import { operator, type TestCore, withCore } from '../../../test/support/core.ts'
import type { Alarm, Delivery } from '../ledger/tables.ts'
import { acknowledge, clear, type Finding, openAlarm, raise } from './alarm.ts'
import { breakGlass } from './break-glass.ts'
import { type DeliveryPorts, deliverOnce, mostTries, type Sent } from './deliver.ts'
import { mostWaiting } from './enqueue.ts'
import { alarmKinds } from './kinds.ts'
import { addTarget, type NewTarget, removeTarget, testTarget } from './targets.ts'

const never = new AbortController().signal

const finding: Finding = {
  ...{ kind: 'status-stale', subject: 'aut_1', severity: 'warning' },
  ...{ text: 'the list is old', facts: { number: 1 } },
}

async function open(core: TestCore): Promise<Alarm> {
  const found = await openAlarm(finding.kind, finding.subject, core.ledger)
  return found ?? assert.fail('no open alarm')
}

async function addHook(core: TestCore, more: Partial<NewTarget> = {}) {
  const asked: NewTarget = {
    ...{ name: 'desk', kind: 'webhook', address: 'https://desk.example.com/', settings: {} },
    ...{ severity: 'notice', kinds: [] },
    ...more,
  }
  const added = await addTarget(asked, operator, core)
  return added.kind === 'added' ? added.target : assert.fail(added.detail)
}

async function deliveries(core: TestCore): Promise<readonly Delivery[]> {
  return (await core.ledger.list('delivery', { limit: 1000 })).items
}

/** Another side that answers as told, and remembers what came. */
class OtherSide {
  readonly heard: string[] = []
  answer: Sent = { kind: 'sent' }
  /** Called after each try, as another node might come between. */
  meanwhile: () => Promise<unknown> = async () => {}

  ports(core: TestCore): DeliveryPorts {
    const { ledger, clock, random } = core
    return {
      ...{ ledger, clock, random },
      send: async ({ id, what }, target) => {
        this.heard.push(`${target.name} ${what} ${id}`)
        await this.meanwhile()
        return this.answer
      },
    }
  }
}

for (const kind of Object.keys(alarmKinds)) {
  test(`the alarm ${kind} is explained as it is`, () => {
    const word = readWords().get(kind) ?? assert.fail(`${kind} has no row`)
    assert.match(word.means, new RegExp(alarmKinds[kind as keyof typeof alarmKinds]))
    assert.ok(word.remedy)
  })
}

test('one alarm is open for a kind and a subject, however often it is raised', () =>
  withCore(async (core) => {
    await Promise.all([raise(finding, core), raise(finding, core), raise(finding, core)])
    assert.equal(await core.ledger.count('alarm', {}), 1)
    assert.equal(core.events.filter(({ type }) => type === 'alarm-raised').length, 1)
    await clear(finding.kind, finding.subject, core)
    await clear(finding.kind, finding.subject, core)
    assert.equal(core.events.filter(({ type }) => type === 'alarm-cleared').length, 1)
    await raise(finding, core)
    assert.equal(await core.ledger.count('alarm', {}), 2)
  }))

test('an alarm that gets worse is told again and loses its acknowledgement; a milder one is not', () =>
  withCore(async (core) => {
    await raise(finding, core)
    const seen = await acknowledge(await open(core), operator, core)
    assert.equal(seen.kind, 'acknowledged')
    assert.equal((await open(core)).acknowledgedBy, operator.id)
    await raise({ ...finding, severity: 'notice' }, core)
    assert.equal((await open(core)).acknowledgedBy, operator.id)
    await raise({ ...finding, severity: 'critical' }, core)
    assert.equal((await open(core)).acknowledgedBy, null)
    assert.equal(core.events.filter(({ type }) => type === 'alarm-raised').length, 2)
  }))

test('a cleared alarm is not acknowledged', () =>
  withCore(async (core) => {
    await raise(finding, core)
    const alarm = await open(core)
    await clear(finding.kind, finding.subject, core)
    const cleared = (await core.ledger.read('alarm', alarm.id)) ?? assert.fail('no alarm')
    const refused = await acknowledge(cleared, operator, core)
    assert.equal(refused.kind === 'refused' && refused.reason, 'conflict')
  }))

test('each use of a local way in is an alarm of its own, and is over when somebody has seen it', () =>
  withCore(async (core) => {
    await breakGlass('Ada', operator, core)
    await breakGlass('Ada', operator, core)
    const { items } = await core.ledger.list('alarm', { limit: 10 })
    assert.deepEqual(
      items.map(({ kind, severity, state }) => [kind, severity, state]),
      Array(2).fill(['break-glass-used', 'critical', 'open']),
    )
    const [first = assert.fail()] = items
    const seen = await acknowledge(first, operator, core)
    assert.equal(seen.kind === 'acknowledged' && seen.alarm.state, 'cleared')
    assert.equal(core.events.filter(({ type }) => type === 'person-restored').length, 2)
  }))

test('a target hears what it asked for, when it begins and when it is over', () =>
  withCore(async (core) => {
    await addHook(core, { name: 'all' })
    await addHook(core, { name: 'loud', severity: 'critical' })
    await addHook(core, { name: 'codes', kinds: ['codes-unused'] })
    const other = new OtherSide()
    await raise(finding, core)
    await clear(finding.kind, finding.subject, core)
    await deliverOnce(other.ports(core), never)
    assert.deepEqual(
      other.heard.map((line) => line.replace(/ dlv.*/, '')),
      ['all raised', 'all cleared'],
    )
    await deliverOnce(other.ports(core), never)
    assert.equal(other.heard.length, 2, 'nothing is sent twice')
  }))

test('what fails is tried later and later, in its order, and given up by name', () =>
  withCore(async (core) => {
    const target = await addHook(core)
    await raise(finding, core)
    await clear(finding.kind, finding.subject, core)
    const other = new OtherSide()
    other.answer = { kind: 'failed', detail: 'it answered 500' }
    await deliverOnce(other.ports(core), never)
    assert.equal(other.heard.length, 1)
    const [first, second] = await deliveries(core)
    assert.deepEqual(
      [first?.state, first?.tries, first?.lastError],
      ['failed', 1, 'it answered 500'],
    )
    assert.equal(second?.state, 'waiting', 'those behind wait')
    await deliverOnce(other.ports(core), never)
    assert.equal(other.heard.length, 1, 'not before its time')
    for (let tries = 1; tries < mostTries; tries++) {
      core.clock.pass({ hours: 6 })
      await deliverOnce(other.ports(core), never)
    }
    assert.equal((await core.ledger.read('delivery', first?.id ?? ''))?.state, 'given-up')
    const failing = await openAlarm('notification-failing', target.id, core.ledger)
    assert.equal(failing?.severity, 'critical')
    other.answer = { kind: 'sent' }
    await deliverOnce(other.ports(core), never)
    assert.equal((await core.ledger.read('delivery', second?.id ?? ''))?.state, 'sent')
    assert.equal(await openAlarm('notification-failing', target.id, core.ledger), undefined)
  }))

test('a message that another node booked meanwhile is left to it', () =>
  withCore(async (core) => {
    await addHook(core)
    await raise(finding, core)
    await raise({ ...finding, subject: 'aut_2' }, core)
    const other = new OtherSide()
    other.meanwhile = async () => {
      const [first = assert.fail()] = await deliveries(core)
      const record = { ...first, version: first.version + 1, tries: 9 }
      await core.ledger.commit({ puts: [{ kind: 'delivery', record }], events: [] })
    }
    await deliverOnce(other.ports(core), never)
    assert.equal(other.heard.length, 1)
    assert.equal((await deliveries(core))[0]?.tries, 9)
  }))

test('what waits for a removed target is given up', () =>
  withCore(async (core) => {
    const target = await addHook(core)
    await raise(finding, core)
    await removeTarget(target, operator, core)
    const other = new OtherSide()
    await deliverOnce(other.ports(core), never)
    assert.deepEqual(other.heard, [])
    assert.equal((await deliveries(core))[0]?.state, 'given-up')
    const removed = (await core.ledger.read('notificationTarget', target.id)) ?? assert.fail()
    const refused = await testTarget(removed, core)
    assert.equal(refused.kind === 'refused' && refused.reason, 'conflict')
  }))

test('a queue that is full takes nothing more, and the alarm is raised all the same', () =>
  withCore(async (core) => {
    const target = await addHook(core)
    await testTarget(target, core)
    const [like = assert.fail()] = await deliveries(core)
    const puts = Array.from({ length: mostWaiting - 1 }, (_, index) => {
      const id = `dlv_${index.toString(16).padStart(32, '0')}`
      return { kind: 'delivery', record: { ...like, id, version: 1 } } as const
    })
    await core.ledger.commit({ puts, events: [] })
    await raise(finding, core)
    assert.ok(await open(core))
    assert.equal(await core.ledger.count('delivery', {}), mostWaiting)
    const refused = await testTarget(target, core)
    assert.equal(refused.kind === 'refused' && refused.reason, 'busy')
  }))

for (const [what, more, detail] of [
  ['http to another machine', { address: 'http://desk.example.com/' }, /http is for this machine/],
  ['a file', { address: 'file:///etc/passwd' }, /https:\/\/ address/],
  ['a password in the address', { address: 'https://a:b@desk.example.com/' }, /no password/],
  ['an unknown kind', { kinds: ['weather'] }, /no kind of alarm/],
  ['mail without a server', { kind: 'smtp', address: 'a@example.com' }, /server: mail needs one/],
  [
    'a line break in a mail address',
    {
      ...{ kind: 'smtp', address: 'a@example.com\r\nBcc: b@example.com' },
      settings: { server: 'smtp://mail.example.com', from: 'a@example.com' },
    },
    /not a mail address/,
  ],
  [
    'a password in the mail server',
    {
      ...{ kind: 'smtp', address: 'a@example.com' },
      settings: { server: 'smtp://u:p@mail.example.com', from: 'a@example.com' },
    },
    /apart from it/,
  ],
] as const) {
  test(`a target is refused with ${what}`, () =>
    withCore(async (core) => {
      const asked = {
        ...{ name: 'desk', kind: 'webhook', address: 'https://desk.example.com/', settings: {} },
        ...{ severity: 'notice', kinds: [] },
        ...more,
      } as Parameters<typeof addTarget>[0]
      const refused = await addTarget(asked, operator, core)
      assert.equal(refused.kind === 'refused' && refused.reason, 'input-wrong')
      assert.match(refused.kind === 'refused' ? refused.detail : '', detail)
    }))
}
