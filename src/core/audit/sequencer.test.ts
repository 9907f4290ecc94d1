// SPDX-License-Identifier: Apache-2.0
import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import { parseCheckpoint } from '#format/tlog/checkpoint.ts'
import { parseNote } from '#format/tlog/note.ts'
import { commitmentOf } from '#trust/tlog/merkle.ts'
import { testLogKey } from '#trust/tlog/note-testing.ts'
import { MTH } from '#trust/tlog/reference-testing.ts'
import { verifyCheckpoint } from '#trust/tlog/verify-checkpoint.ts'
import type { AuditEvent } from './event.ts'
import type { LogStore } from './log-store.ts'
import { MemoryLogStore } from './log-testing.ts'
import { type SequencerPorts, sequenceOnce, tileReader } from './sequencer.ts'

const log = testLogKey('example.com/log', 3)

class PowerCut extends Error {}

class TestClock {
  #now = Temporal.Instant.from('2026-01-01T00:00:00Z')
  now(): Temporal.Instant {
    this.#now = this.#now.add({ milliseconds: 1 })
    return this.#now
  }
  pass(seconds: number): void {
    this.#now = this.#now.add({ seconds })
  }
}

function event(number: number): AuditEvent {
  return {
    type: 'certificate-issued',
    at: Temporal.Instant.fromEpochMilliseconds(1_700_000_000_000 + number),
    actor: { kind: 'house', id: 'test' },
    subjects: [],
    facts: { number },
  }
}

/** A sequencer's world, in which the power is cut before or after its n-th step. */
function world(store: MemoryLogStore) {
  const clock = new TestClock()
  const signed: string[] = []
  let steps = 0
  let cut = Number.POSITIVE_INFINITY
  let starts = 0

  async function step<T>(act: () => Promise<T>): Promise<T> {
    if (steps++ === cut) throw new PowerCut()
    const result = await act()
    if (steps++ === cut) throw new PowerCut()
    return result
  }

  const cuttable: LogStore = {
    lease: (...given) => step(() => store.lease(...given)),
    head: () => step(() => store.head()),
    waiting: (...given) => step(() => store.waiting(...given)),
    append: (...given) => step(() => store.append(...given)),
    publish: (...given) => step(() => store.publish(...given)),
    tile: (...given) => step(() => store.tile(...given)),
    events: (...given) => step(() => store.events(...given)),
    snapshot: () => step(() => store.snapshot()),
  }
  const sign = (bytes: Uint8Array) =>
    step(() => {
      signed.push(new TextDecoder().decode(bytes))
      return log.sign(bytes)
    })

  return {
    clock,
    signed,
    /** The ports of a process that starts now. */
    start: (): SequencerPorts => ({
      store: cuttable,
      signer: { key: log.key, sign },
      clock,
      holder: `process ${starts++}`,
    }),
    get steps() {
      return steps
    },
    cutAt(step: number) {
      steps = 0
      cut = step
    },
  }
}

/** Everything that must hold once all is numbered. */
async function assertWhole(store: MemoryLogStore, signed: readonly string[]): Promise<void> {
  const entries = store.kept.map(({ salt, bytes }) => commitmentOf(salt, bytes))
  const head = await store.head()
  assert.equal(head.size, entries.length)
  assert.deepEqual(head.root, MTH(entries))
  assert.deepEqual(
    store.kept.map(({ commitment }) => commitment),
    entries,
  )
  const verdict = verifyCheckpoint(head.checkpoint?.note ?? '', log.key)
  assert.deepEqual(verdict, {
    kind: 'verified',
    checkpoint: { origin: 'example.com/log', size: entries.length, root: MTH(entries) },
  })
  for (const text of signed) {
    const { size, root } = parseCheckpoint(text)
    assert.deepEqual(root, MTH(entries.slice(0, size)), `what was ever signed stays true: ${size}`)
  }
}

test('numbers events in the order of their commits and signs over all of them', async () => {
  const store = new MemoryLogStore()
  const { start, signed } = world(store)
  const ports = start()
  for (const count of [0, 1, 3, 300, 0]) {
    for (let at = 0; at < count; at++) store.commit(event(store.kept.length))
    const done = await sequenceOnce(ports)
    assert.deepEqual(done, { kind: 'sequenced', size: store.kept.length, added: count })
    await assertWhole(store, signed)
  }
  assert.equal(signed.length, 4, 'nothing new, nothing signed')
})

test('publishes after each batch of a long backlog', async () => {
  const store = new MemoryLogStore()
  const { start, signed } = world(store)
  store.commit(...Array.from({ length: 5000 }, (_, at) => event(at)))
  await sequenceOnce(start())
  const sizes = signed.map((text) => parseCheckpoint(text).size)
  assert.deepEqual(sizes, [0, 2048, 4096, 5000])
  await assertWhole(store, signed)
})

test('a call ends while others commit without a pause, with all that waited when it began', async () => {
  const store = new MemoryLogStore()
  store.commit(event(0), event(1))
  let committed = 2
  const busy: LogStore = {
    ...methodsOf(store),
    append: async (...given) => {
      store.commit(event(committed++))
      return store.append(...given)
    },
  }
  const done = await sequenceOnce({
    ...{ store: busy, clock: new TestClock(), holder: 'one' },
    signer: { key: log.key, sign: log.sign },
  })
  assert.deepEqual(done, { kind: 'sequenced', size: 2, added: 2 })
  assert.equal((await store.waiting(10)).length, 1)
  assert.equal((await store.head()).checkpoint?.size, 2)
})

function methodsOf(store: MemoryLogStore): LogStore {
  return {
    lease: (...given) => store.lease(...given),
    head: () => store.head(),
    waiting: (...given) => store.waiting(...given),
    append: (...given) => store.append(...given),
    publish: (...given) => store.publish(...given),
    tile: (...given) => store.tile(...given),
    events: (...given) => store.events(...given),
    snapshot: () => store.snapshot(),
  }
}

test('survives a power cut before and after each of its steps', async () => {
  const total = await stepsWithoutCut()
  assert.ok(total > 20)
  for (let cut = 0; cut < total; cut++) {
    const { store, inside } = await prepared()
    inside.cutAt(cut)
    await assert.rejects(sequenceOnce(inside.start()), PowerCut, `step ${cut}`)
    inside.cutAt(Number.POSITIVE_INFINITY)
    store.commit(event(store.kept.length))
    assert.deepEqual(await sequenceOnce(inside.start()), expectedAfter(cut))
    inside.clock.pass(31)
    const done = await sequenceOnce(inside.start())
    assert.equal(done.kind, 'sequenced')
    await assertWhole(store, inside.signed)
  }

  /** Before its lease was written the dead process holds nothing; afterwards it has to run out. */
  function expectedAfter(cut: number) {
    return cut === 0 ? { kind: 'sequenced', size: 304, added: 51 } : { kind: 'held-elsewhere' }
  }
  async function prepared() {
    const store = new MemoryLogStore()
    const inside = world(store)
    store.commit(...Array.from({ length: 253 }, (_, at) => event(at)))
    await sequenceOnce(inside.start())
    store.commit(...Array.from({ length: 50 }, (_, at) => event(253 + at)))
    inside.clock.pass(31)
    return { store, inside }
  }
  async function stepsWithoutCut() {
    const { inside } = await prepared()
    inside.cutAt(Number.POSITIVE_INFINITY)
    await sequenceOnce(inside.start())
    return inside.steps
  }
})

test('survives power cuts at any steps, one after another, with commits between', async () => {
  const cuts = fc.array(fc.record({ after: fc.nat(60), commits: fc.nat(300) }), { maxLength: 8 })
  await fc.assert(
    fc.asyncProperty(cuts, async (some) => {
      const store = new MemoryLogStore()
      const inside = world(store)
      for (const { after, commits } of some) {
        for (let at = 0; at < commits; at++) store.commit(event(store.kept.length))
        inside.cutAt(after)
        await sequenceOnce(inside.start()).catch((error) => assert.ok(error instanceof PowerCut))
        inside.clock.pass(31)
      }
      inside.cutAt(Number.POSITIVE_INFINITY)
      await sequenceOnce(inside.start())
      await assertWhole(store, inside.signed)
    }),
    { numRuns: 40 },
  )
})

test('a sequencer that lost its lease while it signed publishes nothing more', async () => {
  const store = new MemoryLogStore()
  const inside = world(store)
  store.commit(event(0))
  await sequenceOnce(inside.start())
  store.commit(event(1))
  inside.clock.pass(31)
  const slow = inside.start()
  const overtaken: SequencerPorts = {
    ...slow,
    signer: {
      key: log.key,
      async sign(bytes) {
        inside.clock.pass(31)
        store.commit(event(2))
        await sequenceOnce(inside.start())
        return slow.signer.sign(bytes)
      },
    },
  }
  assert.deepEqual(await sequenceOnce(overtaken), { kind: 'held-elsewhere' })
  assert.equal((await store.head()).checkpoint?.size, 3)
  await assertWhole(store, inside.signed)
})

test('a sequencer that lost its lease before it booked adds nothing', async () => {
  const store = new MemoryLogStore()
  const inside = world(store)
  store.commit(event(0))
  const slow = inside.start()
  const overtaken: SequencerPorts = {
    ...slow,
    store: {
      ...slow.store,
      async waiting(limit) {
        const events = await store.waiting(limit)
        inside.clock.pass(31)
        await sequenceOnce(inside.start())
        return events
      },
    },
  }
  assert.deepEqual(await sequenceOnce(overtaken), { kind: 'held-elsewhere' })
  await assertWhole(store, inside.signed)
})

test('calls at the same time number each event once', async () => {
  const store = new MemoryLogStore()
  const { start, signed } = world(store)
  const ports = start()
  for (let round = 0; round < 20; round++) {
    store.commit(event(2 * round), event(2 * round + 1))
    const done = await Promise.all([1, 2, 3].map(() => sequenceOnce(ports)))
    const added = done.map((one) => (one.kind === 'sequenced' ? one.added : Number.NaN))
    assert.equal(
      added.reduce((sum, count) => sum + count),
      2,
    )
    await assertWhole(store, signed)
  }
})

test('neither builds nor signs on tiles that were changed or lost', async () => {
  for (const damage of [new Uint8Array(32), new Uint8Array()]) {
    const store = new MemoryLogStore()
    const { start, signed } = world(store)
    const ports = start()
    store.commit(event(0))
    await sequenceOnce(ports)
    const [head, count] = [await store.head(), signed.length]
    store.commit(event(1))
    store.damageTile(0, 0, damage)
    await assert.rejects(sequenceOnce(ports), { name: 'Fault', code: 'ledger-damaged' })
    assert.deepEqual(await store.head(), head)
    assert.equal(signed.length, count)
  }
})

test('a tile too short for what is asked is a damaged ledger', async () => {
  const store = new MemoryLogStore()
  store.damageTile(0, 0, new Uint8Array(64))
  const read = tileReader(store)
  assert.equal((await read(0, 0, 2)).length, 64)
  await assert.rejects(read(0, 0, 3), { code: 'ledger-damaged' })
  await assert.rejects(read(0, 1, 1), { code: 'ledger-damaged' })
})

test('the published note is the C2SP form with one signature', async () => {
  const store = new MemoryLogStore()
  await sequenceOnce(world(store).start())
  const note = parseNote((await store.head()).checkpoint?.note ?? '')
  assert.equal(note.text, 'example.com/log\n0\n47DEQpj8HBSa+/TImW+5JCeuQeRkm5NMpJWZG3hSuFU=\n')
  assert.equal(note.signatures.length, 1)
})
