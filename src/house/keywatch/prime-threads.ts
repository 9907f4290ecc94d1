// SPDX-License-Identifier: Apache-2.0
import { Worker } from 'node:worker_threads'
import { Fault } from '#core/fault.ts'
import type { QuestionKind, Questions, Reply } from './thread-messages.ts'

interface Waiter {
  readonly resolve: (answer: never) => void
  readonly reject: (error: unknown) => void
}

/**
 * Of each thread. The largest tree, that of half a subset of 2^28 bits, has 12 levels of 17 MB. A young generation as
 * small as that costs no time with numbers of megabytes, which are never part of it, and saves 60 MB.
 */
const limits = { maxOldGenerationSizeMb: 768, maxYoungGenerationSizeMb: 12 }

/** Two threads, one a core, which are started by the first question and ended with the run. */
export class PrimeThreads {
  readonly #threads: PrimeThread[] = []
  readonly #paused = new Int32Array(new SharedArrayBuffer(4))
  readonly #worked: (bits: number) => void
  #ended = false

  constructor(worked: (bits: number) => void) {
    this.#worked = worked
  }

  ask<Kind extends QuestionKind>(
    at: 0 | 1,
    kind: Kind,
    question: Questions[Kind]['ask'],
  ): Promise<Questions[Kind]['answer']> {
    if (this.#ended) return Promise.reject(lost(undefined))
    const thread = this.#threads[at] ?? new PrimeThread(this.#paused, this.#worked)
    this.#threads[at] = thread
    return thread.ask(kind, question)
  }

  /** They wait after the step that they are at: a multiplication of seconds at the longest. */
  pause(): void {
    Atomics.store(this.#paused, 0, 1)
  }

  resume(): void {
    Atomics.store(this.#paused, 0, 0)
    Atomics.notify(this.#paused, 0)
  }

  /** For good. */
  async end(): Promise<void> {
    this.#ended = true
    await Promise.all(this.#threads.splice(0).map((thread) => thread.end()))
  }
}

class PrimeThread {
  readonly #waiters: Waiter[] = []
  readonly #worker: Worker
  #lost: Fault | undefined

  constructor(paused: Int32Array, worked: (bits: number) => void) {
    this.#worker = new Worker(new URL('prime-thread.ts', import.meta.url), {
      workerData: { paused },
      resourceLimits: limits,
    })
    this.#worker.on('message', (reply: Reply) => {
      if ('worked' in reply) return worked(reply.worked)
      const waiter = this.#waiters.shift()
      if ('broken' in reply) waiter?.reject(reply.isFull ? full(reply.broken) : reply.broken)
      else waiter?.resolve(reply.answer as never)
    })
    this.#worker.on('error', (cause) => this.#lose(cause))
    this.#worker.on('exit', () => this.#lose(undefined))
  }

  ask<Kind extends QuestionKind>(
    kind: Kind,
    question: Questions[Kind]['ask'],
  ): Promise<Questions[Kind]['answer']> {
    if (this.#lost !== undefined) return Promise.reject(this.#lost)
    return new Promise((resolve, reject) => {
      this.#waiters.push({ resolve, reject })
      this.#worker.postMessage({ kind, ...question })
    })
  }

  async end(): Promise<void> {
    await this.#worker.terminate()
  }

  #lose(cause: unknown): void {
    this.#lost ??= lost(cause)
    for (const waiter of this.#waiters.splice(0)) waiter.reject(this.#lost)
  }
}

function full(cause: unknown): Fault {
  return new Fault('store-full', 'no space is left for the products of the watch', { cause })
}

function lost(cause: unknown): Fault {
  const words = 'a thread that looks for shared primes has ended'
  return new Fault('store-unreachable', words, { cause })
}
