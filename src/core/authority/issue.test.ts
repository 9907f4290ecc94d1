// SPDX-License-Identifier: Apache-2.0
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { generateKey } from '#trust/private-key.ts'
import {
  addPump,
  ask,
  certificateOf,
  deviceOf,
  enrolDevice,
  expectDevice,
  issuedOf,
  operator,
  reasonOf,
  withCore,
} from '../../../test/support/core.ts'
import { Fault } from '../fault.ts'
import { revoke } from '../revocation/revoke.ts'
import { abandon, longestSigning, recoverReserved } from './abandon.ts'

test('what is signed was booked first, and what is answered was completed', async () => {
  const trace: string[] = []
  await withCore(
    async (core) => {
      const { credential } = await expectDevice(core, await addPump(core), 'A')
      trace.length = 0
      issuedOf(await ask(core, credential, await generateKey('p-256')))
      assert.deepEqual(trace, ['reserved', 'signed', 'issued'])
    },
    ({ ledger, keys }) => ({
      ledger: {
        read: (kind, id) => ledger.read(kind, id),
        find: (kind, key, values) => ledger.find(kind, key, values),
        list: (kind, query) => ledger.list(kind, query),
        count: (kind, query) => ledger.count(kind, query),
        commit: async (change) => {
          const committed = await ledger.commit(change)
          for (const { kind, record } of change.puts) {
            if (kind === 'certificate') trace.push(record.state)
          }
          return committed
        },
      },
      keys: {
        make: (algorithm, keyId, place) => keys.make(algorithm, keyId, place),
        has: (keyId) => keys.has(keyId),
        sign: async (keyId, toBeSigned) => {
          const signature = await keys.sign(keyId, toBeSigned)
          trace.push('signed')
          return signature
        },
      },
    }),
  )
})

test('a new key is booked with the end of its crypto-period, as the profile sets it', async () => {
  await withCore(async (core) => {
    const { credential } = await expectDevice(core, await addPump(core), 'A')
    const issued = issuedOf(await ask(core, credential, await generateKey('p-256')))
    const certificate = await certificateOf(core, issued.id)
    const key = await core.ledger.read('key', certificate.key)
    // ldevid: 26,280 hours, NIST SP 800-57 part 1 table 1.
    assert.equal(key?.activatedAt.until(key.deactivateAt ?? key.activatedAt).total('hours'), 26_280)
  })
})

test('a key that does not sign abandons the certificate and gives the code back', async () => {
  let broken = false
  await withCore(
    async (core) => {
      const expected = await expectDevice(core, await addPump(core), 'A')
      const key = await generateKey('p-256')
      broken = true
      await assert.rejects(
        ask(core, expected.credential, key),
        (error) => error instanceof Fault && error.code === 'signing-failed',
      )
      assert.equal((await deviceOf(core, expected)).enrolmentsLeft, 1)
      // The list could not be signed either; that is told, and stops nobody.
      assert.ok(core.shelf.troubles.length > 0)
      broken = false
      issuedOf(await ask(core, expected.credential, key))
      await core.shelf.refresh(core.doors.own)
      assert.deepEqual(core.shelf.troubles, [])
    },
    ({ keys }) => ({
      keys: {
        make: (algorithm, keyId, place) => keys.make(algorithm, keyId, place),
        has: (keyId) => keys.has(keyId),
        sign: (keyId, toBeSigned) =>
          broken ? Promise.reject(new Fault('key-damaged', 'test')) : keys.sign(keyId, toBeSigned),
      },
    }),
  )
})

test('while the backend of the key is away nothing is booked, and the device hears to come again', async () => {
  let away = false
  await withCore(
    async (core) => {
      const expected = await expectDevice(core, await addPump(core), 'A')
      const key = await generateKey('p-256')
      const before = await core.ledger.count('certificate', {})
      away = true
      const refused = await ask(core, expected.credential, key)
      assert.equal(refused.kind === 'refused' && refused.reason, 'key-backend-away')
      assert.doesNotMatch(JSON.stringify(refused), /cable/)
      assert.equal(await core.ledger.count('certificate', {}), before)
      away = false
      issuedOf(await ask(core, expected.credential, key))
    },
    ({ keys }) => ({
      keys: {
        make: (algorithm, keyId, place) => keys.make(algorithm, keyId, place),
        has: (keyId) => keys.has(keyId),
        sign: (keyId, toBeSigned) => keys.sign(keyId, toBeSigned),
        awayBecause: async () => (away ? 'the cable is out' : undefined),
      },
    }),
  )
})

test('a certificate that a full disk left reserved is recovered once its time is over', async () => {
  let full = false
  await withCore(
    async (core) => {
      const expected = await expectDevice(core, await addPump(core), 'A')
      const key = await generateKey('p-256')
      full = true
      await assert.rejects(ask(core, expected.credential, key), { code: 'store-full' })
      full = false
      const before = () => core.clock.now().subtract(longestSigning)
      assert.equal(await recoverReserved(core, before()), 0)
      core.clock.pass({ minutes: 3 })
      assert.equal(await recoverReserved(core, before()), 1)
      issuedOf(await ask(core, expected.credential, key))
    },
    ({ ledger }) => ({
      ledger: {
        read: (kind, id) => ledger.read(kind, id),
        find: (kind, key, values) => ledger.find(kind, key, values),
        list: (kind, query) => ledger.list(kind, query),
        count: (kind, query) => ledger.count(kind, query),
        commit: (change) =>
          full && change.puts.some(({ kind }) => kind === 'encoding')
            ? Promise.reject(new Fault('store-full', 'test'))
            : ledger.commit(change),
      },
    }),
  )
})

test('what was completed is never abandoned', async () => {
  await withCore(async (core) => {
    const { id } = await enrolDevice(core, await addPump(core), 'A')
    assert.equal(await abandon(id, core), false)
    assert.equal((await certificateOf(core, id)).state, 'issued')
  })
})

test('an authority issues nothing after its time, nor while the clock is behind', async () => {
  await withCore(async (core) => {
    const { credential } = await expectDevice(core, await addPump(core), 'A')
    const key = await generateKey('p-256')
    core.clock.pass({ hours: -1 })
    assert.equal(reasonOf(await ask(core, credential, key)), 'clock-behind')
    core.clock.pass({ hours: 1 + 100 * 24 })
    const issuing = core.doors.own.find(({ kind }) => kind === 'issuing')
    assert.ok(issuing && Temporal.Instant.compare(issuing.issueUntil, core.clock.now()) < 0)
    const later = await expectDevice(core, await addPump(core, 'later'), 'B')
    assert.equal(reasonOf(await ask(core, later.credential, key)), 'issuing-stopped')
  })
})

test('a revoked issuing authority issues nothing more', async () => {
  await withCore(async (core) => {
    const { credential } = await expectDevice(core, await addPump(core), 'A')
    const { items } = await core.ledger.list('certificate', { limit: 9 })
    const issuing = items.find(({ kind }) => kind === 'issuing') ?? assert.fail()
    const revocation = { id: issuing.id, reason: 'cessationOfOperation', because: 'test' } as const
    assert.equal((await revoke(revocation, operator, core)).kind, 'revoked')
    const outcome = await ask(core, credential, await generateKey('p-256'))
    assert.equal(reasonOf(outcome), 'issuing-stopped')
  })
})

test('what the linter finds wrong is not signed', async () => {
  await withCore(async (core) => {
    const pump = await addPump(core)
    const { credential } = await expectDevice(core, pump, 'A')
    const door = core.doors.for(pump.id, undefined)
    assert.ok(!('kind' in door))
    // An authority whose record and certificate do not belong together.
    const { issuer } = door
    const authority = { ...issuer.authority, subjectKeyIdentifier: new Uint8Array(20) }
    const wrong = { ...door, issuer: { ...issuer, authority } }
    const doors = new Proxy(core.doors, {
      get: (target, name) => {
        if (name === 'for') return () => wrong
        const value: unknown = Reflect.get(target, name, target)
        return typeof value === 'function' ? value.bind(target) : value
      },
    })
    const outcome = await ask({ ...core, doors }, credential, await generateKey('p-256'))
    assert.equal(reasonOf(outcome), 'lint-failed')
    assert.equal(await core.ledger.count('certificate', { by: 'state', equal: ['reserved'] }), 0)
  })
})
