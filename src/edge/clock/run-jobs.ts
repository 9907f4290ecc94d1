// SPDX-License-Identifier: Apache-2.0
import { setTimeout as sleep } from 'node:timers/promises'
import type { AuditEvent } from '#core/audit/event.ts'
import { freeAt, goodResult, Hold, type HoldPorts, renewMilliseconds, sharedNow } from './hold.ts'
import { backOff, spread } from './schedule.ts'

/** A piece of time-driven work: one row of the house's job table. */
export interface Job {
  /** Its name in the ledger, for ever. */
  readonly name: string
  /** From the end of one run to the start of the next, give or take a tenth. */
  readonly every: Temporal.Duration
  /** Each node does its own part of it, whatever the others do: nobody holds it. */
  readonly everyNode?: boolean
  /**
   * The work; doing it twice MUST do no harm, since a node may die between work and book.
   *
   * `fence` rises each time that the job is taken; it is 0 where nobody holds it. `signal` says that the job was lost to another
   * node, or that the house stops: then end soon.
   */
  run(holding: { readonly fence: number; readonly signal: AbortSignal }): Promise<void>
}

export interface JobPorts extends HoldPorts {
  /** Hears of each failure with its cause; MUST NOT throw. */
  readonly report: (job: string, cause: unknown) => void
  /** Resolves after the time, or at once when the signal says so. */
  readonly wait?: (milliseconds: number, signal: AbortSignal) => Promise<void>
}

type Ports = JobPorts & Required<Pick<JobPorts, 'wait'>>

export interface RunningJobs {
  /** Starts nothing more, tells what runs, and waits for it. */
  stop(): Promise<void>
}

/** How often a node looks whether a job was left by a dead node, or the ledger is back. */
const lookMilliseconds = 15_000

/**
 * Runs every job of the table when it is due, each on one node at a time.
 *
 * A failure is an event, and the job is tried again later and later, but never later than in its own
 * rhythm.
 */
export function runJobs(jobs: readonly Job[], ports: JobPorts): RunningJobs {
  const stopping = new AbortController()
  const known = { wait: waitOnMachine, ...ports }
  const loops = jobs.map((job) =>
    job.everyNode === true
      ? runHere(job, known, stopping.signal)
      : runJob(job, known, stopping.signal),
  )
  return {
    stop: async () => {
      stopping.abort()
      await Promise.all(loops)
    },
  }
}

export type RanNow =
  | { readonly kind: 'ran' }
  | { readonly kind: 'failed'; readonly cause: unknown }
  /** Some node has it, this one or another. */
  | { readonly kind: 'held'; readonly holder: string }

export interface RunNowPorts extends JobPorts {
  /** Whether a node may still be at work: a hold of one that surely is not is taken over before its time. */
  isRunning(node: string): Promise<boolean>
}

/**
 * Runs a job although its time has not come, under the same hold as when it has: on no other node at once.
 *
 * @param signal ends it soon
 */
export async function runNow(job: Job, ports: RunNowPorts, signal: AbortSignal): Promise<RanNow> {
  const known = { wait: waitOnMachine, ...ports }
  const found = await known.ledger.find('job', 'name', [job.name])
  const isHeld =
    found?.heldUntil != null && Temporal.Instant.compare(found.heldUntil, sharedNow(known)) > 0
  if (isHeld && (await known.isRunning(found.holder ?? '')))
    return { kind: 'held', holder: found.holder ?? '' }
  const hold = await Hold.take(job.name, found, known)
  if (hold === undefined) return { kind: 'held', holder: '' }
  const failed = await work(job, hold, known, signal)
  await giveBack(job, hold, failed === undefined ? 0 : 1, known)
  return failed === undefined ? { kind: 'ran' } : { kind: 'failed', ...failed }
}

async function runJob(job: Job, ports: Ports, stopping: AbortSignal): Promise<void> {
  let failures = 0
  while (!stopping.aborted) {
    let pause = lookMilliseconds
    try {
      const taken = await takeIfDue(job, ports)
      if (taken instanceof Hold) {
        const failed = await work(job, taken, ports, stopping)
        failures = failed === undefined ? 0 : failures + 1
        await giveBack(job, taken, failures, ports)
        pause = 0
      } else pause = Math.min(pause, taken.milliseconds)
    } catch (cause) {
      // The ledger itself: nothing can be booked now, so only the log hears of it.
      ports.report(job.name, cause)
    }
    if (pause > 0) await ports.wait(pause, stopping)
  }
}

/** On this node in its own rhythm, first at once; nothing is booked but that it failed. */
async function runHere(job: Job, ports: Ports, stopping: AbortSignal): Promise<void> {
  const { random } = ports
  const every = job.every.total('milliseconds')
  let failures = 0
  while (!stopping.aborted) {
    try {
      await job.run({ fence: 0, signal: stopping })
      failures = 0
    } catch (cause) {
      ports.report(job.name, cause)
      failures++
      await noteFailure(job, failures, ports)
    }
    const pause = failures === 0 ? spread(every, random) : backOff(every, failures, random)
    if (!stopping.aborted) await ports.wait(pause, stopping)
  }
}

/** The hold, or how long to wait before another look. */
async function takeIfDue(
  job: Job,
  ports: Ports,
): Promise<Hold | { readonly milliseconds: number }> {
  const found = await ports.ledger.find('job', 'name', [job.name])
  if (found !== undefined) {
    const milliseconds = sharedNow(ports).until(freeAt(found)).total('milliseconds')
    if (milliseconds > 0) return { milliseconds: Math.ceil(milliseconds) }
  }
  return (await Hold.take(job.name, found, ports)) ?? { milliseconds: renewMilliseconds }
}

/** @returns why it failed, if it did */
async function work(
  job: Job,
  hold: Hold,
  ports: Ports,
  stopping: AbortSignal,
): Promise<{ readonly cause: unknown } | undefined> {
  const done = new AbortController()
  const renewing = renewUntil(hold, AbortSignal.any([done.signal, hold.lost]), ports)
  try {
    await job.run({ fence: hold.fence, signal: AbortSignal.any([stopping, hold.lost]) })
    return undefined
  } catch (cause) {
    // Anything at all: what breaks one job must not end the others.
    ports.report(job.name, cause)
    return { cause }
  } finally {
    done.abort()
    await renewing
  }
}

async function renewUntil(hold: Hold, over: AbortSignal, ports: Ports) {
  while (!over.aborted) {
    await ports.wait(renewMilliseconds, over)
    if (!over.aborted) await hold.renew()
  }
}

async function noteFailure(job: Job, failures: number, ports: Ports): Promise<void> {
  try {
    await ports.ledger.commit({ puts: [], events: [failure(job, [], failures, ports)] })
  } catch (cause) {
    ports.report(job.name, cause)
  }
}

async function giveBack(job: Job, hold: Hold, failures: number, ports: Ports) {
  const { random } = ports
  const every = job.every.total('milliseconds')
  const pause = failures === 0 ? spread(every, random) : backOff(every, failures, random)
  const dueAt = sharedNow(ports).add({ milliseconds: pause })
  if (failures === 0) return hold.giveBack(dueAt, goodResult, [])
  const event = failure(job, [hold.job], failures, ports)
  return hold.giveBack(dueAt, `failed ${failures} in a row`, [event])
}

function failure(
  { name }: Job,
  subjects: readonly string[],
  failures: number,
  { clock, node }: Ports,
): AuditEvent {
  return {
    ...{ type: 'job-failed', at: clock.now(), actor: { kind: 'job', id: name }, subjects },
    facts: { job: name, node, failures },
  }
}

async function waitOnMachine(milliseconds: number, signal: AbortSignal): Promise<void> {
  await sleep(milliseconds, undefined, { signal, ref: false }).catch((error: unknown) => {
    if (!signal.aborted) throw error
  })
}
