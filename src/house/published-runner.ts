// SPDX-License-Identifier: Apache-2.0
import { settlePublished } from '#core/revocation/settle-published.ts'
import type { Core } from './core.ts'
import type { Feed } from './feed.ts'

/** The lists of an act come one after the other: it is looked at once for all of them. */
const gatherMilliseconds = 500

/**
 * Notes soon after lists were published which acts they make known, so that a proof is whole within seconds; the job
 * of every minute finds what this missed.
 */
export class PublishedRunner {
  readonly #core: Core
  readonly #report: (what: string, cause: unknown) => void
  readonly #unfollow: () => void
  #timer: NodeJS.Timeout | undefined
  #running: Promise<void> = Promise.resolve()

  /** @param report hears of what broke; MUST NOT throw */
  constructor(core: Core, feed: Feed, report: (what: string, cause: unknown) => void) {
    this.#core = core
    this.#report = report
    this.#unfollow = feed.follow(({ events }) => {
      if (events.some(({ type }) => type === 'crl-published')) this.#wake()
    })
  }

  /** Resolves when nothing of it is under way any more. */
  async close(): Promise<void> {
    this.#unfollow()
    clearTimeout(this.#timer)
    await this.#running
  }

  #wake(): void {
    this.#timer ??= setTimeout(() => {
      this.#timer = undefined
      this.#running = this.#running.then(() => this.#settle())
    }, gatherMilliseconds)
  }

  async #settle(): Promise<void> {
    try {
      await settlePublished(this.#core)
    } catch (cause) {
      this.#report('it could not be noted what was published', cause)
    }
  }
}
