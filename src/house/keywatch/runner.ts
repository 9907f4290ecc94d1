// SPDX-License-Identifier: Apache-2.0
import { join } from 'node:path'
import { tellStill } from '#core/keywatch/health.ts'
import type { Step, WatchPorts } from '#core/keywatch/ports.ts'
import { type Run, runWatch } from '#core/keywatch/run-watch.ts'
import { settleFindings } from '#core/keywatch/settle-findings.ts'
import { type Job, type RanNow, type RunNowPorts, runNow } from '#edge/clock/run-jobs.ts'
import type { Core } from '../core.ts'
import type { Feed } from '../feed.ts'
import { keyListPlace } from '../key-lists.ts'
import { ThreadedDeepSearch } from './deep-search.ts'
import { ThreadedNonceSearch } from './nonce-search.ts'
import { DirectorySearch } from './prime-search.ts'
import { ThreadedTester } from './threaded-tester.ts'

/** Where a node keeps what it can make anew from the ledger. */
const directoryName = 'keywatch'

/** How long one run spends on what takes seconds a key, on signatures and then on keys: a sixth of an hour each. */
const deepBudget = Temporal.Duration.from({ minutes: 10 })

/**
 * A house that has just been opened has more urgent work. Who asks for a run gets none of them either, and with it an
 * answer in seconds: they are for the hours in between.
 */
const deepAfter = Temporal.Duration.from({ minutes: 10 })

/** How long a run searches signatures that somebody waits for; new ones are milliseconds, a long history is hours. */
const shortBudget = Temporal.Duration.from({ minutes: 1 })

type Listener = (step: Step) => void

/** The watch over all keys on this node: its threads, its directory, and whoever looks on. */
export class KeyWatch {
  readonly #core: Core
  readonly #report: (what: string, cause: unknown) => void
  readonly #tester: ThreadedTester
  readonly #search: DirectorySearch
  readonly #nonces = new ThreadedNonceSearch()
  readonly #deep = new ThreadedDeepSearch()
  readonly #closing = new AbortController()
  readonly #listeners = new Set<Listener>()
  readonly #unfollow: readonly (() => void)[]
  readonly #openedAt: Temporal.Instant
  #pausing = new AbortController()
  #running: Promise<Run> | undefined
  /** Whether somebody asked while one was on, which may have passed the keys that he means. */
  #mustGoOn = false
  /** Whether trust ended somewhere since the findings were looked through. */
  #mustSettle = false
  #settling: Promise<void> | undefined

  constructor(
    core: Core,
    feed: Feed,
    data: string,
    report: (what: string, cause: unknown) => void,
  ) {
    this.#core = core
    this.#report = report
    this.#tester = new ThreadedTester({ lists: core.keyLists, directory: keyListPlace(data) })
    this.#search = new DirectorySearch(join(data, directoryName), this.#tester)
    this.#openedAt = core.clock.now()
    this.#unfollow = [
      feed.follow(({ events }) => this.#hear(events)),
      feed.followElsewhere((news) => {
        if (news.kind === 'events') this.#hear(news.events)
      }),
    ]
  }

  jobs(): readonly Job[] {
    return [
      this.#job,
      {
        name: 'keywatch-look',
        every: Temporal.Duration.from({ hours: 1 }),
        run: () => tellStill(this.#openedAt, this.#core),
      },
    ]
  }

  /**
   * Runs it now, if no other node has it; a run that is on here is joined, and followed by one over what came behind it.
   *
   * @param look is told of each step
   */
  async runNow(look: Listener): Promise<Run | Exclude<RanNow, { readonly kind: 'ran' }>> {
    this.#listeners.add(look)
    try {
      if (this.#running !== undefined) {
        this.#mustGoOn = true
        return await this.#running.catch((cause: unknown) => ({ kind: 'failed', cause }) as const)
      }
      let run: Run | undefined
      const job: Job = {
        ...this.#job,
        run: async ({ signal }) => {
          run = await this.#run(signal, false)
        },
      }
      const ran = await runNow(job, this.#jobPorts(), this.#closing.signal)
      return run ?? (ran.kind === 'ran' ? { kind: 'failed', cause: undefined } : ran)
    } finally {
      this.#listeners.delete(look)
    }
  }

  /** What this node keeps for the comparison of all RSA keys. */
  search(): ReturnType<DirectorySearch['shown']> {
    return this.#search.shown()
  }

  async close(): Promise<void> {
    for (const unfollow of this.#unfollow) unfollow()
    this.#closing.abort()
    await this.#running?.catch(() => undefined)
    await this.#settling
    await this.#search.close()
    await this.#tester.close()
    await this.#nonces.close()
    await this.#deep.close()
  }

  get #job(): Job {
    return {
      name: 'keywatch',
      every: Temporal.Duration.from({ hours: 1 }),
      run: async ({ signal }) => {
        await this.#run(signal, true)
      },
    }
  }

  #run(signal: AbortSignal, mayBeLong: boolean): Promise<Run> {
    this.#running ??= this.#runAll(signal, mayBeLong).finally(() => {
      this.#running = undefined
    })
    return this.#running
  }

  async #runAll(signal: AbortSignal, mayBeLong: boolean): Promise<Run> {
    this.#mustGoOn = false
    let run = await this.#runOnce(signal, mayBeLong)
    while (this.#mustGoOn && run.kind === 'done') {
      this.#mustGoOn = false
      run = both(run, await this.#runOnce(signal, false))
    }
    return run
  }

  async #runOnce(signal: AbortSignal, mayBeLong: boolean): Promise<Run> {
    this.#pausing = new AbortController()
    const ending = AbortSignal.any([signal, this.#closing.signal, this.#pausing.signal])
    try {
      return await runWatch(this.#ports(mayBeLong), ending, (step) => {
        for (const listener of this.#listeners) listener(step)
      })
    } finally {
      await this.#search.close()
      await this.#tester.close()
      await this.#nonces.close()
      await this.#deep.close()
    }
  }

  #ports(mayBeLong: boolean): WatchPorts {
    const { ledger, clock, random, node, environment, pause } = this.#core
    const isSettled = Temporal.Instant.compare(clock.now(), this.#openedAt.add(deepAfter)) > 0
    const hasTime = mayBeLong && isSettled
    return {
      ...{ ledger, clock, random, node, environment, pause, deepBudget },
      ...{ tester: this.#tester, primes: this.#search },
      nonces: this.#nonces.within(hasTime ? deepBudget : shortBudget),
      ...(hasTime && { deep: this.#deep }),
    }
  }

  #jobPorts(): RunNowPorts {
    const { ledger, clock, random, node, thisNode } = this.#core
    return {
      ...{ ledger, clock, random, node, sharedClock: thisNode.sharedClock },
      report: (job, cause) => this.#report(`job ${job} failed`, cause),
      isRunning: async (name) => (await thisNode.running()).some((one) => one.name === name),
    }
  }

  /** A pause ends what runs, and an act that ended trust may have settled what was found. */
  #hear(events: readonly { readonly type: string }[]): void {
    if (events.some(({ type }) => type === 'keywatch-paused')) this.#pausing.abort()
    if (events.some(({ type }) => type === 'revocation-effective')) this.#settle()
  }

  #settle(): void {
    this.#mustSettle = true
    this.#settling ??= this.#settleAll().finally(() => {
      this.#settling = undefined
    })
  }

  async #settleAll(): Promise<void> {
    while (this.#mustSettle && !this.#closing.signal.aborted) {
      this.#mustSettle = false
      try {
        await settleFindings(this.#core)
      } catch (cause) {
        this.#report('findings about keys could not be settled', cause)
      }
    }
  }
}

/** What two runs did, one after the other. */
function both(before: Run, { kind, keys, moduli, nonces, deep, found }: Run): Run {
  return {
    ...{ kind, keys: before.keys + keys, moduli: Math.max(before.moduli, moduli) },
    ...{ nonces: before.nonces + nonces, deep: before.deep + deep, found: before.found + found },
  }
}
