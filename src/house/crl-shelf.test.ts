// SPDX-License-Identifier: Apache-2.0
import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { Change, Ledger } from '#core/ledger/ledger.ts'
import { onNoList } from '#core/ledger/shards.ts'
import type { CertificateRecord } from '#core/ledger/tables.ts'
import { readyProfiles } from '#core/policy/ready/ready-profiles.ts'
import { greatFrom } from '#core/revocation/crl-life.ts'
import { parseCertificate } from '#format/x509/certificate.ts'
import { readExtension } from '#format/x509/extension.ts'
import { Random, seedOfRun } from '../../test/fuzz/random.ts'
import {
  addPump,
  certificateOf,
  enrolDevice,
  openTestCore,
  type TestCore,
  withCore,
} from '../../test/support/core.ts'
import {
  act,
  book,
  combined,
  deltaCrl,
  entriesOf,
  fullCrl,
  fullNumbered,
  issuingOf,
  listOf,
  sample,
} from '../../test/support/lists.ts'
import { changeProfile } from '../../test/support/profiles.ts'
import { openCore } from './core.ts'
import { CrlShelf } from './crl-shelf.ts'
import { Feed } from './feed.ts'

/** More than comes with each change, in a shard that is not looked at. */
async function withGreatList(core: TestCore): Promise<readonly CertificateRecord[]> {
  const like = await sample(core)
  const at = core.clock.now()
  const gone = { state: 'revoked', revokedAt: at, revocationReason: 5 } as const
  await book(
    core,
    like,
    Array.from({ length: greatFrom + 1 }, () => ({ shard: 40, ...gone })),
    core.means.ledger,
  )
  const some = await book(
    core,
    like,
    Array.from({ length: 8 }, () => ({ shard: 41 })),
  )
  await core.shelf.hearElsewhere({ kind: 'missed' })
  await listOf(core, fullCrl)
  return some
}

test('of a great list a change makes its shard alone, then the delta, and a day later the whole', async () => {
  await withCore(async (core) => {
    const [one, other] = await withGreatList(core)
    assert.ok(one && other)
    const before = await listOf(core, fullCrl)
    assert.ok((before.entries ?? 0) > greatFrom)
    const [held] = await act(core, 'hold', [one])
    await act(core, 'revoke', [other])
    assert.equal(entriesOf((await listOf(core, 41)).der).size, 2)
    assert.equal((await listOf(core, fullCrl)).number, before.number)
    // Five minutes later, on whichever node has the job.
    await core.shelf.refresh(core.doors.own)
    assert.equal((await listOf(core, fullCrl)).number, before.number)
    const delta = await listOf(core, deltaCrl)
    assert.deepEqual([delta.number > before.number, delta.base], [true, before.number])
    assert.deepEqual(
      [...entriesOf(delta.der).keys()],
      [one, other].map(({ serialNumber }) => serialNumber.toHex()).sort(),
    )
    assert.ok(held)
    await act(core, 'release', [held])
    await core.shelf.refresh(core.doors.own)
    const next = await listOf(core, deltaCrl)
    assert.match(entriesOf(next.der).get(one.serialNumber.toHex()) ?? '', / 8$/)
    // Nothing changed: no number is spent.
    await core.shelf.refresh(core.doors.own)
    assert.equal((await listOf(core, deltaCrl)).number, next.number)
    core.clock.pass({ hours: 25 })
    // Who asks first has the one that is good, and the next one is made meanwhile.
    assert.equal((await listOf(core, fullCrl)).number, before.number)
    await core.shelf.refresh(core.doors.own)
    const whole = await listOf(core, fullCrl)
    assert.equal(whole.number, next.number + 1)
    const beside = await listOf(core, deltaCrl)
    assert.deepEqual([beside.number, beside.base], [whole.number, before.number])
    const base = await fullNumbered(core, before.number)
    assert.deepEqual(combined(base, beside.der), entriesOf(whole.der))
    assert.deepEqual(core.troubles, [])
  })
})

test('shards that do not exist cost no look at the ledger, and those that come are there at once', async () => {
  await withCore(async (core) => {
    await sample(core)
    let looks = 0
    const counted: Ledger = {
      ...core.ledger,
      list: (kind, query) => {
        if (kind === 'certificate') looks++
        return core.ledger.list(kind, query)
      },
      find: (kind, key, values) => core.ledger.find(kind, key, values),
      read: (kind, id) => core.ledger.read(kind, id),
      count: (kind, query) => core.ledger.count(kind, query),
      commit: (change) => core.ledger.commit(change),
    }
    const shelf = new CrlShelf({
      ...core,
      ...{ ledger: counted, keys: core.means.keys, authorities: core.doors },
      ...{ crlUrl: () => 'http://localhost/crl', report: assert.fail },
    })
    const { name, id } = issuingOf(core)
    for (let shard = 1; shard < 1_000; shard++) {
      // Each number once, up to the greatest that the door lets in.
      assert.equal(await shelf.read(name, shard * 9_999_999), undefined)
    }
    assert.ok(looks < 5, `${looks} looks`)
    const [first] = (await core.ledger.list('certificate', { by: 'shard', equal: [id], limit: 1 }))
      .items
    const record = { ...(first ?? assert.fail()), shard: 5 }
    shelf.hear({ puts: [{ kind: 'certificate', record: { ...record, version: 1 } }], events: [] })
    assert.equal(entriesOf((await shelf.read(name, 5))?.der ?? assert.fail()).size, 0)
  })
})

test('a certificate that says noRevAvail is on no list of any kind, also when it is revoked', async () => {
  await withCore(async (core) => {
    const { status } = readyProfiles.ldevid
    await changeProfile(core, { status: { ...status, crl: false, noRevAvail: true } })
    const { id, certificate } = await enrolDevice(core, await addPump(core), 'A')
    const { extensions } = parseCertificate(certificate)
    assert.equal(readExtension(extensions, 'noRevAvail'), null)
    assert.equal(readExtension(extensions, 'cRLDistributionPoints'), undefined)
    const record = await certificateOf(core, id)
    assert.equal(record.shard, onNoList)
    const numbers = async () => [
      (await listOf(core, fullCrl)).number,
      (await listOf(core, deltaCrl)).number,
    ]
    const before = await numbers()
    await act(core, 'revoke', [record])
    assert.deepEqual(await numbers(), before)
    core.clock.pass({ hours: 25 })
    for (const shard of [fullCrl, deltaCrl])
      assert.equal(entriesOf((await listOf(core, shard)).der).size, 0)
    await core.shelf.refresh(core.doors.own)
    assert.equal(await core.shelf.read(issuingOf(core).name, onNoList), undefined)
  })
})

test('through a week every list is in force at each hour, though the clock jumps', async () => {
  await withCore(async (core) => {
    const like = await sample(core)
    const certificates = await book(core, like, [{ shard: 3 }, { shard: 3 }, { shard: 4 }])
    const numbers = new Map<number, number>()
    const shards = [fullCrl, deltaCrl, 3, 4]
    for (let hour = 0; hour < 7 * 24; hour++) {
      core.clock.pass({ hours: 1 })
      // Back for a while, and far ahead for a moment: time services and people do both.
      const jump = hour % 40 === 17 ? -50 : hour % 40 === 33 ? 300 : 0
      core.clock.pass({ minutes: jump })
      if (hour % 30 === 5) await act(core, 'hold', [await certificateOf(core, certificates[0]!.id)])
      if (hour % 30 === 9)
        await act(core, 'release', [await certificateOf(core, certificates[0]!.id)])
      await core.shelf.refresh(core.doors.own)
      for (const shard of shards) {
        const list = await listOf(core, shard)
        const now = core.clock.now()
        const told = `hour ${hour}, list ${shard}`
        assert.ok(Temporal.Instant.compare(now, list.nextUpdate) < 0, told)
        // A clock that went back finds lists of its future, and signs none until it is there again.
        if (jump >= 0) assert.ok(Temporal.Instant.compare(list.thisUpdate, now) <= 0, told)
        assert.ok(list.number >= (numbers.get(shard) ?? 0), told)
        numbers.set(shard, list.number)
        const age = list.thisUpdate.until(now).total('hours')
        assert.ok(age <= 25, `${told} is ${age} hours old`)
      }
    }
  })
})

/** A ledger that ends with the process at a step: before it is written, or before that is told. */
class Dying {
  #left = Number.POSITIVE_INFINITY
  #isAfter = false
  steps = 0

  readonly replace = ({ ledger }: { readonly ledger: Ledger }) => ({
    ledger: {
      read: ledger.read.bind(ledger),
      find: ledger.find.bind(ledger),
      list: ledger.list.bind(ledger),
      count: ledger.count.bind(ledger),
      commit: async (change: Change) => {
        if (this.#left < 0) throw new Error('the process has ended')
        this.steps++
        if (this.#left-- > 0) return ledger.commit(change)
        if (this.#isAfter) await ledger.commit(change)
        this.#left = -1
        throw new Error('the process ends')
      },
    },
  })

  after(steps: number, isAfter: boolean): void {
    this.#left = steps
    this.#isAfter = isAfter
    this.steps = 0
  }
}

test('whichever step of publishing a crash cuts off, the next start says what is true', async () => {
  const dying = new Dying()
  const core = await openTestCore((means) => dying.replace(means))
  try {
    const like = await sample(core)
    const all = await book(
      core,
      like,
      Array.from({ length: 40 }, (_, unit) => ({ shard: 60 + (unit % 2) })),
    )
    for (const shard of [60, 61]) await listOf(core, shard)
    let alive: Pick<TestCore, 'ledger' | 'clock'> = core
    let met = 0
    for (let step = 0; step < 5; step++)
      for (const isAfter of [false, true]) {
        const chosen = all.slice(met, met + 2)
        met += 2
        const now = await Promise.all(chosen.map(({ id }) => certificateOf(core, id)))
        dying.after(step, isAfter)
        await act(alive, 'revoke', now).catch((cause: unknown) =>
          assert.match(String(cause), /ends|ended/),
        )
        dying.after(Number.POSITIVE_INFINITY, false)
        const reborn = await openCore({ ...core.means, feed: new Feed(assert.fail as never) })
        alive = { ...reborn, clock: core.clock }
        await reborn.shelf.refresh(reborn.doors.own)
        await checkAll({ ...core, ...reborn, clock: core.clock }, [60, 61])
      }
    const { items } = await core.ledger.list('crl', { limit: 1_000 })
    const issues = items.flatMap(({ authority, issue }) =>
      issue === null ? [] : [`${authority} ${issue}`],
    )
    assert.equal(new Set(issues).size, issues.length)
  } finally {
    await core.close()
  }
})

/** What the ledger's newest rows say, without a look by anybody, is what the records say. */
async function checkAll(core: TestCore, shards: readonly number[]): Promise<void> {
  const { id } = issuingOf(core)
  for (const shard of [fullCrl, ...shards]) {
    const equal = shard === fullCrl ? [id] : [id, shard]
    const revoked = await core.ledger.list('certificate', {
      ...{ by: 'revoked', equal, limit: 1_000 },
    })
    const expected = revoked.items.map(({ serialNumber }) => serialNumber.toHex()).sort()
    const newest = await core.ledger.list('crl', {
      ...{ by: 'latest', equal: [id, shard], descending: true, limit: 1 },
    })
    const list = newest.items[0] ?? assert.fail(`no list ${shard}`)
    assert.deepEqual([...entriesOf(list.der).keys()], expected, `list ${shard}`)
  }
  const delta = await listOf(core, deltaCrl)
  const full = await listOf(core, fullCrl)
  assert.deepEqual(
    combined(await fullNumbered(core, delta.base ?? 0), delta.der),
    entriesOf(full.der),
  )
}

test('of two nodes that act at once, whatever they hear of each other, no number says two things', async () => {
  const seed = seedOfRun()
  const random = new Random(seed)
  await withCore(async (core) => {
    const like = await sample(core)
    const records = new Map<string, CertificateRecord>()
    for (const record of await book(
      core,
      like,
      Array.from({ length: 16 }, (_, unit) => ({ shard: 70 + (unit % 2) })),
    ))
      records.set(record.id, record)
    const feed = new Feed(assert.fail as never)
    const other: TestCore = {
      ...core,
      ...(await openCore({ ...core.means, feed })),
      clock: core.clock,
    }
    const nodes = [core, other]
    const tell = (to: TestCore) => (change: Change) => {
      const kinds = new Set(change.puts.map(({ kind }) => kind as string))
      const news = random.chance(4)
        ? ({ kind: 'missed' } as const)
        : ({ kind: 'events', events: change.events, kinds } as const)
      // As the database tells it: later, and in nobody's way.
      setImmediate(() => void to.shelf.hearElsewhere(news))
    }
    core.means.feed.follow(tell(other))
    feed.follow(tell(core))
    for (let round = 0; round < 25; round++) {
      const free = [...records.values()].filter(({ state }) => state !== 'revoked')
      const chosen = free.filter(() => random.chance(3)).slice(0, 4)
      const done = await Promise.all(
        chosen.map((one, index) => {
          const what = one.state === 'held' ? 'release' : 'hold'
          return act(nodes[index % 2] ?? core, what, [one])
        }),
      )
      for (const [record] of done) if (record !== undefined) records.set(record.id, record)
      await new Promise((resolve) => setImmediate(resolve))
      for (const node of nodes) {
        const held = [...records.values()].filter(({ revokedAt }) => revokedAt !== null)
        const full = entriesOf((await listOf(node, fullCrl)).der)
        assert.deepEqual(
          [...full.keys()],
          held.map(({ serialNumber }) => serialNumber.toHex()).sort(),
          `seed ${seed}, round ${round}`,
        )
      }
    }
    for (const node of nodes) await checkAll(node, [])
    const { items } = await core.ledger.list('crl', {
      by: 'latest',
      equal: [like.authority],
      limit: 1_000,
    })
    const ofFull = items.filter(({ shard }) => shard === fullCrl).map(({ number }) => number)
    assert.equal(new Set(ofFull).size, ofFull.length)
    assert.deepEqual(core.troubles, [])
  })
})
