// SPDX-License-Identifier: Apache-2.0
import assert from 'node:assert/strict'
import { after, before, test } from 'node:test'
import type { Person, RevocationLimit } from '#core/ledger/tables.ts'
import { addPerson } from '../../../../test/support/approver.ts'
import { openTestCore, operator, reasonOf, type TestCore } from '../../../../test/support/core.ts'
import { invite, join } from '../../people/invitation.ts'
import { removePerson } from '../../people/remove.ts'
import { whyAlone } from '../../people/second-person.ts'
import { watchRevocations } from '../../watch/revocations.ts'
import { aloneUpTo, type LimitPorts } from './alone.ts'
import {
  approveLimit,
  changeLimit,
  type LimitChanged,
  limitRaised,
  refuseLimit,
  waitingLimit,
} from './limit-change.ts'

let core: TestCore
let ada: Person
before(async () => {
  core = await openTestCore()
  ada = await addPerson('Ada', core, 'administrator')
})
after(() => core.close())

/** As it is where real devices are. */
const real = (): LimitPorts => ({ ...core, environment: 'production' })
const by = ({ id }: Person) => ({ kind: 'person', id }) as const
const inForce = () => aloneUpTo('production', core.ledger)

function changeOf(answer: LimitChanged): RevocationLimit {
  if (answer.kind === 'refused') return assert.fail(answer.detail)
  return answer.change ?? assert.fail('nothing had to be agreed to')
}

async function exceptionOf({ id }: RevocationLimit) {
  const query = { by: 'subject', equal: [id], limit: 2 } as const
  return (await core.ledger.list('exception', query)).items[0]
}

test('while nobody else is there yet one administrator sets a higher limit, which is kept as such', async () => {
  // Invited is not there, and who reads only could not agree.
  const invited = await addPerson('Kim', core, 'administrator')
  const pending = { ...invited, version: 2, state: 'invited' } as const
  await core.ledger.commit({ puts: [{ kind: 'person', record: pending }], events: [] })
  await addPerson('Otto', core, 'auditor')
  const first = changeOf(await changeLimit(30, 'a big ward', by(ada), real()))
  assert.deepEqual([first.state, first.was, await inForce()], ['active', 20, 30])
  const { rule, reason, grantedBy } = (await exceptionOf(first)) ?? assert.fail('no exception')
  assert.deepEqual([rule, grantedBy], [limitRaised, ada.id])
  assert.match(reason, /^a big ward: one person ends 30 devices alone instead of 20 devices/)
  assert.match(reason, /first set-up: nobody else was there to agree/)
  const told = core.events.find(({ type }) => type === 'revocation-limit-changed')
  assert.deepEqual(told?.facts, {
    ...{ owners: 30, was: 20, because: 'a big ward', alone: 'first-set-up' },
  })
})

test('an invitation that was withdrawn before anybody took it up is nobody', async () => {
  const hasher = { hash: async () => 'hashed', verify: async () => true }
  const role = 'administrator'
  for (const name of ['Never', 'Nobody']) {
    const invited = await invite({ name, role }, by(ada), core)
    if (invited.kind === 'refused') return assert.fail(invited.detail)
    assert.equal((await removePerson(invited.person, by(ada), core)).kind, 'removed')
  }
  assert.equal(await whyAlone('production', core.ledger), 'first-set-up')
  const invited = await invite({ name: 'Zoe', role }, by(ada), core)
  const { token } = invited.kind === 'refused' ? assert.fail(invited.detail) : invited.link
  const joined = await join({ token, passphrase: 'nine blue herons' }, { ...core, hasher })
  const zoe = joined.kind === 'refused' ? assert.fail(joined.detail) : joined.person
  assert.equal(await whyAlone('production', core.ledger), undefined)
  // As if nobody had ever asked: the rest of this file begins with one.
  const never = { ...zoe, version: zoe.version + 1, state: 'removed', hasJoined: false } as const
  await core.ledger.commit({ puts: [{ kind: 'person', record: never }], events: [] })
})

test('a second administrator ends the first set-up for good, also one who was removed again', async () => {
  const eve = await addPerson('Eve', core, 'administrator')
  const removed = { ...eve, version: 2, state: 'removed' } as const
  await core.ledger.commit({ puts: [{ kind: 'person', record: removed }], events: [] })
  const asked = changeOf(await changeLimit(null, 'a test', by(ada), real()))
  assert.deepEqual([asked.state, await inForce()], ['waiting', 30])
  const alarms = async () => {
    await watchRevocations(core)
    const equal = ['revocation-waiting', 'open']
    const { items } = await core.ledger.list('alarm', { by: 'kind', equal, limit: 9 })
    return items.map(({ subject, text }) => `${subject} ${text}`)
  }
  assert.deepEqual(await alarms(), [
    `${asked.id} waits for another person: one person is to end any number of devices alone instead of 30 devices: a test`,
  ])
  const refused = changeOf(await refuseLimit(asked, 'why so many', by(ada), real()))
  assert.deepEqual([refused.state, refused.open, await inForce()], ['refused', null, 30])
  assert.equal(await exceptionOf(asked), undefined)
  assert.deepEqual(await alarms(), [], 'it waits no more')
  assert.equal(
    reasonOf(await approveLimit(refused, ada.id, real())),
    'decided-already',
    'whoever said no, it is over',
  )
})

test('a lower limit holds at once, and a higher one when a second administrator agreed', async () => {
  const grace = await addPerson('Grace', core, 'administrator')
  const lower = await changeLimit(5, 'one ward', by(ada), real())
  assert.deepEqual(lower, { kind: 'changed', owners: 5, change: undefined })
  const asked = changeOf(await changeLimit(50, 'two wards', by(ada), real()))
  assert.equal((await waitingLimit(core.ledger))?.id, asked.id)
  assert.equal(await inForce(), 5)
  assert.equal(
    reasonOf(await changeLimit(60, 'more', by(grace), real())),
    'exists-already',
    'one waits at most',
  )
  assert.equal(reasonOf(await approveLimit(asked, ada.id, real())), 'approver-counted')
  const agreed = changeOf(await approveLimit(asked, grace.id, real()))
  assert.deepEqual([agreed.state, await inForce()], ['active', 50])
  assert.equal(await waitingLimit(core.ledger), undefined)
  const { grantedBy, reason } = (await exceptionOf(asked)) ?? assert.fail('no exception')
  assert.equal(grantedBy, `${ada.id}, ${grace.id}`)
  assert.match(reason, /^two wards: one person ends 50 devices alone instead of 5 devices$/)
  const types = core.events.slice(-3).map(({ type }) => type)
  assert.deepEqual(types, [
    ...['revocation-limit-proposed', 'revocation-limit-approved', 'revocation-limit-changed'],
  ])
  // A page that was read before it was decided agrees to nothing twice.
  assert.equal(reasonOf(await approveLimit(asked, 'psn_mary', real())), 'conflict')
})

test('who asked at the machine itself is nobody, and two people have to agree', async () => {
  const local = { kind: 'person', id: 'local' } as const
  const asked = changeOf(await changeLimit(null, 'a test', local, real()))
  const first = changeOf(await approveLimit(asked, ada.id, real()))
  assert.deepEqual([first.state, await inForce()], ['waiting', 50])
  assert.equal(reasonOf(await approveLimit(first, ada.id, real())), 'approver-counted')
  const second = changeOf(await approveLimit(first, 'psn_grace', real()))
  assert.deepEqual([second.state, await inForce()], ['active', null])
  assert.match((await exceptionOf(asked))?.reason ?? '', /any number of devices alone/)
})

test('what people agree to is what was shown, by people who are still here', async () => {
  await changeLimit(10, 'a test', by(ada), real())
  const stale = changeOf(await changeLimit(40, 'a test', by(ada), real()))
  await changeLimit(9, 'a test', by(ada), real())
  const no = await approveLimit(stale, 'psn_grace', real())
  assert.match(no.kind === 'refused' ? no.detail : '', /9 devices alone now, and not 10 devices/)
  await refuseLimit(stale, 'it is old', by(ada), real())
  const mallory = await addPerson('Mallory', core, 'administrator')
  const asked = changeOf(await changeLimit(40, 'a test', by(mallory), real()))
  const removed = { ...mallory, version: 2, state: 'removed' } as const
  await core.ledger.commit({ puts: [{ kind: 'person', record: removed }], events: [] })
  assert.equal(reasonOf(await approveLimit(asked, 'psn_grace', real())), 'conflict')
  await refuseLimit(asked, 'nobody stands behind it', by(ada), real())
  assert.equal(await inForce(), 9)
  assert.equal(core.events.at(-1)?.type, 'revocation-limit-refused')
})

test('in a trial one person suffices, and the exception stands all the same', async () => {
  const trial = { ...core, environment: 'trial' } as const
  const change = changeOf(await changeLimit(100, 'a test', operator, trial))
  assert.equal(change.state, 'active')
  assert.equal((await exceptionOf(change))?.rule, limitRaised)
})
