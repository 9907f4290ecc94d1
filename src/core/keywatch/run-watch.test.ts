// SPDX-License-Identifier: Apache-2.0
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { newId } from '#core/ledger/ids.ts'
import type { Key } from '#core/ledger/tables.ts'
import { sha256 } from '#trust/digest.ts'
import { generateKey } from '#trust/private-key.ts'
import { operator, reasonOf, type TestCore, withCore } from '../../../test/support/core.ts'
import type { FoundWeakness } from './book-findings.ts'
import type { KeyPage, Place, Step, WatchPorts } from './ports.ts'
import { type Run, runWatch } from './run-watch.ts'
import { pauseWatch, resumeWatch, watchState } from './state.ts'

function found(kind: FoundWeakness['kind'], key: string): FoundWeakness {
  const cause = sha256(new TextEncoder().encode(kind))
  return { kind, key, cause, detail: 'it is', facts: {} }
}

/** Says what a test wants of the keys that it is shown, and remembers them. */
class Tests {
  named: string
  readonly shown: string[] = []
  readonly weak = new Set<string>()
  /** Called before a page is tested. */
  meanwhile: () => Promise<unknown> = async () => {}

  constructor(named: string) {
    this.named = named
  }

  async test({ ids }: KeyPage): Promise<readonly FoundWeakness[]> {
    await this.meanwhile()
    this.shown.push(...ids)
    return ids.filter((id) => this.weak.has(id)).map((id) => found('roca', id))
  }
}

/** Keeps every key, and says of those that it is told that they share something. */
class Primes {
  readonly kept = new Set<string>()
  readonly alike = new Set<string>()
  compared = 0

  handed: Place | undefined

  async place() {
    return this.handed
  }

  async note(place: Place) {
    this.handed = place
  }

  async add({ ids }: KeyPage) {
    const before = this.kept.size
    for (const id of ids) this.kept.add(id)
    return this.kept.size - before
  }

  async booked() {
    this.compared = this.kept.size
  }

  async run() {
    return [...this.alike].map((id) => found('prime-shared', id))
  }

  async state() {
    return { moduli: this.kept.size, waiting: this.kept.size - this.compared }
  }
}

interface Watch {
  readonly keys: Tests
  readonly deep: Tests
  readonly primes: Primes
  readonly steps: Step[]
  readonly ports: WatchPorts
  run(signal?: AbortSignal): Promise<Run>
}

function watchOf(core: TestCore, primes = new Primes()): Watch {
  const [keys, deep] = [new Tests('checks 1'), new Tests('deep 1')]
  const steps: Step[] = []
  const { ledger, clock, random, environment, pause } = core
  const ports: WatchPorts = {
    ...{
      ledger,
      clock,
      random,
      environment,
      pause,
      node: 'one',
      primes,
      deepBudget: Temporal.Duration.from('PT1H'),
    },
    tester: { tests: async () => keys.named, test: (page) => keys.test(page) },
    deep: { tests: 'deep 1', test: (page) => deep.test(page) },
  }
  const run = (signal = new AbortController().signal) =>
    runWatch(ports, signal, (step) => steps.push(step))
  return { keys, deep, primes, steps, ports, run }
}

/** A key of a device that nobody knows, made now or at a time that its id tells. */
async function addKey(
  core: TestCore,
  ago: Temporal.DurationLike = { minutes: 0 },
): Promise<string> {
  const { publicKey } = await generateKey('p-256')
  const at = core.clock.now().subtract(ago)
  const id = newId('key', { clock: { now: () => at }, random: core.random })
  const key: Key = {
    ...{ id, version: 1, fingerprint: publicKey.fingerprint, algorithm: 'p-256', bits: 256 },
    ...{ spki: publicKey.spki, origin: 'device', protection: 'unknown', attested: false },
    ...{ exportable: null, purpose: 'working', environment: 'trial', state: 'active' },
    ...{ owner: newId('device', core), moduleCertificate: null, custody: null },
    ...{ activatedAt: at, deactivateAt: null },
  }
  await core.means.ledger.commit({ puts: [{ kind: 'key', record: key }], events: [] })
  return id
}

async function allKeys(core: TestCore): Promise<readonly string[]> {
  const { items } = await core.ledger.list('key', { limit: 1000 })
  return items.map(({ id }) => id)
}

test('every key is tested once, and then only those that are new', () =>
  withCore(async (core) => {
    const watch = watchOf(core)
    await addKey(core)
    const first = await watch.run()
    assert.deepEqual(watch.keys.shown, await allKeys(core))
    assert.deepEqual(watch.deep.shown, await allKeys(core))
    assert.equal(first.keys, watch.keys.shown.length)
    core.clock.pass({ hours: 3 })
    const fresh = await addKey(core)
    const second = await watch.run()
    assert.equal(second.keys, 1)
    assert.ok(watch.keys.shown.includes(fresh))
    const [last] = core.events.filter(({ type }) => type === 'keys-watched').slice(-1)
    assert.deepEqual([last?.facts['keys'], last?.facts['tests']], [1, 'checks 1'])
  }))

test('a run without news is no event', () =>
  withCore(async (core) => {
    const watch = watchOf(core)
    await watch.run()
    core.clock.pass({ hours: 3 })
    const { kind, keys, moduli } = await watch.run()
    assert.deepEqual([kind, keys, moduli], ['done', 0, 0])
    assert.equal(core.events.filter(({ type }) => type === 'keys-watched').length, 1)
  }))

test('a key that another node booked late, under an older id, is tested', () =>
  withCore(async (core) => {
    const watch = watchOf(core)
    core.clock.pass({ hours: 3 })
    await addKey(core)
    await watch.run()
    const late = await addKey(core, { minutes: 50 })
    await watch.run()
    assert.ok(watch.keys.shown.includes(late))
    assert.ok(watch.primes.kept.has(late))
  }))

test('old keys are tested anew when a test is new or a list grew, and once a month', () =>
  withCore(async (core) => {
    const watch = watchOf(core)
    const old = await addKey(core)
    core.clock.pass({ hours: 3 })
    await watch.run()
    const again = async () => {
      watch.keys.shown.length = 0
      core.clock.pass({ hours: 3 })
      await watch.run()
      return watch.keys.shown.includes(old)
    }
    assert.equal(await again(), false)
    watch.keys.named = 'checks 2'
    watch.keys.weak.add(old)
    assert.equal(await again(), true)
    const { items } = await core.ledger.list('keyFinding', { limit: 10 })
    assert.deepEqual(
      items.map(({ kind, key }) => [kind, key]),
      [['roca', old]],
    )
    assert.equal(await again(), false)
    core.clock.pass({ hours: 31 * 24 })
    assert.equal(await again(), true)
  }))

test('what is found is booked before the walk is, so that no crash loses it', () =>
  withCore(async (core) => {
    const watch = watchOf(core)
    const weak = await addKey(core)
    watch.keys.weak.add(weak)
    const { ledger } = watch.ports
    const dying: WatchPorts = {
      ...watch.ports,
      ledger: {
        ...ledger,
        commit: (change) =>
          change.puts.some(({ kind }) => kind === 'setting')
            ? Promise.reject(new Error('the machine died'))
            : ledger.commit(change),
      },
    }
    await assert.rejects(
      runWatch(dying, new AbortController().signal, () => {}),
      /died/,
    )
    assert.equal(await core.ledger.count('keyFinding', {}), 1)
    assert.equal((await watchState(core.ledger)).keys, null)
    await watch.run()
    assert.equal(await core.ledger.count('keyFinding', {}), 1)
  }))

test('a paused watch tests nothing, and one that is paused in its midst goes on where it was', () =>
  withCore(async (core) => {
    const watch = watchOf(core)
    const paused = await pauseWatch('the database is slow', operator, core)
    assert.ok('paused' in paused)
    assert.equal(reasonOf(await pauseWatchAgain(core)), 'conflict')
    assert.equal((await watch.run()).kind, 'paused')
    assert.deepEqual(watch.keys.shown, [])
    await resumeWatch(operator, core)
    const twice = await resumeWatch(operator, core)
    assert.equal('reason' in twice && twice.reason, 'conflict')
    watch.keys.meanwhile = () => pauseWatch('now', operator, core)
    assert.equal((await watch.run()).kind, 'paused')
    assert.deepEqual(watch.deep.shown, [])
    const { keys } = await watchState(core.ledger)
    assert.equal(keys?.through, watch.keys.shown.at(-1))
    const types = core.events.map(({ type }) => type)
    assert.equal(types.filter((type) => type === 'keywatch-paused').length, 2)
    assert.equal(types.filter((type) => type === 'keywatch-resumed').length, 1)
  }))

async function pauseWatchAgain(core: TestCore) {
  const answer = await pauseWatch('again', operator, core)
  return 'reason' in answer ? answer : { kind: 'paused' }
}

test('a node that takes over hands all keys to its own search again', () =>
  withCore(async (core) => {
    const old = await addKey(core)
    core.clock.pass({ hours: 3 })
    await watchOf(core).run()
    core.clock.pass({ hours: 3 })
    const fresh = await addKey(core)
    const second = watchOf(core)
    second.primes.alike.add(old).add(fresh)
    const run = await second.run()
    assert.ok(second.primes.kept.has(old))
    assert.equal(second.keys.shown.includes(old), false)
    assert.deepEqual([run.found, run.moduli], [2, second.primes.kept.size])
    assert.equal(await core.ledger.count('alarm', {}), 1)
    assert.equal((await watchState(core.ledger)).primes?.moduli, second.primes.kept.size)
  }))

test('the deep tests take no longer than their share of a run, and go on in the next', () =>
  withCore(async (core) => {
    const watch = watchOf(core)
    await addKey(core)
    const none = { ...watch.ports, deepBudget: Temporal.Duration.from('PT0S') }
    await runWatch(none, new AbortController().signal, () => {})
    assert.deepEqual(watch.deep.shown, [])
    await watch.run()
    assert.deepEqual(watch.deep.shown, await allKeys(core))
    core.clock.pass({ hours: 24 * 60 })
    await watch.run()
    const again = watch.deep.shown.slice((await allKeys(core)).length)
    core.clock.pass({ hours: 24 * 60 })
    await watch.run()
    assert.deepEqual(watch.deep.shown.slice((await allKeys(core)).length), again, 'no age ends it')
  }))

test('a run that another node took over, or that the house ends, stops at its next step', () =>
  withCore(async (core) => {
    const watch = watchOf(core)
    const stopping = new AbortController()
    watch.keys.meanwhile = async () => stopping.abort()
    assert.equal((await watch.run(stopping.signal)).kind, 'stopped')
    assert.deepEqual(watch.deep.shown, [])
    assert.equal((await watchState(core.ledger)).lastRunAt, null)
  }))

test('progress is told for each part, and never beyond what there is', () =>
  withCore(async (core) => {
    const watch = watchOf(core)
    await watch.run()
    assert.deepEqual(new Set(watch.steps.map(({ part }) => part)), new Set(['keys', 'deep']))
    for (const { done, of } of watch.steps) assert.ok(done <= of)
  }))
