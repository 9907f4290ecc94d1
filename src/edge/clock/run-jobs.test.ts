// SPDX-License-Identifier: Apache-2.0
import assert from 'node:assert/strict'
import { once } from 'node:events'
import { test } from 'node:test'
import type { AuditEvent } from '#core/audit/event.ts'
import { Fault } from '#core/fault.ts'
import type { Change, Committed, Ledger } from '#core/ledger/ledger.ts'
import type { Job as JobRecord } from '#core/ledger/tables.ts'
import { type Job, runJobs, runNow } from './run-jobs.ts'
import { backOff, spread } from './schedule.ts'

/** A shared truth that knows job records only, and a time that moves when told. */
class World {
  readonly records = new Map<string, JobRecord>()
  readonly events: AuditEvent[] = []
  readonly reported: string[] = []
  now = Temporal.Instant.from('2026-11-22T12:00:00Z')
  broken = false
  #waiting: { readonly until: number; readonly resolve: () => void }[] = []

  readonly ledger = {
    find: async (_kind: string, _key: string, [name]: readonly unknown[]) => {
      if (this.broken) throw new Fault('store-unreachable', 'the disk is gone')
      return this.records.get(String(name))
    },
    commit: async ({ puts, events }: Change): Promise<Committed> => {
      if (this.broken) throw new Fault('store-unreachable', 'the disk is gone')
      for (const put of puts) {
        if (put.kind !== 'job') throw new Error(put.kind)
        const { name, version, id } = put.record
        if (version !== (this.records.get(name)?.version ?? 0) + 1)
          return { kind: 'conflict', record: 'job', id, rule: 'version' }
        this.records.set(name, put.record)
      }
      this.events.push(...events)
      return { kind: 'committed' }
    },
  } as unknown as Ledger

  ports(node: string) {
    return {
      ledger: this.ledger,
      clock: { now: () => this.now },
      random: { bytes: (count: number) => new Uint8Array(count).fill(128) },
      node,
      report: (job: string, cause: unknown) => this.reported.push(`${job}: ${cause}`),
      wait: (milliseconds: number, signal: AbortSignal) =>
        new Promise<void>((resolve) => {
          signal.addEventListener('abort', () => resolve(), { once: true })
          this.#waiting.push({ until: this.now.epochMilliseconds + milliseconds, resolve })
        }),
    }
  }

  /** Lets time pass, second by second, and lets everybody do what they do meanwhile. */
  async pass(seconds: number): Promise<void> {
    await quiet()
    for (let second = 0; second < seconds; second++) {
      this.now = this.now.add({ seconds: 1 })
      const due = this.#waiting.filter(({ until }) => until <= this.now.epochMilliseconds)
      this.#waiting = this.#waiting.filter((one) => !due.includes(one))
      for (const { resolve } of due) resolve()
      await quiet()
    }
  }
}

/** Until nothing is left to do but wait: all here is promises, and they settle before the next turn. */
async function quiet(): Promise<void> {
  for (let turn = 0; turn < 3; turn++) await new Promise((resolve) => setImmediate(resolve))
}

function job(name: string, seconds: number, run: Job['run']): Job {
  return { name, every: Temporal.Duration.from({ seconds }), run }
}

test('a job runs at once the first time, and then in its rhythm', async () => {
  const world = new World()
  let runs = 0
  const jobs = runJobs([job('count', 100, async () => void runs++)], world.ports('a'))
  await world.pass(0)
  assert.equal(runs, 1)
  await world.pass(95)
  assert.equal(runs, 1)
  await world.pass(10)
  assert.equal(runs, 2)
  await jobs.stop()
  assert.equal(world.records.get('count')?.lastResult, 'done')
  assert.equal(world.records.get('count')?.holder, null)
})

test('of two nodes one has the job, and a restart does not run it early', async () => {
  const world = new World()
  const runs: string[] = []
  const table = (node: string) => [job('one', 1_000, async () => void runs.push(node))]
  const [a, b] = [runJobs(table('a'), world.ports('a')), runJobs(table('b'), world.ports('b'))]
  await world.pass(500)
  assert.deepEqual(runs, ['a'])
  await Promise.all([a.stop(), b.stop()])
  const again = runJobs(table('c'), world.ports('c'))
  await world.pass(400)
  assert.deepEqual(runs, ['a'])
  await world.pass(200)
  assert.deepEqual(runs, ['a', 'c'])
  await again.stop()
})

test('a run that takes long keeps its hold', async () => {
  const world = new World()
  const { promise, resolve } = Promise.withResolvers<void>()
  const long = runJobs([job('long', 10, () => promise)], world.ports('a'))
  await world.pass(0)
  let stolen = 0
  const other = runJobs([job('long', 10, async () => void stolen++)], world.ports('b'))
  await world.pass(300)
  assert.equal(stolen, 0)
  resolve()
  await Promise.all([long.stop(), other.stop()])
})

test('a job of a dead node is taken over with a higher fence, and the dead one is told if it wakes', async () => {
  const world = new World()
  const dead = world.ports('dead')
  const { promise: wake, resolve } = Promise.withResolvers<void>()
  let told = false
  const untilTold: Job['run'] = async ({ fence, signal }) => {
    assert.equal(fence, 1)
    await once(signal, 'abort')
    told = true
  }
  const frozen = runJobs([job('one', 1_000, untilTold)], {
    ...dead,
    wait: (milliseconds, signal) => (told ? dead.wait(milliseconds, signal) : wake),
  })
  await world.pass(30)
  const fences: number[] = []
  const heir = runJobs(
    [job('one', 1_000, async ({ fence }) => void fences.push(fence))],
    world.ports('heir'),
  )
  await world.pass(20)
  assert.deepEqual(fences, [])
  await world.pass(60)
  assert.deepEqual(fences, [2])
  const before = world.records.get('one')
  resolve()
  await quiet()
  await frozen.stop()
  assert.equal(told, true)
  assert.deepEqual(world.records.get('one'), before, 'the dead one wrote nothing more')
  await heir.stop()
})

test('a failure is an event without its cause, and is tried again later and later', async () => {
  const world = new World()
  let runs = 0
  const failing = job('bad', 3_600, async () => {
    runs++
    throw new Error('secret cause')
  })
  const fine = job('fine', 3_600, async () => {})
  const jobs = runJobs([failing, fine], world.ports('a'))
  await world.pass(0)
  assert.equal(runs, 1)
  await world.pass(6)
  assert.equal(runs, 2)
  await world.pass(9)
  assert.equal(runs, 2)
  await world.pass(2)
  assert.equal(runs, 3)
  await jobs.stop()
  assert.deepEqual(
    world.events.map(({ type, facts }) => [type, facts.failures]),
    [
      ['job-failed', 1],
      ['job-failed', 2],
      ['job-failed', 3],
    ],
  )
  assert.doesNotMatch(JSON.stringify(world.events), /secret/)
  assert.equal(world.reported.length, 3)
  assert.match(world.reported[0] ?? '', /^bad: .*secret cause/)
  assert.equal(world.records.get('bad')?.lastResult, 'failed 3 in a row')
  assert.equal(world.records.get('fine')?.lastResult, 'done')
})

test('when a job last went well is booked, and outlives failures and restarts', async () => {
  const world = new World()
  let fails = false
  const moody = job('moody', 100, async () => {
    if (fails) throw new Error('not today')
  })
  const jobs = runJobs([moody], world.ports('a'))
  await world.pass(0)
  const wentWell = world.records.get('moody')?.lastGoodAt
  assert.ok(wentWell)
  fails = true
  await world.pass(200)
  await jobs.stop()
  const again = runJobs([moody], world.ports('b'))
  await world.pass(200)
  await again.stop()
  assert.match(world.records.get('moody')?.lastResult ?? '', /^failed/)
  assert.deepEqual(world.records.get('moody')?.lastGoodAt, wentWell)
})

test('a ledger that is away is reported and waited for', async () => {
  const world = new World()
  world.broken = true
  let runs = 0
  const jobs = runJobs([job('one', 100, async () => void runs++)], world.ports('a'))
  await world.pass(40)
  assert.equal(runs, 0)
  assert.ok(world.reported.length > 0)
  world.broken = false
  await world.pass(20)
  assert.equal(runs, 1)
  await jobs.stop()
})

test('stop tells the run and waits for its end', async () => {
  const world = new World()
  let ended = false
  const jobs = runJobs(
    [
      job('one', 100, async ({ signal }) => {
        await once(signal, 'abort')
        ended = true
      }),
    ],
    world.ports('a'),
  )
  await world.pass(5)
  await jobs.stop()
  assert.equal(ended, true)
  assert.equal(world.records.get('one')?.holder, null)
})

test('the rhythm is spread by a tenth, the pauses double up to the rhythm', () => {
  const least = { bytes: (count: number) => new Uint8Array(count) }
  const most = { bytes: (count: number) => new Uint8Array(count).fill(255) }
  assert.equal(spread(1_000, least), 900)
  assert.equal(spread(1_000, most), 1_100)
  const pauses = [1, 2, 3, 100].map((failures) => backOff(20_000, failures, least))
  assert.deepEqual(pauses, [4_500, 9_000, 18_000, 18_000])
})

test('without a port the machine waits, and stop ends the wait', async () => {
  const world = new World()
  const { wait: _, ...ports } = world.ports('a')
  const ran = Promise.withResolvers<void>()
  const jobs = runJobs([job('one', 3_600, async () => ran.resolve())], ports)
  await ran.promise
  await jobs.stop()
})

test('a job of every node runs on each of them, and nobody holds it', async () => {
  const world = new World()
  const ran: string[] = []
  const own = (node: string): Job => {
    return { ...job('own', 60, async () => void ran.push(node)), everyNode: true }
  }
  const both = ['a', 'b'].map((node) => runJobs([own(node)], world.ports(node)))
  await world.pass(61)
  for (const jobs of both) await jobs.stop()
  assert.deepEqual(ran, ['a', 'b', 'a', 'b'])
  assert.equal(world.records.size, 0)
})

test('a job of every node that fails is an event, and is tried again', async () => {
  const world = new World()
  let runs = 0
  const failing = job('own', 60, async () => {
    if (runs++ === 0) throw new Error('no')
  })
  const jobs = runJobs([{ ...failing, everyNode: true }], world.ports('a'))
  await world.pass(6)
  await jobs.stop()
  assert.equal(runs, 2)
  assert.deepEqual(
    world.events.map(({ type, facts }) => [type, facts.job, facts.failures]),
    [['job-failed', 'own', 1]],
  )
})

test('a job of every node outlives a ledger that does not answer', async () => {
  const world = new World()
  world.broken = true
  const run = async () => {
    throw new Error('no')
  }
  const jobs = runJobs([{ ...job('own', 60, run), everyNode: true }], world.ports('a'))
  await world.pass(1)
  await jobs.stop()
  assert.equal(world.reported.length, 2)
})

test('nodes whose clocks are apart go by the clock that they share', async () => {
  const world = new World()
  const ran: string[] = []
  const together = job('long', 600, async ({ signal }) => {
    ran.push('began')
    await new Promise((resolve) => signal.addEventListener('abort', resolve))
  })
  const ports = (node: string, minutes: number) => ({
    ...world.ports(node),
    clock: { now: () => world.now.add({ minutes }) },
    sharedClock: { now: () => world.now },
  })
  const right = runJobs([together], ports('right', 0))
  await world.pass(1)
  // By its own clock this one would have taken the job from the other at once.
  const ahead = runJobs([together], ports('ahead', 10))
  await world.pass(90)
  assert.deepEqual(ran, ['began'])
  assert.equal(world.records.get('long')?.holder, 'right')
  await Promise.all([right.stop(), ahead.stop()])
})

test('a job is run before its time where nobody has it, and not where a node that lives has', async () => {
  const world = new World()
  let runs = 0
  const job: Job = {
    ...{ name: 'look', every: Temporal.Duration.from({ hours: 1 }) },
    run: async () => {
      runs++
    },
  }
  const living = new Set(['one', 'two'])
  const ports = (node: string) => ({
    ...world.ports(node),
    isRunning: async (name: string) => living.has(name),
  })
  const never = new AbortController().signal
  assert.deepEqual(await runNow(job, ports('one'), never), { kind: 'ran' })
  assert.deepEqual(await runNow(job, ports('two'), never), { kind: 'ran' })
  const record = world.records.get('look') ?? assert.fail()
  assert.deepEqual([runs, record.fence, record.holder], [2, 2, null])
  const heldUntil = world.now.add({ seconds: 50 })
  world.records.set('look', { ...record, holder: 'one', heldUntil })
  assert.deepEqual(await runNow(job, ports('two'), never), { kind: 'held', holder: 'one' })
  living.delete('one')
  assert.deepEqual(await runNow(job, ports('two'), never), { kind: 'ran' })
  const broken = { ...job, run: () => Promise.reject(new Error('it broke')) }
  const failed = await runNow(broken, ports('two'), never)
  assert.deepEqual(failed, { kind: 'failed', cause: new Error('it broke') })
  assert.deepEqual(world.reported, ['look: Error: it broke'])
})
