// SPDX-License-Identifier: Apache-2.0
import assert from 'node:assert/strict'
import { after, test } from 'node:test'
import { abandon } from '#core/authority/abandon.ts'
import { Fault } from '#core/fault.ts'
import { newId } from '#core/ledger/ids.ts'
import type { Authority, CertificateRecord } from '#core/ledger/tables.ts'
import { quarantine, release } from '#core/revocation/quarantine.ts'
import { revoke } from '#core/revocation/revoke.ts'
import { ocspTypes } from '#format/oids.ts'
import { depthOfRun } from '../../../test/fuzz/random.ts'
import {
  addPump,
  certificateOf,
  enrolDevice,
  Held,
  openTestCore,
  operator,
  type TestCore,
  withCore,
} from '../../../test/support/core.ts'
import { believed, certIdOf, parsedQuestion } from '../../../test/support/ocsp.ts'
import { signingBudget } from '../authority/signing-budget.ts'
import { Answers } from './answers.ts'
import { OcspDesk } from './desk.ts'

const source = '192.0.2.9'
const shared = await openTestCore()
after(() => shared.close())
const pump = await addPump(shared)

function issuerIn({ doors }: TestCore): Authority {
  return doors.own.find(({ kind }) => kind === 'issuing') ?? assert.fail('no issuer')
}

let units = 0
async function enrolledIn(core: TestCore): Promise<CertificateRecord> {
  const product = core === shared ? pump : await addPump(core)
  const { id } = await enrolDevice(core, product, `P-${++units}`)
  return certificateOf(core, id)
}

/** A desk of its own, whose clock stands still. */
function stillDesk(core: TestCore): OcspDesk {
  const now = core.clock.now()
  const ports = { ...core, clock: { now: () => now }, maker: 'Acme', report: assert.fail }
  return new OcspDesk(ports, new Answers({ entries: 100, bytes: 1_000_000 }))
}

/** Asks about serials of the issuer, and checks whatever is signed. */
async function ask(core: TestCore, serials: readonly Uint8Array[], nonce?: Uint8Array) {
  const issuer = issuerIn(core)
  const certIds = serials.map((serial) => certIdOf(issuer, serial))
  const answered = await core.ocsp.answer(parsedQuestion(certIds, nonce), source)
  if (answered.kind === 'refused') return assert.fail(`${answered.reason}: ${answered.detail}`)
  const { der } = answered.answer
  return { ...answered, der, response: await believed(der, issuer) }
}

async function reasonOf(core: TestCore, ...question: Parameters<typeof parsedQuestion>) {
  const answered = await core.ocsp.answer(parsedQuestion(...question), source)
  return answered.kind === 'refused' ? answered.reason : 'answered'
}

async function statusOf(core: TestCore, { serialNumber }: Pick<CertificateRecord, 'serialNumber'>) {
  const [single] = (await ask(core, [serialNumber])).response.responses
  return single?.status ?? assert.fail('nothing is said')
}

/** A serial of our form that nobody has. */
function strangeSerial(core: TestCore): Uint8Array {
  return core.random.bytes(16).fill(0x4a, 0, 1)
}

test('what was issued is good, and asked again it is the same answer, signed once', async () => {
  const { serialNumber } = await enrolledIn(shared)
  const { cached, signed } = shared.ocsp.counts
  const first = await ask(shared, [serialNumber])
  assert.equal(first.response.responses[0]?.status.kind, 'good')
  assert.equal((await ask(shared, [serialNumber])).der, first.der)
  assert.deepEqual(
    { ...shared.ocsp.counts },
    { cached: cached + 1, signed: signed + 1, refreshed: 0, overBudget: 0 },
  )
  const bySha256 = parsedQuestion([certIdOf(issuerIn(shared), serialNumber, 'sha256')])
  const other = await shared.ocsp.answer(bySha256, source)
  if (other.kind !== 'answer') return assert.fail(other.detail)
  const { responses } = await believed(other.answer.der, issuerIn(shared))
  assert.deepEqual(responses[0]?.certId, bySha256.requests[0]?.certId)
})

test('from half of its life on an answer is made anew beside the one that is sent', async () => {
  const { serialNumber } = await enrolledIn(shared)
  const first = await ask(shared, [serialNumber])
  shared.clock.pass({ hours: 7, minutes: 59 })
  assert.equal((await ask(shared, [serialNumber])).der, first.der)
  shared.clock.pass({ minutes: 2 })
  const { refreshed } = shared.ocsp.counts
  assert.equal((await ask(shared, [serialNumber])).der, first.der)
  // Whoever asks with a nonce is answered after it.
  await ask(shared, [serialNumber], shared.random.bytes(32))
  assert.notEqual((await ask(shared, [serialNumber])).der, first.der)
  assert.equal(shared.ocsp.counts.refreshed, refreshed + 1)
  shared.clock.pass({ hours: 17 })
  const { answer } = await ask(shared, [serialNumber])
  assert.ok(Temporal.Instant.compare(answer.nextUpdate, shared.clock.now()) > 0)
})

test('what cannot be made anew rests for a while, whoever asks, and what stands is sent', async () => {
  let isAway = false
  await withCore(
    async (core) => {
      const { serialNumber } = await enrolledIn(core)
      const first = await ask(core, [serialNumber])
      core.clock.pass({ hours: 9 })
      isAway = true
      const troublesAfter = async (questions: number) => {
        for (let sent = 0; sent < questions; sent++)
          assert.equal((await ask(core, [serialNumber])).der, first.der)
        return core.troubles.length
      }
      assert.equal(await troublesAfter(50), 1)
      core.clock.pass({ seconds: 10 })
      assert.equal(await troublesAfter(50), 2)
      core.clock.pass({ seconds: 10 })
      isAway = false
      await ask(core, [serialNumber])
      await ask(core, [serialNumber], core.random.bytes(32))
      assert.notEqual((await ask(core, [serialNumber])).der, first.der)
    },
    ({ keys }) => ({
      keys: {
        make: (algorithm, keyId, place) => keys.make(algorithm, keyId, place),
        has: (keyId) => keys.has(keyId),
        sign: async (keyId, bytes) => {
          if (isAway) throw new Fault('key-unreachable', 'it is away')
          return keys.sign(keyId, bytes)
        },
      },
    }),
  )
})

test('a revocation is answered from the moment that it is committed', async () => {
  const certificate = await enrolledIn(shared)
  assert.equal((await statusOf(shared, certificate)).kind, 'good')
  const lost = { id: certificate.id, reason: 'keyCompromise', because: 'stolen' } as const
  assert.equal((await revoke(lost, operator, shared)).kind, 'revoked')
  const status = await statusOf(shared, certificate)
  const { revokedAt } = await certificateOf(shared, certificate.id)
  assert.ok(status.kind === 'revoked' && revokedAt !== null)
  assert.equal(status.reason, 1)
  assert.ok(status.at.equals(revokedAt.round({ smallestUnit: 'second', roundingMode: 'floor' })))
})

test('what is held is revoked with the reason of a hold, and good again once released', async () => {
  const certificate = await enrolledIn(shared)
  assert.equal((await statusOf(shared, certificate)).kind, 'good')
  const device = async () =>
    (await shared.ledger.read('device', certificate.owner)) ?? assert.fail('no device')
  await quarantine(await device(), 'odd', operator, shared)
  const held = await statusOf(shared, certificate)
  assert.ok(held.kind === 'revoked' && held.reason === 6)
  await release(await device(), 'well again', operator, shared)
  assert.equal((await statusOf(shared, certificate)).kind, 'good')
})

test('what is forgotten while it is signed is sent to who asked before, and to nobody after', async () => {
  const held = new Held()
  await withCore(async (core) => {
    const { serialNumber } = await enrolledIn(core)
    const issuer = issuerIn(core)
    await core.ocsp.responders.renew(issuer)
    const { release: letGo, began } = held.hold()
    const before = ask(core, [serialNumber])
    await began
    const joined = ask(core, [serialNumber])
    core.ocsp.forget(issuer.id, serialNumber)
    const after = ask(core, [serialNumber])
    letGo()
    const [first, second, third] = await Promise.all([before, joined, after])
    assert.equal(second.der, first.der)
    assert.deepEqual([first.isFor, second.isFor, third.isFor], ['asker', 'asker', 'all'])
    assert.notEqual(third.der, first.der)
    assert.equal((await ask(core, [serialNumber])).der, third.der)
  }, held.replace)
})

test('neither a serial out of the air nor one that is only reserved is good', async () => {
  const certificate = await enrolledIn(shared)
  const reserved: CertificateRecord = {
    ...{ ...certificate, id: newId('certificate', shared), version: 1 },
    ...{ serialNumber: strangeSerial(shared), state: 'reserved', sha256: null, issuedAt: null },
  }
  await shared.ledger.commit({ puts: [{ kind: 'certificate', record: reserved }], events: [] })
  const { entries } = shared.ocsp.kept
  for (const serial of [strangeSerial(shared), reserved.serialNumber, Uint8Array.of(1)]) {
    const said = await ask(shared, [serial])
    assert.equal(said.response.responses[0]?.status.kind, 'unknown')
    assert.equal(said.isFor, 'asker')
  }
  assert.equal(shared.ocsp.kept.entries, entries)
  assert.ok(await abandon(reserved.id, shared))
  const status = await statusOf(shared, reserved)
  assert.ok(status.kind === 'revoked' && status.reason === 5)
})

test('what another PKI revoked and whose bytes never came is revoked', async () => {
  const bare = {
    ...{ id: newId('bareRevocation', shared), version: 1, authority: issuerIn(shared).id },
    ...{ serialNumber: strangeSerial(shared), revokedAt: shared.clock.now(), reason: 0 },
  }
  await shared.ledger.commit({ puts: [{ kind: 'bareRevocation', record: bare }], events: [] })
  const status = await statusOf(shared, bare)
  assert.ok(status.kind === 'revoked' && status.reason === undefined)
})

test('a nonce comes back, is for nobody else, and beyond the budget the usual answer is sent', async () => {
  const { serialNumber } = await enrolledIn(shared)
  const desk = stillDesk(shared)
  const certId = certIdOf(issuerIn(shared), serialNumber)
  const usual = await desk.answer(parsedQuestion([certId]), source)
  const nonce = shared.random.bytes(32)
  const question = parsedQuestion([certId], nonce)
  const own = await desk.answer(question, source)
  assert.ok(own.kind === 'answer' && own.isFor === 'asker' && usual.kind === 'answer')
  assert.deepEqual((await believed(own.answer.der, issuerIn(shared))).nonce, nonce)
  for (let count = 1; count < signingBudget.perSource; count++) await desk.answer(question, source)
  const beyond = await desk.answer(question, source)
  assert.ok(beyond.kind === 'answer' && beyond.isFor === 'all')
  assert.equal(beyond.answer, usual.answer)
  const another = await desk.answer(question, '192.0.2.10')
  assert.ok(another.kind === 'answer' && another.isFor === 'asker')
  const many = await desk.answer(parsedQuestion([certId, certId]), source)
  assert.ok(many.kind === 'refused' && many.reason === 'rate-limited')
})

test('many serials out of the air cost a bounded number of signatures, and what is known is answered', async () => {
  const { serialNumber } = await enrolledIn(shared)
  const desk = stillDesk(shared)
  const certId = certIdOf(issuerIn(shared), serialNumber)
  const known = parsedQuestion([certId])
  const usual = await desk.answer(known, source)
  const seen = new Map<string, number>()
  const many = 20_000 * depthOfRun()
  for (let sent = 0; sent < many; sent++) {
    const asked = { ...certId, serialNumber: strangeSerial(shared) }
    const request = { ...known, requests: [{ certId: asked, extensions: [] }] }
    // From a hundred addresses at once.
    const said = await desk.answer(request, `198.51.100.${sent % 100}`)
    const what = said.kind === 'answer' ? said.isFor : said.reason
    seen.set(what, (seen.get(what) ?? 0) + 1)
  }
  const { inAll } = signingBudget
  assert.deepEqual(Object.fromEntries(seen), {
    ...{ asker: inAll, 'certificate-unknown': many - inAll },
  })
  const again = await desk.answer(known, source)
  assert.ok(again.kind === 'answer' && usual.kind === 'answer' && again.answer === usual.answer)
  assert.equal(desk.kept.entries, 1)
})

test('an authority that is not ours, or two at once, are not answered for', async () => {
  const { serialNumber } = await enrolledIn(shared)
  const root = shared.doors.own.find(({ kind }) => kind === 'root') ?? assert.fail('no root')
  const ours = certIdOf(issuerIn(shared), serialNumber)
  const roots = certIdOf(root, serialNumber)
  const bent = { ...ours, issuerNameHash: ours.issuerKeyHash }
  for (const certIds of [[roots], [bent], [ours, roots]])
    assert.equal(await reasonOf(shared, certIds), 'issuer-unknown')
  const many = Array.from({ length: 11 }, () => ours)
  assert.equal(await reasonOf(shared, many), 'request-too-large')
  assert.equal(await reasonOf(shared, many.slice(1)), 'answered')
})

test('one that was replaced is good, and one that has ended is told with its archive', async () => {
  const certificate = await enrolledIn(shared)
  const retired = { ...certificate, version: certificate.version + 1, state: 'retired' } as const
  await shared.ledger.commit({ puts: [{ kind: 'certificate', record: retired }], events: [] })
  const said = await ask(shared, [certificate.serialNumber])
  assert.deepEqual(said.response.responses[0]?.extensions, [])
  const notAfter = shared.clock.now().subtract({ hours: 1 })
  const ended = { ...retired, version: retired.version + 1, notAfter }
  await shared.ledger.commit({ puts: [{ kind: 'certificate', record: ended }], events: [] })
  const [old] = (await ask(shared, [certificate.serialNumber])).response.responses
  assert.equal(old?.status.kind, 'good')
  assert.equal(old?.extensions[0]?.oid, ocspTypes.archiveCutoff)
})

test('nothing is signed while the clock is wrong or the store away, and what was signed is still sent', async () => {
  let away = false
  await withCore(
    async (core) => {
      const certificate = await enrolledIn(core)
      assert.equal((await statusOf(core, certificate)).kind, 'good')
      away = true
      assert.equal((await statusOf(core, certificate)).kind, 'good')
      await assert.rejects(ask(core, [strangeSerial(core)]), { code: 'store-unreachable' })
      away = false
      core.clock.pass({ minutes: -5 })
      assert.equal((await statusOf(core, certificate)).kind, 'good')
      const certIds = [certIdOf(issuerIn(core), certificate.serialNumber)]
      assert.equal(await reasonOf(core, certIds, core.random.bytes(32)), 'clock-behind')
    },
    ({ ledger }) => ({
      ledger: {
        ...{ read: (kind, id) => ledger.read(kind, id), commit: (change) => ledger.commit(change) },
        ...{ list: (kind, query) => ledger.list(kind, query) },
        count: (kind, query) => ledger.count(kind, query),
        find: async (kind, key, values) => {
          if (away) throw new Fault('store-unreachable', 'it is away')
          return ledger.find(kind, key, values)
        },
      },
    }),
  )
})
