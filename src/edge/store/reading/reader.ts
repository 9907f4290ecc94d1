// SPDX-License-Identifier: Apache-2.0
import { once } from 'node:events'
import { Worker } from 'node:worker_threads'
import { Fault } from '#core/fault.ts'
import type { ToldFault } from '../book/messages.ts'
import type { Cell, Row } from '../rows.ts'

/** One statement with its values. */
export interface Question {
  readonly sql: string
  readonly values: readonly Cell[]
}

/** What was asked in one turn of the main thread, each to be answered in its place; null ends the thread. */
export type ReadRequest = readonly Question[] | null

export type ReadReply = { readonly rows: readonly Row[] } | { readonly fault: ToldFault }

interface Waiter {
  readonly resolve: (rows: readonly Row[]) => void
  readonly reject: (fault: Fault) => void
}

/** The caller's side of a reading thread, which is started by the first question. */
export class Reader {
  readonly #file: string
  readonly #waiters: Waiter[] = []
  /** To wake a thread costs more than most questions: what is asked at once goes in one message. */
  readonly #unsent: Question[] = []
  #thread: Worker | undefined
  #closed = false

  constructor(file: string) {
    this.#file = file
  }

  /** All rows; answered in the order of asking. Rejects with a Fault. */
  all(sql: string, values: readonly Cell[] = []): Promise<readonly Row[]> {
    return new Promise((resolve, reject) => {
      if (this.#closed) reject(new Fault('store-unreachable', 'the store is closed'))
      else {
        this.#thread ??= this.#start()
        this.#waiters.push({ resolve, reject })
        this.#thread.ref()
        if (this.#unsent.push({ sql, values }) === 1) queueMicrotask(() => this.#send())
      }
    })
  }

  #send() {
    const questions = this.#unsent.splice(0)
    if (questions.length > 0) this.#thread?.postMessage(questions satisfies ReadRequest)
  }

  /** Ends the thread after it has answered what was asked. */
  async close(): Promise<void> {
    this.#closed = true
    const thread = this.#thread
    if (thread === undefined) return
    thread.ref()
    this.#send()
    thread.postMessage(null)
    await once(thread, 'exit')
  }

  #start(): Worker {
    const thread = new Worker(new URL('reader-thread.ts', import.meta.url), {
      workerData: { file: this.#file },
    })
    thread.on('message', (replies: readonly ReadReply[]) => {
      for (const reply of replies) {
        const waiter = this.#waiters.shift()
        if ('rows' in reply) waiter?.resolve(reply.rows)
        else waiter?.reject(new Fault(reply.fault.code, reply.fault.message))
      }
      if (this.#waiters.length === 0) thread.unref()
    })
    thread.on('error', (cause) => this.#lose(cause))
    thread.on('exit', () => this.#lose(undefined))
    return thread
  }

  #lose(cause: unknown) {
    this.#thread = undefined
    this.#unsent.length = 0
    const fault = new Fault('store-unreachable', 'a reading thread has ended', { cause })
    for (const waiter of this.#waiters.splice(0)) waiter.reject(fault)
  }
}
