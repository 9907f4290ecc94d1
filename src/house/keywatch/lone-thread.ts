// SPDX-License-Identifier: Apache-2.0
import { Worker } from 'node:worker_threads'
import { Fault } from '#core/fault.ts'

/** What a thread answers that could not do what it was asked. */
export interface Broken {
  readonly broken: string
}

/**
 * A thread that does one thing after the other, seconds each: started by the first, and ended with a run, so that its
 * memory is given back, with whatever secret it may have computed.
 */
export class LoneThread<Question, Answer extends object> {
  readonly #file: URL
  readonly #what: string
  readonly #heapMegabytes: number
  #thread: Worker | undefined
  /** Whoever asked, and which thread: one that was ended goes after the next may have been started. */
  #asked:
    | { readonly thread: Worker; readonly waiter: PromiseWithResolvers<Answer | Broken> }
    | undefined

  /** @param what it does, for people: "tests keys deeply" */
  constructor(file: URL, what: string, heapMegabytes: number) {
    this.#file = file
    this.#what = what
    this.#heapMegabytes = heapMegabytes
  }

  /** Undefined: the signal came first, and the thread was ended in the middle of it. One at a time may be asked. */
  async ask(question: Question, signal: AbortSignal): Promise<Answer | undefined> {
    if (signal.aborted) return undefined
    const thread = this.#thread ?? this.#start()
    this.#thread = thread
    const waiter = Promise.withResolvers<Answer | Broken>()
    this.#asked = { thread, waiter }
    const end = () => void this.close()
    signal.addEventListener('abort', end, { once: true })
    try {
      thread.postMessage(question)
      const reply = await waiter.promise
      if (!('broken' in reply)) return reply
      throw new Fault('ledger-damaged', `a key cannot be tested: ${reply.broken}`)
    } catch (error) {
      if (signal.aborted) return undefined
      throw error
    } finally {
      signal.removeEventListener('abort', end)
      this.#asked = undefined
    }
  }

  /** It is started again when it is needed. */
  async close(): Promise<void> {
    const thread = this.#thread
    this.#thread = undefined
    await thread?.terminate()
  }

  #start(): Worker {
    const thread = new Worker(this.#file, {
      resourceLimits: { maxOldGenerationSizeMb: this.#heapMegabytes },
    })
    thread.on('message', (reply: Answer | Broken) => this.#waiterOf(thread)?.resolve(reply))
    thread.on('error', (cause) => this.#lose(thread, cause))
    thread.on('exit', () => this.#lose(thread, undefined))
    return thread
  }

  #lose(thread: Worker, cause: unknown): void {
    if (this.#thread === thread) this.#thread = undefined
    const words = `the thread that ${this.#what} has ended`
    this.#waiterOf(thread)?.reject(new Fault('store-unreachable', words, { cause }))
  }

  #waiterOf(thread: Worker): PromiseWithResolvers<Answer | Broken> | undefined {
    return this.#asked?.thread === thread ? this.#asked.waiter : undefined
  }
}
