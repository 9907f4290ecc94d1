// SPDX-License-Identifier: Apache-2.0
/** Two with one key: what is done about it, by which proof it was shown. */
import assert from 'node:assert/strict'
import { after, before, test } from 'node:test'
import { encodeSigned } from '#format/x509/certificate.ts'
import { encodeCertificationRequestInfo } from '#format/x509/certification-request.ts'
import { encodeName } from '#format/x509/name.ts'
import { signatureAlgorithmFor } from '#trust/algorithms.ts'
import { generateKey, type KeyPair, sign } from '#trust/private-key.ts'
import { ticketFor, tpmPump } from '../../../test/support/attested.ts'
import {
  addPump,
  ask,
  certificateOf,
  deviceOf,
  type Enrolled,
  type Expected,
  enrolDevice,
  expectDevice,
  openTestCore,
  operator,
  reasonOf,
  type TestCore,
  withCore,
} from '../../../test/support/core.ts'
import { requestBy } from '../../../test/support/house.ts'
import { retire } from '../devices/life.ts'
import { keyConflict } from '../devices/second-owner.ts'
import type { EnrolmentRequest } from '../enrolment/request.ts'
import type { Product } from '../ledger/tables.ts'
import { changeLimit } from '../revocation/acts/limit-change.ts'
import { release } from '../revocation/quarantine.ts'
import { openAlarm } from '../watch/alarm.ts'
import { allOf } from '../watch/pages.ts'
import { dismissFinding } from './dismiss.ts'
import { type KeyPolicy, readKeyPolicy, setKeyPolicy, sharedChoice } from './key-policy.ts'
import { mayActAlone } from './may-act-alone.ts'
import { SecondOwnerPace } from './second-owner-pace.ts'
import { SecondOwnerDesk } from './second-owners.ts'

/** What a holder shows that cannot be refused: its certificate, its key, and whatever it is known by. */
async function isUntouched(core: TestCore, holder: Enrolled): Promise<boolean> {
  const { state, key } = await certificateOf(core, holder.id)
  const record = await core.ledger.read('key', key)
  const alarms = await Array.fromAsync(allOf('alarm', core.ledger))
  const isNamed = alarms.some(
    ({ subject, facts, text }) =>
      JSON.stringify([subject, facts]).includes(holder.device.id) ||
      subject === key ||
      text.includes(holder.device.serial),
  )
  const device = await deviceOf(core, holder)
  return (
    state === 'issued' && record?.state === 'active' && device.state !== 'quarantined' && !isNamed
  )
}

async function choose(core: TestCore, policy: Partial<KeyPolicy>): Promise<void> {
  const before = await readKeyPolicy(core.ledger)
  assert.equal(await setKeyPolicy({ ...before, ...policy }, 'a test', operator, core), undefined)
}

/** A request that names the connection that it is sent over. */
async function bound({ publicKey, privateKey }: KeyPair, binding: Uint8Array): Promise<Uint8Array> {
  const info = encodeCertificationRequestInfo({
    ...{ subject: encodeName([]), publicKey: publicKey.spki },
    challengePassword: binding.toBase64(),
  })
  const algorithm = signatureAlgorithmFor(publicKey.algorithm)
  return encodeSigned(info, algorithm.identifier, await sign(privateKey, algorithm, info))
}

interface Scene {
  readonly core: TestCore
  readonly holder: Enrolled
  readonly stranger: Expected
}

let house: TestCore
let pump: Product
let scenes = 0

before(async () => {
  house = await openTestCore()
  pump = await addPump(house, 'infusion')
})
after(() => house.close())

/** Two devices of their own, in the one house of this file, with the usual policy. */
async function scene(work: (scene: Scene) => Promise<void>): Promise<void> {
  scenes++
  await choose(house, { shared: 'alarm' })
  const holder = await enrolDevice(house, pump, `HOLDER-${scenes}`)
  const stranger = await expectDevice(house, pump, `STRANGER-${scenes}`)
  await work({ core: house, holder, stranger })
}

const binding = new Uint8Array(32).fill(7)
const proxy = { id: 'pxy_1', name: 'front' }

/** By which ways a stranger shows the key of the holder, and whether it is a live proof. */
const ways: readonly {
  readonly name: string
  readonly live: 'connection' | 'request' | undefined
  more(scene: Scene): Promise<Partial<EnrolmentRequest>>
}[] = [
  { name: 'a request alone', live: undefined, more: async () => ({}) },
  {
    name: 'a connection that proved the key',
    live: 'connection',
    more: async ({ holder }) => ({ connectionCertificate: holder.certificate }),
  },
  {
    name: 'a connection that proved another key',
    live: undefined,
    more: async ({ core }) => ({
      connectionCertificate: (await enrolDevice(core, pump, `ANOTHER-${scenes}`)).certificate,
    }),
  },
  {
    name: 'a certificate of the connection that is none',
    live: undefined,
    more: async () => ({ connectionCertificate: Uint8Array.of(0x30, 0x00) }),
  },
  {
    name: 'a request that names this connection',
    live: 'request',
    more: async ({ holder }) => ({
      channelBinding: binding,
      request: await bound(holder.key, binding),
    }),
  },
  {
    name: 'a request that names another connection',
    live: undefined,
    more: async ({ holder }) => ({
      channelBinding: binding,
      request: await bound(holder.key, binding.with(0, 8)),
    }),
  },
  {
    name: 'a connection of which a proxy tells',
    live: undefined,
    more: async ({ holder }) => ({ connectionCertificate: holder.certificate, proxy }),
  },
  {
    name: 'a request that names the connection of a proxy',
    live: undefined,
    more: async ({ holder }) => ({
      ...{ channelBinding: binding, proxy },
      request: await bound(holder.key, binding),
    }),
  },
]

for (const shared of ['alarm', 'quarantine'] as const)
  for (const { name, live, more } of ways)
    test(`${name} ${live ? 'names both' : 'leaves the holder alone'}: the policy is ${shared}`, () =>
      scene(async ({ core, holder, stranger }) => {
        await choose(core, { shared })
        const request = await requestBy(holder.key)
        const proved = await more({ core, holder, stranger })
        const outcome = await ask(core, stranger.credential, request, proved)
        // Whatever was proved, the stranger hears the same.
        assert.deepEqual(outcome, {
          ...{ kind: 'refused', reason: 'key-has-another-owner' },
          detail: 'this key cannot be certified; make a new one',
        })
        core.clock.pass({ minutes: 2 })
        const { key } = await certificateOf(core, holder.id)
        const told = core.events.findLast(({ type }) => type === 'key-conflict')
        assert.deepEqual(told?.subjects, [key, holder.device.id, stranger.device.id])
        assert.equal(told?.facts.live, live ?? null)
        const findings = { by: 'owner', equal: [holder.device.id] } as const
        const [finding] = await Array.fromAsync(allOf('keyFinding', core.ledger, findings))
        if (live === undefined) {
          assert.ok(await isUntouched(core, holder))
          const notice = await openAlarm('key-of-another-shown', stranger.device.id, core.ledger)
          assert.equal(notice?.severity, 'notice')
          assert.equal(finding, undefined)
          return
        }
        const alarm = await openAlarm('key-held-twice', key, core.ledger)
        assert.equal(alarm?.severity, 'critical')
        const both = `device HOLDER-${scenes} and device STRANGER-${scenes} hold the same private key`
        assert.ok(alarm?.text.startsWith(both))
        assert.deepEqual(
          [alarm?.facts.holder, alarm?.facts.other, alarm?.facts.live],
          [holder.device.id, stranger.device.id, live],
        )
        assert.deepEqual(
          [finding?.kind, finding?.facts.otherOwner],
          ['key-shared', stranger.device.id],
        )
        assert.equal((await core.ledger.read('key', key))?.state, 'weak')
        const isAway = shared === 'quarantine'
        for (const one of [holder, stranger])
          assert.equal((await deviceOf(core, one)).state === 'quarantined', isAway)
        assert.equal((await certificateOf(core, holder.id)).state, isAway ? 'held' : 'issued')
      }))

test('an old request of the holder that another device sends 300 times does nothing to the holder', () =>
  scene(async ({ core, holder, stranger }) => {
    await choose(core, { shared: 'quarantine' })
    const old = await requestBy(holder.key)
    const before = core.events.length
    for (let time = 0; time < 300; time++) {
      if (time % 30 === 0) core.clock.pass({ hours: 2 })
      assert.equal(reasonOf(await ask(core, stranger.credential, old)), 'key-has-another-owner')
    }
    assert.ok(await isUntouched(core, holder))
    const alarms = await Array.fromAsync(allOf('alarm', core.ledger))
    const own = alarms.filter(({ subject }) => subject === stranger.device.id)
    assert.deepEqual(
      own.map(({ kind, severity }) => [kind, severity]),
      [['key-of-another-shown', 'notice']],
    )
    const told = core.events.slice(before).filter(({ type }) => type === 'key-conflict')
    assert.ok(told.length > 0 && told.length < 100)
  }))

test('a TPM that a maker vouches for proves a key live by its ticket, any other does not', async () => {
  const tpms = await tpmPump(house)
  for (const [at, vouchedBy] of ['CN=a maker', null].entries()) {
    // The log takes so many refusals in a minute.
    house.clock.pass({ minutes: 2 })
    const key = await generateKey('p-256')
    const holder = await expectDevice(house, tpms, `TPM-${at}`)
    const stranger = await expectDevice(house, tpms, `STRANGE-TPM-${at}`)
    const facts = { vouchedBy }
    const ticket = await ticketFor(house, holder.device, key)
    assert.equal((await ask(house, ticket, key)).kind, 'issued')
    const second = await ticketFor(house, stranger.device, key, { facts })
    const outcome = await ask(house, second, key, { proxy })
    assert.equal(reasonOf(outcome), 'key-has-another-owner')
    const told = house.events.findLast(({ type }) => type === 'key-conflict')
    assert.equal(told?.facts.live, vouchedBy === null ? null : 'challenge')
  }
})

test('what was decided by a person stands: who is released stays so, and a finding that was dismissed', () =>
  scene(async ({ core, holder, stranger }) => {
    await choose(core, { shared: 'quarantine' })
    const show = () =>
      ask(core, stranger.credential, holder.key, { connectionCertificate: holder.certificate })
    assert.equal(reasonOf(await show()), 'key-has-another-owner')
    assert.equal(reasonOf(await show()), 'device-quarantined')
    for (const one of [holder, stranger])
      await release(await deviceOf(core, one), 'a test', operator, core)
    // The same two are told of once an hour.
    assert.equal(reasonOf(await show()), 'key-has-another-owner')
    assert.notEqual((await deviceOf(core, holder)).state, 'quarantined')
    core.clock.pass({ hours: 2 })
    const owner = { by: 'owner', equal: [holder.device.id] } as const
    const [finding] = await Array.fromAsync(allOf('keyFinding', core.ledger, owner))
    await dismissFinding(finding!, 'a pair for a test bench', operator, core)
    await show()
    assert.notEqual((await deviceOf(core, holder)).state, 'quarantined')
  }))

test('no more is put away in a day than one person may alone', () =>
  scene(async ({ core, holder, stranger }) => {
    await choose(core, { shared: 'quarantine' })
    await changeLimit(0, 'a test', operator, core)
    await ask(core, stranger.credential, holder.key, { connectionCertificate: holder.certificate })
    const { key } = await certificateOf(core, holder.id)
    const alarm = await openAlarm('key-held-twice', key, core.ledger)
    assert.equal(alarm?.facts.done, 'too-many')
    assert.notEqual((await deviceOf(core, holder)).state, 'quarantined')
    await changeLimit(null, 'a test', operator, core)
  }))

test('of a whole lot of copies that asks at once no more are put away than one person may alone', () =>
  withCore(async (core) => {
    const pump = await addPump(core)
    await choose(core, { shared: 'quarantine' })
    await changeLimit(3, 'a test', operator, core)
    const pairs = await Promise.all(
      Array.from({ length: 5 }, async (_, at) => ({
        holder: await enrolDevice(core, pump, `HOLDER-${at}`),
        stranger: await expectDevice(core, pump, `STRANGER-${at}`),
      })),
    )
    await Promise.all(
      pairs.map(({ holder, stranger }) =>
        ask(core, stranger.credential, holder.key, { connectionCertificate: holder.certificate }),
      ),
    )
    const all = pairs.flatMap(({ holder, stranger }) => [holder, stranger])
    const states = await Promise.all(all.map(async (one) => (await deviceOf(core, one)).state))
    assert.equal(states.filter((state) => state === 'quarantined').length, 2)
    const alarms = await Array.fromAsync(allOf('alarm', core.ledger))
    assert.deepEqual(
      alarms.flatMap(({ kind, facts }) => (kind === 'key-held-twice' ? [facts.done] : [])).sort(),
      ['quarantined', 'too-many', 'too-many', 'too-many', 'too-many'],
    )
  }))

test('where one person may end any number alone, a program may not', async () => {
  const ports = { ...house, environment: 'production' } as const
  house.clock.pass({ hours: 25 })
  await changeLimit(null, 'a test', operator, ports)
  assert.deepEqual([await mayActAlone(20, ports), await mayActAlone(21, ports)], [true, false])
})

test('a key that is out of use harms its owner no more, whoever shows it', () =>
  scene(async ({ core, holder, stranger }) => {
    await choose(core, { shared: 'quarantine' })
    const { key: id } = await certificateOf(core, holder.id)
    const key = (await core.ledger.read('key', id)) ?? assert.fail()
    const record = { ...key, version: key.version + 1, state: 'compromised' } as const
    await core.means.ledger.commit({ puts: [{ kind: 'key', record }], events: [] })
    await ask(core, stranger.credential, holder.key, { connectionCertificate: holder.certificate })
    assert.notEqual((await deviceOf(core, holder)).state, 'quarantined')
    assert.equal((await deviceOf(core, stranger)).state, 'quarantined')
    const alarm = await openAlarm('key-held-twice', id, core.ledger)
    assert.match(alarm?.text ?? '', /the second was put in quarantine/)
  }))

test('what a registrar asks for a device is told as its own deed', () =>
  scene(async ({ core, holder, stranger }) => {
    const { key: id } = await certificateOf(core, holder.id)
    const key = (await core.ledger.read('key', id)) ?? assert.fail()
    const { id: other } = stranger.device
    await core.secondOwners.tell({
      ...{ key, stranger: other, proof: 'registrar', live: undefined, source: '192.0.2.1' },
    })
    const notice = await openAlarm('key-of-another-shown', other, core.ledger)
    assert.match(
      notice?.text ?? '',
      /^a registrar asked for device STRANGER-\d+, for a certificate/,
    )
  }))

test('one product may want a quarantine where the others want an alarm', () => {
  const policy: KeyPolicy = {
    recovered: 'revoke',
    shared: 'alarm',
    sharedOf: { prd_1: 'quarantine' },
  }
  assert.equal(sharedChoice(policy, ['prd_1', 'prd_2']), 'quarantine')
  assert.equal(sharedChoice(policy, ['prd_2', 'prd_2']), 'alarm')
  assert.equal(
    sharedChoice({ ...policy, shared: 'quarantine', sharedOf: { prd_1: 'alarm' } }, ['prd_1']),
    'alarm',
  )
  assert.equal(sharedChoice(policy, []), 'alarm')
})

test('who holds the key besides a device is named by what it is, and only devices are put away', () =>
  scene(async ({ core, holder, stranger }) => {
    await choose(core, { shared: 'quarantine' })
    const { key: id } = await certificateOf(core, holder.id)
    const key = (await core.ledger.read('key', id)) ?? assert.fail()
    await retire(await deviceOf(core, holder), 'a test', operator, core)
    const second = {
      key,
      stranger: 'app_0',
      proof: 'code',
      live: 'connection',
      source: '192.0.2.1',
    } as const
    await core.secondOwners.tell(second)
    const alarm = await openAlarm('key-held-twice', key.id, core.ledger)
    assert.match(alarm?.text ?? '', /^device HOLDER-\d+ and app_0 hold/)
    assert.equal((await deviceOf(core, holder)).state, 'retired')
    assert.equal(keyConflict(second, core.clock.now()).actor.kind, 'application')
    assert.notEqual((await deviceOf(core, stranger)).state, 'quarantined')
  }))

test('a break while two are told of keeps nobody from the answer', () =>
  scene(async ({ core, holder, stranger }) => {
    const { key: id } = await certificateOf(core, holder.id)
    const key = (await core.ledger.read('key', id)) ?? assert.fail()
    const troubles: string[] = []
    const ledger = { ...core.ledger, find: () => Promise.reject(new Error('gone')) }
    const desk = new SecondOwnerDesk({ ...core, ledger, report: (what) => troubles.push(what) })
    const { id: other } = stranger.device
    for (const live of ['connection', undefined] as const)
      await desk.tell({ key, stranger: other, proof: 'code', live, source: '192.0.2.1' })
    assert.equal(troubles.length, 2)
  }))

test('pairs are told of once an hour, and within bounds', () => {
  const pace = new SecondOwnerPace()
  const noon = Temporal.Instant.from('2026-05-01T12:00:00Z')
  const take = (stranger: string, isLive: boolean, key = 'key_1', at = noon) =>
    pace.take(key, stranger, isLive, at)
  assert.deepEqual([take('b', false), take('b', false)], [true, false])
  assert.equal(take('b', true), true, 'a live proof is told of after an old one')
  assert.deepEqual([take('b', true), take('b', true, 'key_2')], [false, true])
  assert.equal(take('b', false, 'key_2'), false, 'who shows many old requests is one stranger')
  const taken = Array.from({ length: 100 }, (_, at) => take(`c ${at}`, false))
  assert.equal(taken.filter((one) => one).length, 59)
  assert.equal(take('b', false, 'key_1', noon.add({ hours: 1 })), true)
})
