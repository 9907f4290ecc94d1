// SPDX-License-Identifier: Apache-2.0
import { Worker } from 'node:worker_threads'
import { Fault } from '#core/fault.ts'
import type { FoundWeakness } from '#core/keywatch/book-findings.ts'
import { causeOf } from '#core/keywatch/cause.ts'
import type { DeepSearch, KeyPage } from '#core/keywatch/ports.ts'
import { deepTests } from '#trust/weak-keys/deep/deep-tests.ts'
import type { KeyWeakness } from '#trust/weak-keys/weaknesses.ts'
import { idFrom } from './keys-file.ts'
import { KnownIds } from './known-ids.ts'
import { keysOf } from './test-page.ts'

export type DeepReply = { readonly found: readonly KeyWeakness[] } | { readonly broken: string }

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
  #thread: Worker | undefined
  #waiter: PromiseWithResolvers<DeepReply> | undefined

  /** Ends early with its signal, with what was found until then. */
  async test(page: KeyPage, signal: AbortSignal): Promise<readonly FoundWeakness[]> {
    const found: FoundWeakness[] = []
    for (const [id, spki] of keysOf(page)) {
      if (signal.aborted) break
      if (this.#sound.has(idFrom(id))) continue
      const weaknesses = await this.#testKey(spki, signal)
      if (weaknesses === undefined) break
      for (const { name, detail } of weaknesses)
        found.push({ kind: name, key: id, cause: causeOf(name), detail, facts: {} })
      if (weaknesses.length === 0) this.#remember(id)
    }
    return found
  }

  /** Gives back the thread and its tables; it is started again when it is needed. */
  async close(): Promise<void> {
    const thread = this.#thread
    this.#thread = undefined
    await thread?.terminate()
  }

  #remember(id: string) {
    if (this.#sound.count >= mostRemembered) this.#sound = new KnownIds()
    this.#sound.add(idFrom(id))
  }

  /** Undefined: the signal came first, and the thread was ended in the middle of it. */
  async #testKey(
    spki: Uint8Array,
    signal: AbortSignal,
  ): Promise<readonly KeyWeakness[] | undefined> {
    const thread = this.#thread ?? this.#start()
    this.#thread = thread
    const waiter = Promise.withResolvers<DeepReply>()
    this.#waiter = waiter
    const end = () => void this.close()
    signal.addEventListener('abort', end, { once: true })
    try {
      // Of bytes of its own: what goes to another thread takes its whole buffer along.
      thread.postMessage(spki.slice())
      const reply = await waiter.promise
      if ('found' in reply) return reply.found
      throw new Fault('ledger-damaged', `a key cannot be tested: ${reply.broken}`)
    } catch (error) {
      if (signal.aborted) return undefined
      throw error
    } finally {
      signal.removeEventListener('abort', end)
      this.#waiter = undefined
    }
  }

  #start(): Worker {
    const thread = new Worker(new URL('deep-thread.ts', import.meta.url), {
      resourceLimits: { maxOldGenerationSizeMb: heapMegabytes },
    })
    thread.on('message', (reply: DeepReply) => this.#waiter?.resolve(reply))
    thread.on('error', (cause) => this.#lose(thread, cause))
    thread.on('exit', () => this.#lose(thread, undefined))
    return thread
  }

  #lose(thread: Worker, cause: unknown): void {
    if (this.#thread === thread) this.#thread = undefined
    const words = 'the thread that tests keys deeply has ended'
    this.#waiter?.reject(new Fault('store-unreachable', words, { cause }))
  }
}
