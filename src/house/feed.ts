// SPDX-License-Identifier: Apache-2.0
import type { AuditEvent } from '#core/audit/event.ts'
import type { Changes } from '#core/devices/watch.ts'
import type { Change, Ledger } from '#core/ledger/ledger.ts'
import { alone, type Elsewhere, type News } from '#edge/store/store.ts'

/** What just became durable in this process. */
export type Listener = (change: Change) => void | Promise<void>

/** What became durable on another node. */
export type FarListener = (news: News) => void | Promise<void>

/** Events that a slow reader may fall behind; then it misses some in the middle, never the last. */
const mostUnread = 256

/**
 * The ledger, told on: whoever follows hears of each change right after it became durable, and the
 * committer goes on when they have taken note. What breaks in a listener is reported and is nobody
 * else's matter: the change is durable.
 *
 * What other nodes committed is told apart from that, in order, a little later.
 */
export class Feed implements Changes {
  readonly #listeners = new Set<Listener>()
  readonly #farListeners = new Set<FarListener>()
  #farTold: Promise<void> = Promise.resolve()
  #elsewhere = alone
  readonly #report: (cause: unknown) => void

  /** `report` MUST NOT throw. */
  constructor(report: (cause: unknown) => void) {
    this.#report = report
  }

  /** @returns a function that ends the following */
  follow(listener: Listener): () => void {
    this.#listeners.add(listener)
    return () => this.#listeners.delete(listener)
  }

  /** @returns a function that ends the following */
  followElsewhere(listener: FarListener): () => void {
    this.#farListeners.add(listener)
    return () => this.#farListeners.delete(listener)
  }

  /** Tells on what other nodes commit. @returns a function that ends it */
  hear(elsewhere: Elsewhere): () => void {
    this.#elsewhere = elsewhere
    return elsewhere.follow((news) => {
      this.#farTold = this.#farTold.then(() => this.#tellAll(this.#farListeners, news))
    })
  }

  /** Whether it is told of what other nodes commit. */
  hears(): boolean {
    return this.#elsewhere.hears()
  }

  /** The same ledger; its commits are told on. */
  announcing(ledger: Ledger): Ledger {
    return {
      read: (kind, id) => ledger.read(kind, id),
      find: (kind, key, values) => ledger.find(kind, key, values),
      list: (kind, query) => ledger.list(kind, query),
      count: (kind, query) => ledger.count(kind, query),
      commit: async (change) => {
        const committed = await ledger.commit(change)
        if (committed.kind === 'committed') await this.#tellAll(this.#listeners, change)
        return committed
      },
    }
  }

  subscribe(
    { subject }: { readonly subject: string },
    until: AbortSignal,
  ): AsyncIterable<AuditEvent | null> {
    const unread: (AuditEvent | null)[] = []
    let wake = Promise.withResolvers<void>()
    const take = (events: readonly (AuditEvent | null)[]) => {
      for (const event of events) {
        if (event === null || event.subjects.includes(subject)) unread.push(event)
      }
      if (unread.length > mostUnread) unread.splice(0, unread.length - mostUnread)
      if (unread.length > 0) wake.resolve()
    }
    const unfollow = this.follow(({ events }) => take(events))
    const unfollowFar = this.followElsewhere((news) =>
      take(news.kind === 'events' ? news.events : [null]),
    )
    until.addEventListener('abort', () => wake.resolve(), { once: true })
    return (async function* () {
      try {
        while (!until.aborted) {
          yield* unread.splice(0)
          await wake.promise
          wake = Promise.withResolvers<void>()
          if (until.aborted) wake.resolve()
        }
      } finally {
        unfollow()
        unfollowFar()
      }
    })()
  }

  async #tellAll<T>(
    listeners: ReadonlySet<(told: T) => void | Promise<void>>,
    told: T,
  ): Promise<void> {
    for (const listener of listeners) {
      try {
        const heard = listener(told)
        if (heard !== undefined) await heard
      } catch (cause) {
        this.#report(cause)
      }
    }
  }
}
