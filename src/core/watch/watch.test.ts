// SPDX-License-Identifier: Apache-2.0
import assert from 'node:assert/strict'
import { test } from 'node:test'
import {
  addPump,
  certificateOf,
  codeFor,
  enrolDevice,
  expectDevice,
  operator,
  type TestCore,
  withCore,
} from '../../../test/support/core.ts'
import { kindsOf, look, openAlarms, quiet } from '../../../test/support/watch.ts'
import { newId } from '../ledger/ids.ts'
import type { Authority } from '../ledger/tables.ts'
import { invite } from '../people/invitation.ts'
import { fullCrl } from '../revocation/publish.ts'

for (const [environment, first, ...later] of [
  ['trial', undefined, 'notice', 'warning'],
  ['production', 'notice', 'warning', 'critical'],
] as const) {
  test(`an authority of ${environment} that ends is told louder and louder, each time once`, () =>
    withCore(async (core) => {
      // Founded a moment ago, it ends in 90 days, whatever it is taken for.
      const issuing = await changed(core, await openIssuing(core), { environment })
      const severityOf = async () =>
        (await openAlarms(core)).find(
          ({ kind, subject }) => kind === 'authority-ending' && subject === issuing.id,
        )?.severity
      await look(core)
      const before = core.events.length
      await look(core)
      assert.equal(core.events.length, before)
      assert.equal(await severityOf(), first)
      for (const [index, days] of [61, 24].entries()) {
        core.clock.pass({ hours: 24 * days })
        await look(core)
        assert.equal(await severityOf(), later[index])
      }
      await changed(core, issuing, { state: 'issuing-stopped' })
      await look(core)
      assert.equal(await severityOf(), undefined, 'nobody waits for one that was stopped')
    }))
}

async function changed(core: TestCore, before: Authority, columns: Partial<Authority>) {
  const record = { ...before, ...columns, version: before.version + 1 }
  const done = await core.ledger.commit({ puts: [{ kind: 'authority', record }], events: [] })
  assert.equal(done.kind, 'committed')
  return record
}

async function openIssuing(core: TestCore): Promise<Authority> {
  const { items } = await core.ledger.list('authority', {
    by: 'kind',
    equal: ['issuing'],
    limit: 1,
  })
  return items[0] ?? assert.fail('no issuing authority')
}

test('a revocation list past half of its life without a successor is stale, and a new one clears it', () =>
  withCore(async (core) => {
    await quiet(core)
    const authority = await openIssuing(core)
    await core.shelf.refresh(core.doors.own)
    core.clock.pass({ hours: 24 * 3 })
    await look(core)
    assert.deepEqual(await kindsOf(core), [])
    core.clock.pass({ hours: 24 * 2 })
    await look(core)
    const [alarm] = await openAlarms(core)
    assert.deepEqual(
      [alarm?.kind, alarm?.severity, alarm?.subject],
      ['status-stale', 'warning', authority.id],
    )
    core.clock.pass({ hours: 24 * 4 })
    await look(core)
    assert.ok((await kindsOf(core)).includes('status-stale critical'))
    await core.shelf.refresh(core.doors.own)
    await look(core)
    assert.deepEqual(await kindsOf(core), [])
  }))

test('a list that was made under a clock that was ahead is told once the clock is right again', () =>
  withCore(async (core) => {
    await quiet(core)
    const authority = await openIssuing(core)
    core.clock.pass({ hours: 10 * 24 })
    await core.shelf.refresh(core.doors.own)
    await look(core)
    assert.deepEqual(await kindsOf(core), [])
    core.clock.pass({ hours: -10 * 24 })
    await look(core)
    const told = (await openAlarms(core)).filter(({ subject }) => subject === authority.id)
    assert.deepEqual(
      told.map(({ kind, severity }) => [kind, severity]),
      [['status-stale', 'critical']],
    )
    assert.match(told[0]?.text ?? '', /which is still to come: a clock was ahead/)
    core.clock.pass({ hours: 10 * 24 })
    await core.shelf.refresh(core.doors.own)
    await look(core)
    assert.deepEqual(await kindsOf(core), [])
  }))

test('a root of a ceremony without any list is told, until one comes', () =>
  withCore(async (core) => {
    await quiet(core)
    const here = core.doors.own.find(({ kind }) => kind === 'root') ?? assert.fail()
    const root = {
      ...{ ...here, id: newId('authority', core), version: 1, name: 'vault-root', key: null },
      ...({ origin: 'ceremony', certificateSha256: Uint8Array.of(1) } as const),
    }
    await core.ledger.commit({ puts: [{ kind: 'authority', record: root }], events: [] })
    await look(core)
    assert.deepEqual(await kindsOf(core), ['status-stale critical'])
    const thisUpdate = core.clock.now()
    const list = {
      ...{ id: newId('crl', core), version: 1, authority: root.id, shard: fullCrl, number: 1 },
      ...{ der: Uint8Array.of(), thisUpdate, nextUpdate: thisUpdate.add({ hours: 24 }) },
      ...{ issue: null, base: null, endedBefore: null, entries: null, sha256: null, parts: null },
    }
    await core.ledger.commit({ puts: [{ kind: 'crl', record: list }], events: [] })
    await look(core)
    assert.deepEqual(await kindsOf(core), [])
  }))

test('a certificate that nobody renews by itself is told before its end, and cleared when it is followed', () =>
  withCore(async (core) => {
    await quiet(core)
    const pump = await addPump(core)
    const like = await certificateOf(core, (await enrolDevice(core, pump, 'PUMP-1')).id)
    const put = async (kind: 'server' | 'client', notAfter: Temporal.Instant) => {
      const id = newId('certificate', core)
      const record = {
        ...{ ...like, id, version: 1, kind, owner: 'server', subject: 'CN=here', notAfter },
        ...{ serialNumber: core.random.bytes(16), sha256: null },
      }
      await core.ledger.commit({ puts: [{ kind: 'certificate', record }], events: [] })
      return id
    }
    const now = core.clock.now()
    const server = await put('server', now.add({ hours: 24 * 10 }))
    await look(core)
    assert.deepEqual(await kindsOf(core), [])
    core.clock.pass({ hours: 24 * 4 })
    await core.shelf.refresh(core.doors.own)
    await look(core)
    assert.deepEqual(await kindsOf(core), ['certificate-ending warning'])
    core.clock.pass({ hours: 24 * 5 })
    await core.shelf.refresh(core.doors.own)
    await look(core)
    assert.deepEqual(await kindsOf(core), ['certificate-ending critical'])
    assert.equal(
      (await openAlarms(core)).find(({ subject }) => subject === server)?.facts['kind'],
      'server',
    )
    await put('server', now.add({ hours: 24 * 90 }))
    await put('client', now.add({ hours: 24 * 30 }))
    await core.shelf.refresh(core.doors.own)
    await look(core)
    assert.deepEqual(await kindsOf(core), ['certificate-ending notice'])
  }))

test('many codes that end unused within a day are one notice', () =>
  withCore(async (core) => {
    await quiet(core)
    const pump = await addPump(core)
    const { device } = await expectDevice(core, pump, 'PUMP-1')
    const code = (await core.ledger.list('code', { limit: 1 })).items[0] ?? assert.fail('no code')
    await codeFor(core, device)
    const puts = Array.from({ length: 120 }, () => ({
      kind: 'code' as const,
      record: {
        ...{ ...code, id: newId('code', core), version: 1 },
        ...{ codeSha256: core.random.bytes(32), expiresAt: core.clock.now().add({ hours: 23 }) },
      },
    }))
    await core.ledger.commit({ puts, events: [] })
    await look(core)
    assert.deepEqual(await kindsOf(core), ['codes-unused notice'])
    core.clock.pass({ hours: 30 })
    await look(core)
    assert.deepEqual(await kindsOf(core), [])
  }))

test('an invitation on its last day is a notice, until it ends', () =>
  withCore(async (core) => {
    await quiet(core)
    await invite({ name: 'Grace', role: 'operator' }, operator, core)
    await look(core)
    assert.deepEqual(await kindsOf(core), [])
    core.clock.pass({ hours: 60 })
    await look(core)
    assert.deepEqual(await kindsOf(core), ['invitation-ending notice'])
    core.clock.pass({ hours: 13 })
    await look(core)
    assert.deepEqual(await kindsOf(core), [])
  }))
