// SPDX-License-Identifier: Apache-2.0
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { algorithms } from '#format/oids.ts'
import type { TimeStampRequest } from '#format/time-stamp/request.ts'
import { encodeAlgorithmIdentifier } from '#format/x509/algorithm-identifier.ts'
import { parseCertificate } from '#format/x509/certificate.ts'
import { sha256 } from '#trust/digest.ts'
import { verifyTimeStamp } from '#trust/time-stamp/verify-time-stamp.ts'
import { type TestCore, withCore } from '../../../test/support/core.ts'
import { signingBudget } from '../authority/signing-budget.ts'
import { findStamper, stamperOwner } from './find-stamper.ts'
import { makeStamper } from './make-stamper.ts'

const over = new TextEncoder().encode('a signature')
const request: TimeStampRequest = {
  messageImprint: {
    hashAlgorithm: encodeAlgorithmIdentifier(algorithms.sha256),
    hashedMessage: sha256(over),
  },
  ...{ policy: undefined, nonce: undefined, wantsCertificate: true },
}

async function stampIn(core: TestCore) {
  const answered = await core.timeStamps.answer(request, undefined)
  if (answered.kind === 'refused') return answered
  const roots = core.doors.own
    .filter(({ kind }) => kind === 'root')
    .map(({ certificate }) => parseCertificate(certificate))
  const proved = await verifyTimeStamp({ token: answered.token, over, roots, others: [] })
  assert.ok(proved.kind === 'stamped', 'detail' in proved ? proved.detail : '')
  return proved
}

test('who stamps is made once, however many ask, and has its successor a month before its end', () =>
  withCore(async (core) => {
    const idNow = async () => (await findStamper(core.clock.now(), core.ledger))?.id
    assert.equal(await idNow(), undefined)
    await Promise.all([stampIn(core), stampIn(core), stampIn(core)])
    const first = await idNow()
    assert.ok(first !== undefined)
    core.clock.pass({ hours: 24 * 30 })
    await stampIn(core)
    assert.equal(await idNow(), first)
    // Everything of a trial ends after 90 days.
    core.clock.pass({ hours: 24 * 31 })
    await stampIn(core)
    assert.notEqual(await idNow(), first)
    assert.deepEqual(core.troubles, [])
  }))

test('of two nodes that looked before either had made who stamps, one makes it', async () => {
  const signing = Promise.withResolvers<void>()
  const booked = Promise.withResolvers<void>()
  await withCore(
    async (core) => {
      const ports = { ...core, maker: 'Acme' }
      const first = makeStamper(undefined, ports)
      await booked.promise
      const reasons: string[] = []
      const note = async () => {
        const second = await makeStamper(undefined, ports)
        reasons.push(second.kind === 'refused' ? second.detail : second.kind)
      }
      await note()
      signing.resolve()
      assert.equal((await first).kind, 'made')
      await note()
      assert.deepEqual(reasons, Array(2).fill('another node made the time-stamp signer'))
      const { items } = await core.ledger.list('certificate', {
        ...{ by: 'owner', equal: [stamperOwner], limit: 10 },
      })
      assert.equal(items.length, 1)
    },
    ({ ledger }) => ({
      ledger: {
        read: (kind, id) => ledger.read(kind, id),
        list: (kind, query) => ledger.list(kind, query),
        find: (kind, key, values) => ledger.find(kind, key, values),
        count: (kind, query) => ledger.count(kind, query),
        commit: async (change) => {
          const stamper = change.puts.find(
            ({ kind, record }) => kind === 'certificate' && record.owner === stamperOwner,
          )
          if (stamper?.kind === 'certificate' && stamper.record.state === 'issued') {
            booked.resolve()
            await signing.promise
          }
          return ledger.commit(change)
        },
      },
    }),
  )
})

test('a clock behind the last event stamps nothing', () =>
  withCore(async (core) => {
    await stampIn(core)
    core.clock.pass({ minutes: -10 })
    const answered = await stampIn(core)
    assert.equal(answered.kind === 'refused' && answered.reason, 'clock-behind')
  }))

test('strangers spend from a budget, the house does not', () =>
  withCore(async (core) => {
    await stampIn(core)
    let granted = 0
    for (let count = 0; count < signingBudget.perSource + 5; count++) {
      const answered = await core.timeStamps.answer(request, '192.0.2.1')
      if (answered.kind === 'stamped') granted++
      else assert.equal(answered.reason, 'rate-limited')
    }
    assert.equal(granted, signingBudget.perSource)
    assert.equal((await stampIn(core)).kind, 'stamped')
  }))

test('where nobody can be certified, nothing is stamped, and it is said why', () =>
  withCore(async (core) => {
    const { items } = await core.ledger.list('authority', {
      by: 'kind',
      equal: ['issuing'],
      limit: 10,
    })
    for (const record of items) {
      const stopped = { ...record, version: record.version + 1, state: 'issuing-stopped' } as const
      await core.ledger.commit({ puts: [{ kind: 'authority', record: stopped }], events: [] })
    }
    const answered = await core.timeStamps.answer(request, undefined)
    assert.ok(answered.kind === 'refused')
    assert.equal(answered.reason, 'stamper-missing')
    assert.match(answered.detail, /no issuing authority is active/)
  }))
