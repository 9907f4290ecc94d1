// SPDX-License-Identifier: Apache-2.0
/** Requests that wait for a person: one certificate for each yes, and none without, whatever happens. */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { setImmediate as immediate } from 'node:timers/promises'
import { recoverReserved } from '#core/authority/abandon.ts'
import { retire } from '#core/devices/life.ts'
import { newId } from '#core/ledger/ids.ts'
import type { PendingRequest } from '#core/ledger/tables.ts'
import { sha256 } from '#trust/digest.ts'
import { generateKey, type KeyPair } from '#trust/private-key.ts'
import {
  addPump,
  ask,
  certificateOf,
  codeFor,
  deviceOf,
  type Expected,
  enrolDevice,
  expectDevice,
  Held,
  Interrupted,
  issuedOf,
  operator,
  reasonOf,
  type TestCore,
  withCore,
} from '../../../../test/support/core.ts'
import { renewalBy, requestBy } from '../../../../test/support/house.ts'
import { changeProfile, manual } from '../../../../test/support/profiles.ts'
import { approveRequest, expireRequests, turnDownRequest } from './decide-request.ts'
import { foresee } from './foresee.ts'

/** A device whose code and request are on the list. */
interface Waiting extends Expected {
  readonly key: KeyPair
  readonly request: Uint8Array
  /** Asks again with the same bytes. */
  again(): ReturnType<typeof ask>
}

async function waiting(core: TestCore, serial = 'PUMP-1'): Promise<Waiting> {
  if ((await core.ledger.find('profile', 'number', ['ldevid', 2])) === undefined)
    await changeProfile(core, manual)
  const pump = (await core.ledger.find('product', 'name', ['pump'])) ?? (await addPump(core))
  const expected = await expectDevice(core, pump, serial)
  const key = await generateKey('p-256')
  const request = await requestBy(key)
  const again = () => ask(core, expected.credential, request)
  assert.equal((await again()).kind, 'pending')
  return { ...expected, key, request, again }
}

async function rowOf(core: TestCore, { device }: Expected): Promise<PendingRequest> {
  const { items } = await core.ledger.list('request', {
    ...{ by: 'device', equal: [device.id], descending: true, limit: 1 },
  })
  return items[0] ?? assert.fail('nothing waits')
}

async function approve(core: TestCore, expected: Expected): Promise<void> {
  const decided = await approveRequest(await rowOf(core, expected), undefined, operator, core)
  assert.equal(decided.kind, 'decided', JSON.stringify(decided))
}

const certificates = (core: TestCore) =>
  core.ledger.count('certificate', { where: { kind: 'working' } })

test('a request waits until a person says yes, and is answered then with one certificate', async () => {
  await withCore(async (core) => {
    const pump = await waiting(core)
    assert.equal((await pump.again()).kind, 'pending')
    assert.equal(await certificates(core), 0)
    await approve(core, pump)
    const outcome = issuedOf(await pump.again())
    assert.deepEqual(issuedOf(await pump.again()), outcome)
    assert.equal(await certificates(core), 1)
    const row = await rowOf(core, pump)
    assert.equal(row.state, 'answered')
    assert.equal(row.certificate, outcome.id)
    const { enrolment } = await certificateOf(core, outcome.id)
    const record = await core.ledger.read('enrolment', enrolment ?? '')
    assert.equal(record?.approval, row.id)
    const told = core.events.filter(({ subjects }) => subjects.includes(row.id))
    assert.deepEqual(
      told.map(({ type, actor }) => [type, actor.kind]),
      [
        ['request-waiting', 'device'],
        ['request-approved', 'person'],
      ],
    )
    const issued = core.events.find(
      ({ type, subjects }) => type === 'certificate-issued' && subjects.includes(outcome.id),
    )
    assert.equal(issued?.facts['approval'], row.id)
  })
})

test('how long to wait is set by the server, grows with the waiting, and is never the same for all', async () => {
  await withCore(async (core) => {
    const pump = await waiting(core)
    const waits: number[] = []
    for (const hours of [0, 1, 20]) {
      core.clock.pass({ hours })
      const outcome = await pump.again()
      waits.push(outcome.kind === 'pending' ? outcome.retryAfterSeconds : Number.NaN)
    }
    const [first = 0, second = 0, third = 0] = waits
    assert.ok(first >= 24 && first <= 36, `${first}`)
    assert.ok(second >= 720 && second <= 1_080, `${second}`)
    assert.ok(third >= 2_880 && third <= 4_320, `${third}`)
    const many = await Promise.all(Array.from({ length: 20 }, () => pump.again()))
    const set = new Set(many.map((one) => one.kind === 'pending' && one.retryAfterSeconds))
    assert.ok(set.size > 3)
  })
})

test('two posts of an approved request at once are one certificate, also when both have looked', async () => {
  const interrupted = new Interrupted()
  await withCore(async (core) => {
    const pump = await waiting(core)
    await approve(core, pump)
    let other: ReturnType<typeof ask> | undefined
    interrupted.beforeNext('certificate', async () => {
      other = pump.again()
      await other
    })
    const outcome = issuedOf(await pump.again())
    assert.deepEqual(issuedOf((await other) ?? assert.fail()), outcome)
    assert.equal(await certificates(core), 1)
  }, interrupted.replace)
})

test('two first posts at once are one request on the list', async () => {
  const interrupted = new Interrupted()
  await withCore(async (core) => {
    await changeProfile(core, manual)
    const pump = await expectDevice(core, await addPump(core), 'PUMP-1')
    const request = await requestBy(await generateKey('p-256'))
    const post = () => ask(core, pump.credential, request)
    interrupted.beforeNext('request', async () => assert.equal((await post()).kind, 'pending'))
    assert.equal((await post()).kind, 'pending')
    assert.equal(await core.ledger.count('request', {}), 1)
  }, interrupted.replace)
})

test('the answer is the same long after the 15 minutes of a repetition, until it is used', async () => {
  await withCore(async (core) => {
    const pump = await waiting(core)
    core.clock.pass({ hours: 20 })
    await approve(core, pump)
    core.clock.pass({ hours: 20 })
    const outcome = issuedOf(await pump.again())
    core.clock.pass({ hours: 3 })
    assert.deepEqual(issuedOf(await pump.again()), outcome)
    const record = await certificateOf(core, outcome.id)
    await core.ledger.commit({
      puts: [
        {
          kind: 'certificate',
          record: { ...record, version: record.version + 1, usedAt: core.clock.now() },
        },
      ],
      events: [],
    })
    assert.equal(reasonOf(await pump.again()), 'code-used')
    assert.equal(await certificates(core), 1)
  })
})

test('a crash between booking and signature costs the approval nothing, and issues nothing twice', async () => {
  const held = new Held()
  await withCore(async (core) => {
    const pump = await waiting(core)
    await approve(core, pump)
    const { began, release } = held.hold()
    const cutOff = pump.again()
    await began
    // On the ledger itself: the list of revocations that follows would wait for the held keys.
    assert.equal(await recoverReserved({ ledger: core.means.ledger, clock: core.clock }), 1)
    release()
    assert.equal(reasonOf(await cutOff), 'busy')
    const outcome = issuedOf(await pump.again())
    const { items } = await core.ledger.list('certificate', { limit: 100 })
    const states = items.filter(({ kind }) => kind === 'working').map(({ state }) => state)
    assert.deepEqual(states.toSorted(), ['abandoned', 'issued'])
    assert.deepEqual(issuedOf(await pump.again()), outcome)
  }, held.replace)
})

test('a repetition while the approved certificate is being signed waits for it', async () => {
  const held = new Held()
  await withCore(async (core) => {
    const pump = await waiting(core)
    await approve(core, pump)
    const { began, release } = held.hold()
    const first = pump.again()
    await began
    const second = pump.again()
    await immediate()
    release()
    assert.deepEqual(issuedOf(await second), issuedOf(await first))
  }, held.replace)
})

test('a no is told with its words, for good; the code goes back to its device', async () => {
  await withCore(async (core) => {
    const pump = await waiting(core)
    const refused = await turnDownRequest(await rowOf(core, pump), 'not ours', operator, core)
    assert.equal(refused.kind, 'decided')
    const told = await pump.again()
    assert.equal(reasonOf(told), 'approval-refused')
    assert.match(told.kind === 'refused' ? told.detail : '', /not ours/)
    core.clock.pass({ hours: 1 })
    assert.equal(reasonOf(await pump.again()), 'approval-refused')
    const other = await requestBy(await generateKey('p-256'))
    assert.equal((await ask(core, pump.credential, other)).kind, 'pending')
    assert.equal(await certificates(core), 0)
  })
})

test('a code that came with a waiting request is good for no other, and does not expire before it', async () => {
  await withCore(async (core) => {
    const pump = await waiting(core)
    const other = await requestBy(await generateKey('p-256'))
    assert.equal(reasonOf(await ask(core, pump.credential, other)), 'code-held')
    core.clock.pass({ hours: 24 * 6 })
    assert.equal((await pump.again()).kind, 'pending')
    await approve(core, pump)
    core.clock.pass({ hours: 24 * 6 })
    issuedOf(await pump.again())
    assert.equal(reasonOf(await ask(core, pump.credential, other)), 'code-used')
  })
})

test('a code given back keeps the end that it had', async () => {
  await withCore(async (core) => {
    const pump = await waiting(core)
    core.clock.pass({ hours: 25 })
    await turnDownRequest(await rowOf(core, pump), 'too late', operator, core)
    assert.equal(reasonOf(await pump.again()), 'code-expired')
  })
})

test('a newer code ends the one that is held, and no decision brings it back', async () => {
  await withCore(async (core) => {
    const pump = await waiting(core)
    await codeFor(core, await deviceOf(core, pump))
    assert.equal(reasonOf(await pump.again()), 'code-expired')
    await approve(core, pump)
    assert.equal(reasonOf(await pump.again()), 'code-expired')
  })
})

test('what nobody decided expires; the same request again is put on the list anew', async () => {
  await withCore(async (core) => {
    await changeProfile(core, manual)
    const birth = await enrolDevice(core, await addPump(core), 'A', { label: 'pump-birth' })
    const request = await requestBy(await generateKey('p-256'))
    const post = () => ask(core, birth.shown, request)
    assert.equal((await post()).kind, 'pending')
    core.clock.pass({ hours: 24 * 7 })
    assert.equal(await expireRequests(core), 1)
    const row = await rowOf(core, birth)
    assert.equal(row.state, 'expired')
    assert.equal(reasonOf(await approveRequest(row, undefined, operator, core)), 'decided-already')
    assert.equal((await post()).kind, 'pending')
    assert.equal((await rowOf(core, birth)).id, row.id)
    await approve(core, birth)
    core.clock.pass({ hours: 24 * 7 })
    assert.equal((await post()).kind, 'pending', 'a yes that nobody fetched expires too')
    const types = core.events.map(({ type }) => type).filter((type) => type.startsWith('request-'))
    const puts = ['request-waiting', 'request-expired', 'request-waiting', 'request-approved']
    assert.deepEqual(types, [...puts, 'request-waiting'])
  })
})

test('what policy would refuse never comes on the list, and is not approved later either', async () => {
  await withCore(async (core) => {
    const pump = await waiting(core)
    const weak = await requestBy(await generateKey('p-256'))
    weak[weak.length - 1] = (weak[weak.length - 1] ?? 0) ^ 1
    const other = await expectDevice(core, await addPump(core, 'other'), 'B')
    assert.equal(reasonOf(await ask(core, other.credential, weak)), 'possession-not-proved')
    const taken = await enrolDevice(core, await addPump(core, 'third'), 'C', {
      label: 'third-birth',
    })
    assert.equal(reasonOf(await ask(core, other.credential, taken.key)), 'key-has-another-owner')
    assert.equal(await core.ledger.count('request', {}), 1)
    await retire(await deviceOf(core, pump), 'lost', operator, core)
    const decided = await approveRequest(await rowOf(core, pump), undefined, operator, core)
    assert.equal(reasonOf(decided), 'device-retired')
  })
})

test('policy decides again when the certificate is fetched', async () => {
  await withCore(async (core) => {
    const pump = await waiting(core)
    await approve(core, pump)
    await retire(await deviceOf(core, pump), 'lost', operator, core)
    assert.equal(await certificates(core), 0)
    assert.notEqual((await pump.again()).kind, 'issued')
  })
})

test('a yes holds for the profile as it was: after a change the request waits again', async () => {
  await withCore(async (core) => {
    const pump = await waiting(core)
    await approve(core, pump)
    await changeProfile(core, manual)
    assert.equal((await pump.again()).kind, 'pending')
    const row = await rowOf(core, pump)
    assert.equal(row.state, 'waiting')
    assert.equal(row.profileVersion, 3)
    await approve(core, pump)
    issuedOf(await pump.again())
  })
})

test('where the profile asks no person any more, policy alone answers what waited', async () => {
  await withCore(async (core) => {
    const pump = await waiting(core)
    await changeProfile(core, {})
    issuedOf(await pump.again())
    assert.equal((await rowOf(core, pump)).state, 'answered')
  })
})

test('a yes names the digest that was looked at, and is given once', async () => {
  await withCore(async (core) => {
    const pump = await waiting(core)
    const row = await rowOf(core, pump)
    const wrong = await approveRequest(row, new Uint8Array(32), operator, core)
    assert.equal(reasonOf(wrong), 'version-differs')
    assert.equal((await approveRequest(row, row.requestSha256, operator, core)).kind, 'decided')
    assert.equal(reasonOf(await approveRequest(row, undefined, operator, core)), 'conflict')
    assert.equal(reasonOf(await turnDownRequest(row, 'no', operator, core)), 'conflict')
    const now = await rowOf(core, pump)
    assert.equal(reasonOf(await turnDownRequest(now, 'no', operator, core)), 'decided-already')
  })
})

test('a device may have three requests on the list, however many keys it makes', async () => {
  await withCore(async (core) => {
    await changeProfile(core, manual)
    const birth = await enrolDevice(core, await addPump(core), 'A', { label: 'pump-birth' })
    const kinds: string[] = []
    for (let times = 0; times < 4; times++)
      kinds.push(reasonOf(await ask(core, birth.shown, await generateKey('p-256'))))
    assert.deepEqual(kinds, ['pending', 'pending', 'pending', 'waiting-list-full'])
  })
})

test('no more wait than the list holds, whoever asks; a decision makes room', async () => {
  await withCore(async (core) => {
    const first = await waiting(core, 'PUMP-1')
    await waiting(core, 'PUMP-2')
    const small = { ...core, waiting: { ...core.waiting, mostInAll: 2 } }
    const pump = (await core.ledger.find('product', 'name', ['pump'])) ?? assert.fail()
    const third = await expectDevice(core, pump, 'PUMP-3')
    const request = await requestBy(await generateKey('p-256'))
    const post = () => ask(small, third.credential, request)
    assert.equal(reasonOf(await post()), 'waiting-list-full')
    assert.equal((await first.again()).kind, 'pending', 'who waits already is not sent away')
    await turnDownRequest(await rowOf(core, first), 'not ours', operator, core)
    assert.equal((await post()).kind, 'pending')
  })
})

test('more requests than one page expire in one go, decided ones apart, and their codes go back', async () => {
  await withCore(async (core) => {
    const left = await waiting(core, 'LEFT')
    const refused = await waiting(core, 'REFUSED')
    await turnDownRequest(await rowOf(core, refused), 'not ours', operator, core)
    const row = await rowOf(core, left)
    // Their devices do not matter here: only the rows are walked.
    const many = Array.from({ length: 120 }, (_, index) => ({
      ...row,
      ...{ id: newId('request', core), version: 1, proof: 'birth-certificate' as const },
      requestKey: sha256(Uint8Array.of(index)),
      expiresAt: row.expiresAt.subtract({ hours: index }),
    }))
    await core.ledger.commit({
      puts: many.map((record) => ({ kind: 'request', record })),
      events: [],
    })
    core.clock.pass({ hours: 24 * 7 })
    assert.equal(await expireRequests(core), 121)
    assert.equal(await expireRequests(core), 0)
    assert.equal((await rowOf(core, refused)).state, 'refused')
    assert.equal(reasonOf(await left.again()), 'code-expired', 'with the end that it had before')
  })
})

test('a renewal waits where the profile says so, and looking ahead shows what it would give', async () => {
  await withCore(async (core) => {
    const pump = await enrolDevice(core, await addPump(core), 'A')
    await changeProfile(core, {
      approval: { rule: 'manual', operations: ['renew'], because: 'RFC 0000: a test' },
    })
    const next = await generateKey('p-256')
    const request = await renewalBy(next, pump.certificate)
    const renew = () => ask(core, pump.shown, request, { operation: 'reenrol' })
    core.clock.pass({ hours: 24 * 60 })
    assert.equal((await renew()).kind, 'pending')
    const foreseen = await foresee(await rowOf(core, pump), core)
    if (foreseen.kind === 'refused') assert.fail(foreseen.detail)
    assert.deepEqual(foreseen.draft.terms.publicKey.spki, next.publicKey.spki)
    await approve(core, pump)
    issuedOf(await renew())
    // Another device is not held up: its first enrolment is no renewal.
    await enrolDevice(core, foreseen.door.product, 'B')
  })
})
