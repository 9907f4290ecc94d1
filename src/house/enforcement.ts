// SPDX-License-Identifier: Apache-2.0
/** Sessions that end with their trust, as the house puts it together: who carries out what was booked, and when. */

import { join } from 'node:path'
import { triesUntilTold } from '#core/enforcement/back-off.ts'
import type { EnforcementPorts, Trouble } from '#core/enforcement/carry-out.ts'
import { noteHealth } from '#core/enforcement/health.ts'
import { carryLane, endLane } from '#core/enforcement/lane.ts'
import type { IntegrationDesk } from '#core/enforcement/port.ts'
import type { Change } from '#core/ledger/ledger.ts'
import type { Enforcement, Integration } from '#core/ledger/tables.ts'
import { clear, raise } from '#core/watch/alarm.ts'
import { allOf } from '#core/watch/pages.ts'
import { brokerDesk } from '#edge/brokers/desk.ts'
import { placeAt } from '#edge/brokers/place.ts'
import type { Job } from '#edge/clock/run-jobs.ts'
import type { News } from '#edge/store/store.ts'
import { type Core, touches } from './core.ts'
import type { Feed } from './feed.ts'
import { notifyKeyOf } from './watch.ts'

/** Where the files of integrations are: the owner's, in the data directory. */
const filesDirectory = 'integrations'

export type ClosableDesk = IntegrationDesk & { close(): Promise<void> }

/** Who speaks to all kinds of brokers and programs; webhooks are signed by the key of notifications. */
export function integrationDesk(core: Core, data: string): ClosableDesk {
  const { clock, random, node } = core
  return brokerDesk({
    ...{ random, node, place: placeAt(join(data, filesDirectory)) },
    signer: {
      now: () => clock.now(),
      key: async () => (await notifyKeyOf(core)).id,
      sign: (keyId, toBeSigned) => core.keys.sign(keyId, toBeSigned),
    },
    nonce: () => random.bytes(16).toHex(),
  })
}

/** What other nodes left, and retries whose time a node slept through, are looked for so often. */
const lookEvery = Temporal.Duration.from({ seconds: 15 })

/**
 * Carries out what is booked for integrations as soon as it is durable, each integration in a lane of its own, so
 * that a slow one holds up no other; nobody who books waits for it.
 */
export class EnforcementRunner {
  readonly #ports: EnforcementPorts
  readonly #report: (what: string, cause: unknown) => void
  readonly #stopping = new AbortController()
  readonly #unfollow: (() => void)[]
  /** The lane that runs, by the integration's id, and whether something came meanwhile. */
  readonly #lanes = new Map<string, { readonly done: Promise<void>; isWanted: boolean }>()
  readonly #timers = new Map<string, NodeJS.Timeout>()

  constructor(
    core: Core,
    desk: IntegrationDesk,
    feed: Feed,
    report: (what: string, cause: unknown) => void,
  ) {
    this.#report = report
    this.#ports = {
      ...{ ledger: core.ledger, clock: core.clock, random: core.random, desk },
      sharedClock: core.thisNode.sharedClock,
      within: (milliseconds) => AbortSignal.timeout(milliseconds),
      noteHealth: (integration, trouble) => this.#note(integration, trouble, core),
    }
    this.#unfollow = [
      feed.follow((change) => this.#hear(change)),
      feed.followElsewhere((news) => this.#hearElsewhere(news)),
    ]
  }

  /** Looks at every integration, and waits until its lane has nothing more to do now. */
  async run(): Promise<void> {
    for await (const integration of allOf('integration', this.#ports.ledger)) {
      if (this.#stopping.signal.aborted) return
      if (integration.state === 'removed') await endLane(integration, this.#ports)
      else this.#wake(integration.id)
    }
    await Promise.all([...this.#lanes.values()].map(({ done }) => done))
  }

  /** Starts nothing more, breaks off what runs, and waits for it. */
  async close(): Promise<void> {
    this.#stopping.abort()
    for (const unfollow of this.#unfollow) unfollow()
    for (const timer of this.#timers.values()) clearTimeout(timer)
    await Promise.all([...this.#lanes.values()].map(({ done }) => done))
  }

  #hear({ puts }: Change): void {
    for (const { kind, record } of puts)
      if (kind === 'enforcement' && record.state === 'waiting' && this.#isFree(record))
        this.#wake(record.integration)
  }

  /** Nobody is at it: what a lane takes up is its own for a while. */
  #isFree({ tries, nextAt }: Enforcement): boolean {
    return tries === 0 || Temporal.Instant.compare(nextAt, this.#ports.clock.now()) <= 0
  }

  #hearElsewhere(news: News): void {
    if (touches(news, ['enforcement']))
      this.run().catch((cause) => this.#report('integrations could not be looked at', cause))
  }

  #wake(id: string): void {
    if (this.#stopping.signal.aborted) return
    const running = this.#lanes.get(id)
    if (running !== undefined) {
      running.isWanted = true
      return
    }
    clearTimeout(this.#timers.get(id))
    this.#timers.delete(id)
    const lane = { done: Promise.resolve(), isWanted: false }
    lane.done = this.#runLane(id, lane).catch((cause) =>
      this.#report('an integration could not be served', cause),
    )
    this.#lanes.set(id, lane)
    lane.done = lane.done.finally(() => {
      this.#lanes.delete(id)
      // Came while it was ending.
      if (lane.isWanted) this.#wake(id)
    })
  }

  async #runLane(id: string, lane: { isWanted: boolean }): Promise<void> {
    const { signal } = this.#stopping
    let due: Temporal.Instant | undefined
    do {
      lane.isWanted = false
      const integration = await this.#ports.ledger.read('integration', id)
      if (integration?.state !== 'active') return
      due = await carryLane(integration, this.#ports, signal)
    } while (lane.isWanted && !signal.aborted)
    if (due !== undefined) this.#wakeAt(id, due)
  }

  #wakeAt(id: string, due: Temporal.Instant): void {
    if (this.#stopping.signal.aborted) return
    const pause = this.#ports.sharedClock.now().until(due).total('milliseconds')
    const timer = setTimeout(() => this.#wake(id), Math.min(Math.max(pause, 1), longestPause))
    this.#timers.set(id, timer.unref())
  }

  /** How an integration is, in its record for all nodes, and as an alarm. */
  async #note(integration: Integration, trouble: Trouble | undefined, core: Core): Promise<void> {
    const { id } = integration
    try {
      await noteHealth(id, trouble?.words, core)
      if (trouble === undefined) {
        await clear('integration-down', id, core)
        await this.#clearGivenUp(id, core)
      } else if (trouble.isGivenUp) await raiseGivenUp(integration, trouble, core)
      else if (trouble.tries >= triesUntilTold) await raiseDown(integration, trouble, core)
    } catch (cause) {
      // An alarm that cannot be told holds up no session that is to end.
      this.#report('an alarm could not be raised', cause)
    }
  }

  async #clearGivenUp(id: string, core: Core): Promise<void> {
    const walk = { by: 'integration', equal: [id, 'given-up'], limit: 1 } as const
    if ((await core.ledger.list('enforcement', walk)).items.length > 0) return
    await clear('enforcement-given-up', id, core)
  }
}

/** A timer that sleeps no longer sees a clock that jumped. */
const longestPause = 15_000

function raiseDown({ id, name }: Integration, { words }: Trouble, core: Core) {
  return raise(
    {
      ...{ kind: 'integration-down', subject: id, severity: 'critical' },
      text: `sessions are not ended at integration ${name}: ${words}`,
      facts: { integration: name },
    },
    core,
  )
}

function raiseGivenUp({ id, name }: Integration, { words }: Trouble, core: Core) {
  return raise(
    {
      ...{ kind: 'enforcement-given-up', subject: id, severity: 'critical' },
      text: `integration ${name} was not told whose sessions are to end, and it was given up: ${words}`,
      facts: { integration: name },
    },
    core,
  )
}

export function enforcementJobs(runner: EnforcementRunner): readonly Job[] {
  return [{ name: 'enforcements', everyNode: true, every: lookEvery, run: () => runner.run() }]
}
