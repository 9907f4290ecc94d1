// SPDX-License-Identifier: Apache-2.0
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { setImmediate as immediate } from 'node:timers/promises'
import { generateKey } from '#trust/private-key.ts'
import {
  addPump,
  ask,
  certificateOf,
  codeFor,
  deviceOf,
  enrolDevice,
  expectDevice,
  force,
  Held,
  Interrupted,
  issuedOf,
  operator,
  reasonOf,
  type TestCore,
  withCore,
} from '../../../test/support/core.ts'
import { renewalBy, requestBy } from '../../../test/support/house.ts'
import { recoverReserved } from '../authority/abandon.ts'
import { allowReEnrolment, rebind, retire } from '../devices/life.ts'
import { newId } from '../ledger/ids.ts'
import type { Put } from '../ledger/ledger.ts'
import { revoke } from '../revocation/revoke.ts'

const count = (core: TestCore) => core.ledger.count('certificate', { where: { kind: 'working' } })

test('a repetition while the first is being signed waits for it, and gets the same', async () => {
  const held = new Held()
  await withCore(async (core) => {
    const pump = await addPump(core)
    const { credential } = await expectDevice(core, pump, 'PUMP-1')
    const request = await requestBy(await generateKey('p-256'))
    const { release, began } = held.hold()
    const first = ask(core, credential, request)
    await began
    const second = ask(core, credential, request)
    setImmediate(release)
    assert.deepEqual(issuedOf(await second), issuedOf(await first))
    assert.equal(await count(core), 1)
  }, held.replace)
})

test('a repeated renewal while the first is being signed makes no second certificate', async () => {
  const held = new Held()
  await withCore(async (core) => {
    const { shown, key, certificate } = await enrolDevice(core, await addPump(core), 'PUMP-1')
    const request = await renewalBy(key, certificate)
    const { release, began } = held.hold()
    const renew = () => ask(core, shown, request, { operation: 'reenrol' })
    const first = renew()
    await began
    const second = renew()
    setImmediate(release)
    assert.deepEqual(issuedOf(await second), issuedOf(await first))
    assert.equal(await count(core), 2)
  }, held.replace)
})

test('a repetition of what is never signed is told to come again', async () => {
  const held = new Held()
  await withCore(async (core) => {
    const { credential } = await expectDevice(core, await addPump(core), 'PUMP-1')
    const request = await requestBy(await generateKey('p-256'))
    const { release, began } = held.hold()
    const first = ask(core, credential, request)
    await began
    const impatient = { ...core, pause: async () => {} }
    assert.equal(reasonOf(await ask(impatient, credential, request)), 'busy')
    release()
    issuedOf(await first)
  }, held.replace)
})

test('of two devices with one key at the same moment one holds it, and the other raises an alarm', async () => {
  const interrupted = new Interrupted()
  await withCore(async (core) => {
    const pump = await addPump(core)
    const [one, other] = [await expectDevice(core, pump, 'A'), await expectDevice(core, pump, 'B')]
    const request = await requestBy(await generateKey('p-256'))
    interrupted.beforeNext('certificate', () => ask(core, other.credential, request))
    const outcome = await ask(core, one.credential, request)
    assert.equal(reasonOf(outcome), 'key-has-another-owner')
    assert.equal((await deviceOf(core, one)).state, 'expected')
    assert.equal((await deviceOf(core, other)).state, 'provisioned')
    const alarms = core.events.filter(({ type }) => type === 'key-conflict')
    assert.deepEqual(
      alarms.map(({ actor, subjects }) => [actor.id, ...subjects.slice(1)]),
      [[one.device.id, other.device.id, one.device.id]],
    )
  }, interrupted.replace)
})

test('a device that asks twice at once for one key is no stranger to it', async () => {
  const interrupted = new Interrupted()
  await withCore(async (core) => {
    const { credential } = await expectDevice(core, await addPump(core), 'A')
    const key = await generateKey('p-256')
    const another = await requestBy(key)
    interrupted.beforeNext('certificate', () => ask(core, credential, another))
    // ECDSA draws its nonce anew, so these are other bytes of the same key.
    assert.equal(reasonOf(await ask(core, credential, key)), 'busy')
    assert.ok(!core.events.some(({ type }) => type === 'key-conflict'))
    assert.equal(await count(core), 1)
  }, interrupted.replace)
})

test('a key that another device holds raises alarms by the measure of refusals, not without end', async () => {
  await withCore(async (core) => {
    const pump = await addPump(core)
    const holder = await enrolDevice(core, pump, 'HOLDER')
    const thief = await expectDevice(core, pump, 'THIEF')
    for (let times = 0; times < 10; times++) {
      const outcome = await ask(core, thief.credential, holder.key)
      assert.equal(reasonOf(outcome), 'key-has-another-owner')
    }
    assert.equal(core.events.filter(({ type }) => type === 'key-conflict').length, 3)
  })
})

test('a device retired between decision and booking gets nothing', async () => {
  const interrupted = new Interrupted()
  await withCore(async (core) => {
    const expected = await expectDevice(core, await addPump(core), 'A')
    interrupted.beforeNext('certificate', async () =>
      retire(await deviceOf(core, expected), 'lost', operator, core),
    )
    const key = await generateKey('p-256')
    assert.equal(reasonOf(await ask(core, expected.credential, key)), 'busy')
    assert.equal(await count(core), 0)
    assert.equal(reasonOf(await ask(core, expected.credential, key)), 'code-expired')
  }, interrupted.replace)
})

test('a certificate revoked between decision and booking renews nothing', async () => {
  const interrupted = new Interrupted()
  await withCore(async (core) => {
    const { shown, key, certificate, id } = await enrolDevice(core, await addPump(core), 'A')
    const request = await renewalBy(key, certificate)
    const renew = () => ask(core, shown, request, { operation: 'reenrol' })
    assert.equal(reasonOf(await ask(core, shown, new Uint8Array())), 'request-malformed')
    interrupted.beforeNext('repetition', () =>
      revoke({ id, reason: 'superseded', because: 'test' }, operator, core),
    )
    assert.equal(reasonOf(await renew()), 'busy')
    assert.equal(reasonOf(await renew()), 'certificate-revoked')
    assert.equal(await count(core), 1)
  }, interrupted.replace)
})

test('a device rebound while its certificate is signed gets none, and ledger and log agree', async () => {
  const held = new Held()
  await withCore(async (core) => {
    const expected = await expectDevice(core, await addPump(core), 'A')
    const { release, began } = held.hold()
    const asked = ask(core, expected.credential, await generateKey('p-256'))
    await began
    const rebinding = rebind(await deviceOf(core, expected), 'new board', operator, core)
    // It is durable long before the revocation lists that follow are signed.
    while ((await deviceOf(core, expected)).state !== 'expected') await immediate()
    release()
    assert.equal((await rebinding).kind, 'changed')
    assert.equal(reasonOf(await asked), 'busy')
    const { items } = await core.ledger.list('certificate', {
      by: 'state',
      equal: ['abandoned'],
      limit: 9,
    })
    assert.deepEqual(
      items.map(({ owner }) => owner),
      [expected.device.id],
    )
    const ends = core.events.filter(({ subjects }) => subjects.includes(items[0]?.id ?? ''))
    assert.deepEqual(
      ends.map(({ type }) => type),
      ['certificate-abandoned'],
    )
  }, held.replace)
})

test('a device in quarantine gets nothing, not even the answer to a repetition', async () => {
  await withCore(async (core) => {
    const enrolled = await enrolDevice(core, await addPump(core), 'A')
    const request = await requestBy(enrolled.key)
    await force(core, await deviceOf(core, enrolled), { state: 'quarantined' })
    for (const credential of [enrolled.credential, enrolled.shown]) {
      assert.equal(reasonOf(await ask(core, credential, request)), 'device-quarantined')
    }
  })
})

test('a spare permission to enrol is no licence to renew without end', async () => {
  await withCore(async (core) => {
    const enrolled = await enrolDevice(core, await addPump(core), 'A')
    const { shown, key, certificate } = enrolled
    await allowReEnrolment(await deviceOf(core, enrolled), 'test', operator, core)
    const reasons: string[] = []
    for (let times = 0; times < 4; times++) {
      const request = await renewalBy(key, certificate)
      reasons.push(reasonOf(await ask(core, shown, request, { operation: 'reenrol' })))
    }
    assert.deepEqual(reasons, ['issued', 'issued', 'too-many-identities', 'too-many-identities'])
  })
})

test('identities that are being signed count, so that asking at once gains nothing', async () => {
  const held = new Held()
  await withCore(async (core) => {
    const { shown, key, certificate } = await enrolDevice(core, await addPump(core), 'A')
    const { release, began } = held.hold()
    const asked: Promise<string>[] = []
    for (let times = 0; times < 6; times++) {
      const request = await renewalBy(key, certificate)
      asked.push(ask(core, shown, request, { operation: 'reenrol' }).then(reasonOf))
    }
    const others = Promise.all(asked)
    await began
    release()
    const issued = (await others).filter((reason) => reason === 'issued')
    assert.ok(issued.length <= 2, `${issued.length} were issued`)
  }, held.replace)
})

test('identities are counted past any number of ended ones', async () => {
  await withCore(async (core) => {
    const pump = await addPump(core)
    const enrolled = await enrolDevice(core, pump, 'A', { label: 'pump-birth' })
    await allowReEnrolment(await deviceOf(core, enrolled), 'test', operator, core)
    issuedOf(await ask(core, enrolled.shown, await generateKey('p-256')))
    core.clock.pass({ milliseconds: 5 })
    const like = await certificateOf(core, enrolled.id)
    const puts = Array.from({ length: 130 }, (): Put => {
      const fresh = { id: newId('certificate', core), serialNumber: core.random.bytes(16) }
      const ended = { kind: 'working', state: 'revoked', revokedAt: like.reservedAt } as const
      return {
        kind: 'certificate',
        record: { ...like, ...fresh, ...ended, sha256: null, version: 1 },
      }
    })
    await core.means.ledger.commit({ puts, events: [] })
    const outcome = await ask(core, enrolled.shown, await generateKey('p-256'))
    assert.equal(reasonOf(outcome), 'device-already-enrolled')
  })
})

test('a refusal is told with the device as soon as it is known, before that with what it claims', async () => {
  await withCore(async (core) => {
    const { device, credential } = await expectDevice(core, await addPump(core), 'A')
    const key = await generateKey('p-256')
    await ask(core, { ...credential, code: 'wrong' }, key)
    await ask(core, credential, key, { label: 'nowhere' })
    const told = core.events.filter(({ type }) => type === 'request-refused')
    assert.deepEqual(
      told.map(({ subjects, facts }) => [facts['reason'], ...subjects]),
      [
        ['code-wrong', 'A'],
        ['entrance-unknown', device.id],
      ],
    )
  })
})

test('a right code is admitted from an address of which only wrong ones came', async () => {
  await withCore(async (core) => {
    const pump = await addPump(core)
    const { credential } = await expectDevice(core, pump, 'RIGHT')
    const expired = await expectDevice(core, pump, 'KNOWN')
    const key = await generateKey('p-256')
    const request = await requestBy(key)
    const guess = (user: string) =>
      ask(core, { ...expired.credential, user, code: 'wrong' }, request)
    for (let times = 0; times < 100; times++) {
      assert.equal(reasonOf(await guess(`GUESS-${times}`)), 'code-wrong')
    }
    const unknown = await guess('UNKNOWN')
    assert.equal(reasonOf(unknown), 'rate-limited')
    assert.deepEqual(await guess('KNOWN'), unknown)
    issuedOf(await ask(core, credential, key))
  })
})

test('a device that renews and uses in a loop is given 24 certificates a day; a permission is not held up', async () => {
  await withCore(async (core) => {
    const enrolled = await enrolDevice(core, await addPump(core), 'A')
    let newest = enrolled.certificate
    const renew = async () => {
      const shown = { kind: 'certificate', chain: [newest] } as const
      const request = await renewalBy(enrolled.key, newest)
      const outcome = await ask(core, shown, request, { operation: 'reenrol' })
      if (outcome.kind === 'issued') newest = outcome.certificate
      return reasonOf(outcome)
    }
    const renewals: string[] = []
    for (let times = 1; times < 24; times++) renewals.push(await renew())
    assert.deepEqual(new Set(renewals), new Set(['issued']))
    assert.equal(await renew(), 'rate-limited')
    await allowReEnrolment(await deviceOf(core, enrolled), 'test', operator, core)
    const code = await codeFor(core, await deviceOf(core, enrolled))
    issuedOf(await ask(core, { kind: 'code', user: 'A', code }, await generateKey('p-256')))
    assert.equal(await renew(), 'rate-limited')
    core.clock.pass({ hours: 24 })
    assert.equal(await renew(), 'issued')
  })
})

test('the answers about codes are told apart only to who holds the code', async () => {
  await withCore(async (core) => {
    const pump = await addPump(core)
    const [one, other] = [await expectDevice(core, pump, 'A'), await expectDevice(core, pump, 'B')]
    const key = await generateKey('p-256')
    const wrong = await ask(core, { ...one.credential, code: other.credential.code }, key)
    const unknown = await ask(core, { ...one.credential, user: 'C' }, key)
    assert.deepEqual(wrong, unknown)
    assert.equal(reasonOf(wrong), 'code-wrong')
    core.clock.pass({ hours: 25 })
    assert.equal(reasonOf(await ask(core, one.credential, key)), 'code-expired')
    const code = await codeFor(core, await deviceOf(core, one))
    issuedOf(await ask(core, { kind: 'code', user: 'A', code }, key))
    const again = await ask(core, { kind: 'code', user: 'A', code }, await generateKey('p-256'))
    assert.equal(reasonOf(again), 'code-used')
    assert.equal(reasonOf(await ask(core, { kind: 'none' }, key)), 'credential-missing')
    assert.equal(
      reasonOf(await ask(core, { kind: 'certificate', chain: [] }, key)),
      'credential-missing',
    )
  })
})

test('a code that is given back while it is looked at makes its device come again', async () => {
  const held = new Held()
  await withCore(async (core) => {
    const { credential } = await expectDevice(core, await addPump(core), 'PUMP-1')
    const request = await requestBy(await generateKey('p-256'))
    const { release, began } = held.hold()
    const first = ask(core, credential, request)
    await began
    // As on a node that takes up what another was signing when it died.
    let isAbandoned = false
    const ledger: typeof core.ledger = {
      ...core.ledger,
      find: async (kind, key, values) => {
        if (kind === 'repetition' && !isAbandoned) {
          isAbandoned = true
          await recoverReserved({ ledger: core.means.ledger, clock: core.clock })
        }
        return core.ledger.find(kind, key, values)
      },
    }
    assert.equal(reasonOf(await ask({ ...core, ledger }, credential, request)), 'busy')
    release()
    assert.equal(reasonOf(await first), 'busy')
    issuedOf(await ask(core, credential, request))
  }, held.replace)
})
