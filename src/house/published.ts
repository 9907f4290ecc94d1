// SPDX-License-Identifier: Apache-2.0
import { settlePublished } from '#core/revocation/settle-published.ts'
import type { Core } from './core.ts'
import type { Feed } from './feed.ts'

/** Something of which an act may be published now that was not before. */
const telling: ReadonlySet<string> = new Set(['crl-published', 'revocation-effective'])

/**
 * Notes when acts are published, as soon as lists were made; the job of the house does it for what a stop cut off.
 *
 * @returns a function that ends it, and waits for what is under way
 */
export function settleWhenPublished(
  core: Core,
  feed: Feed,
  report: (what: string, cause: unknown) => void,
): () => Promise<void> {
  let running: Promise<void> | undefined
  let isAsked = false
  let isClosed = false
  const run = async () => {
    while (isAsked && !isClosed) {
      isAsked = false
      try {
        await settlePublished(core)
      } catch (cause) {
        report('it could not be noted that a revocation is published', cause)
      }
    }
    running = undefined
  }
  const unfollow = feed.follow(({ events }) => {
    if (!events.some(({ type }) => telling.has(type))) return
    isAsked = true
    running ??= run()
  })
  return async () => {
    isClosed = true
    unfollow()
    await running
  }
}
