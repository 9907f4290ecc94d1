// SPDX-License-Identifier: Apache-2.0
import type { FoundWeakness } from '#core/keywatch/book-findings.ts'
import { causeOf } from '#core/keywatch/cause.ts'
import type { DeepSearch, KeyPage } from '#core/keywatch/ports.ts'
import { deepTests } from '#trust/weak-keys/deep/deep-tests.ts'
import type { KeyWeakness } from '#trust/weak-keys/weaknesses.ts'
import { idFrom } from './keys-file.ts'
import { KnownIds } from './known-ids.ts'
import { LoneThread } from './lone-thread.ts'
import { keysOf } from './test-page.ts'

export interface DeepAnswer {
  readonly found: readonly KeyWeakness[]
}

/** Two tables of 2^21 points, with the points themselves on their way, and the product of all primes of p-1. */
const heapMegabytes = 512

/** A walk looks again at what came in its last hour; so many of them are not tested again. */
const mostRemembered = 1_000_000

/**
 * Tests that take up to some seconds a key, one key after the other on one thread of low priority, which is started
 * by the first key and ended with the run.
 */
export class ThreadedDeepSearch implements DeepSearch {
  readonly tests = deepTests
  /** Of this process: keys that nothing was found out about. */
  #sound = new KnownIds()
  readonly #thread = new LoneThread<Uint8Array, DeepAnswer>(
    new URL('deep-thread.ts', import.meta.url),
    'tests keys deeply',
    heapMegabytes,
  )

  /** Ends early with its signal, with what was found until then. */
  async test(page: KeyPage, signal: AbortSignal): Promise<readonly FoundWeakness[]> {
    const found: FoundWeakness[] = []
    for (const [id, spki] of keysOf(page)) {
      if (signal.aborted) break
      if (this.#sound.has(idFrom(id))) continue
      // Of bytes of its own: what goes to another thread takes its whole buffer along.
      const answer = await this.#thread.ask(spki.slice(), signal)
      if (answer === undefined) break
      const weaknesses = answer.found
      for (const { name, detail } of weaknesses)
        found.push({ kind: name, key: id, cause: causeOf(name), detail, facts: {} })
      if (weaknesses.length === 0) this.#remember(id)
    }
    return found
  }

  /** Gives back the thread and its tables; it is started again when it is needed. */
  close(): Promise<void> {
    return this.#thread.close()
  }

  #remember(id: string) {
    if (this.#sound.count >= mostRemembered) this.#sound = new KnownIds()
    this.#sound.add(idFrom(id))
  }
}
