// SPDX-License-Identifier: Apache-2.0
import assert from 'node:assert/strict'
import { after, test } from 'node:test'
import { Fault } from '#core/fault.ts'
import { findResponder } from '#core/ocsp/find-responder.ts'
import { applyProfile, newestProfile } from '#core/policy/apply-profile.ts'
import { revoke } from '#core/revocation/revoke.ts'
import { openAlarm } from '#core/watch/alarm.ts'
import { parseCertificate } from '#format/x509/certificate.ts'
import { readExtension } from '#format/x509/extension.ts'
import {
  addPump,
  certificateOf,
  enrolDevice,
  openTestCore,
  operator,
} from '../../test/support/core.ts'
import { believed, certIdOf, parsedQuestion } from '../../test/support/ocsp.ts'
import { Feed } from './feed.ts'
import { openOcsp, renewResponders, responderStates } from './ocsp.ts'

let broken = false
const core = await openTestCore(({ keys }) => ({
  keys: {
    ...{ has: (keyId) => keys.has(keyId), sign: (keyId, bytes) => keys.sign(keyId, bytes) },
    make: async (algorithm, keyId, place) => {
      if (broken) throw new Fault('key-unreachable', 'it is away')
      return keys.make(algorithm, keyId, place)
    },
  },
}))
after(() => core.close())
const issuer = core.doors.own.find(({ kind }) => kind === 'issuing') ?? assert.fail('no issuer')
const pump = await addPump(core)
const never = new AbortController().signal

const alarmNow = () => openAlarm('ocsp-responder-ending', issuer.id, core.ledger)

test('nobody answers before somebody asks, or a profile writes the address into certificates', async () => {
  await renewResponders(core, never)
  assert.deepEqual(await responderStates(core), [])
  const ready = await newestProfile('ldevid', core.ledger)
  const before = ready?.document as { readonly status: object }
  const status = { ...before.status, ocsp: true }
  const document = { ...before, version: 2, status }
  assert.equal((await applyProfile(document, operator, core)).kind, 'applied')
  await renewResponders(core, never)
  assert.ok((await findResponder(issuer.id, core.clock.now(), core.ledger)) !== undefined)
  const { certificate } = await enrolDevice(core, pump, 'P-1')
  const access = readExtension(parseCertificate(certificate).extensions, 'authorityInfoAccess')
  const [ocsp] = access ?? []
  assert.equal(ocsp?.method, '1.3.6.1.5.5.7.48.1')
  assert.deepEqual(ocsp?.location, { kind: 'uri', value: 'http://localhost:8080/ocsp' })
  assert.equal(await alarmNow(), undefined)
})

test('another node forgets what was said when it hears of a revocation, and who says it when it missed some', async () => {
  const feed = new Feed((cause) => assert.fail(String(cause)))
  const news = Promise.withResolvers<Parameters<Parameters<typeof feed.hear>[0]['follow']>[0]>()
  const unhear = feed.hear({
    hears: () => true,
    follow: (listener) => {
      news.resolve(listener)
      return () => {}
    },
  })
  const { id } = await enrolDevice(core, pump, 'P-2')
  const { serialNumber } = await certificateOf(core, id)
  // It has a memory of its own, and the same ledger.
  const desk = openOcsp({ ...core, maker: 'Acme', report: assert.fail }, feed)
  const question = parsedQuestion([certIdOf(issuer, serialNumber)])
  const statusNow = async () => {
    const said = await desk.answer(question, '192.0.2.9')
    if (said.kind !== 'answer') return assert.fail(said.detail)
    return (await believed(said.answer.der, issuer)).responses[0]?.status.kind
  }
  assert.equal(await statusNow(), 'good')
  const seen = core.events.length
  const lost = { id, reason: 'superseded', because: 'test' } as const
  assert.equal((await revoke(lost, operator, core)).kind, 'revoked')
  assert.equal(await statusNow(), 'good')
  const tell = await news.promise
  tell({
    kind: 'events',
    events: core.events.slice(seen),
    kinds: new Set(['certificate']),
  } as never)
  const told = Promise.withResolvers<void>()
  feed.followElsewhere(() => told.resolve())
  tell({ kind: 'events', events: [], kinds: new Set() } as never)
  await told.promise
  assert.equal(await statusNow(), 'revoked')
  assert.equal(desk.kept.entries, 1)
  const missed = Promise.withResolvers<void>()
  feed.followElsewhere(() => missed.resolve())
  tell({ kind: 'missed' })
  await missed.promise
  assert.deepEqual([desk.kept.entries, desk.responders.known.length], [0, 0])
  unhear()
})

test('a node that cannot look up what it hears of forgets all that it said', async () => {
  const { id } = await enrolDevice(core, pump, 'P-3')
  const { serialNumber } = await certificateOf(core, id)
  const troubles: unknown[] = []
  const feed = new Feed((cause) => troubles.push(cause))
  let tell: Parameters<Parameters<typeof feed.hear>[0]['follow']>[0] = () => assert.fail()
  feed.hear({
    hears: () => true,
    follow: (listener) => {
      tell = listener
      return () => {}
    },
  })
  let isAway = false
  const ledger: typeof core.ledger = {
    ...{ find: core.ledger.find, list: core.ledger.list, count: core.ledger.count },
    commit: core.ledger.commit,
    read: async (kind, one) => {
      if (isAway) throw new Fault('store-unreachable', 'it is away')
      return core.ledger.read(kind, one)
    },
  }
  const desk = openOcsp({ ...core, ledger, maker: 'Acme', report: assert.fail }, feed)
  const question = parsedQuestion([certIdOf(issuer, serialNumber)])
  assert.equal((await desk.answer(question, '192.0.2.9')).kind, 'answer')
  const seen = core.events.length
  const lost = { id, reason: 'superseded', because: 'test' } as const
  assert.equal((await revoke(lost, operator, core)).kind, 'revoked')
  isAway = true
  const told = Promise.withResolvers<void>()
  feed.followElsewhere(() => told.resolve())
  tell({ kind: 'events', events: core.events.slice(seen), kinds: new Set(['certificate']) })
  await told.promise
  assert.equal(desk.kept.entries, 0)
  assert.equal(troubles.length, 1)
})

test('one that cannot be renewed is told of half a month before its end, and no more once it is', async () => {
  const first = await core.ocsp.responders.of(issuer)
  if ('reason' in first) return assert.fail(first.detail)
  broken = true
  core.clock.pass({ hours: 65 * 24 })
  await renewResponders(core, never)
  assert.equal(await alarmNow(), undefined)
  core.clock.pass({ hours: 15 * 24 })
  await renewResponders(core, never)
  const near = await alarmNow()
  assert.equal(near?.severity, 'warning')
  assert.match(near?.text ?? '', /who answers ends .* and there is no successor: .*it is away/)
  assert.deepEqual(
    (await responderStates(core)).map(({ isNear }) => isNear),
    [true],
  )
  core.clock.pass({ hours: 8 * 24 })
  broken = false
  await renewResponders(core, never)
  assert.equal(await alarmNow(), undefined)
})

test('a responder that is revoked is shown to nobody any more, with what it signed', async () => {
  const first = await core.ocsp.responders.of(issuer)
  if ('reason' in first) return assert.fail(first.detail)
  const lost = { id: first.id, reason: 'keyCompromise', because: 'stolen' } as const
  assert.equal((await revoke(lost, operator, core)).kind, 'revoked')
  assert.equal(core.ocsp.kept.entries, 0)
  const next = await core.ocsp.responders.of(issuer)
  if ('reason' in next) return assert.fail(next.detail)
  assert.notEqual(next.id, first.id)
  const [now] = core.doors.own
  assert.equal(now?.state, 'active')
})
