// SPDX-License-Identifier: Apache-2.0
import { Worker } from 'node:worker_threads'
import { Fault } from '#core/fault.ts'
import type { FoundWeakness } from '#core/keywatch/book-findings.ts'
import type { KeyPage, KeyTester } from '#core/keywatch/ports.ts'
import type { KeyLists } from '#trust/weak-keys/key-lists.ts'
import type { WatchedModulus } from '#trust/weak-keys/shared-primes/shared-prime.ts'
import { hasSlowKeys, moduliOf, testPage } from './test-page.ts'

export interface KeyRequest {
  readonly work: 'test' | 'moduli'
  readonly page: KeyPage
  /** The digest of the lists that are to be asked; others than before are opened anew. */
  readonly lists: string
}

/** The lists of the node, and where a thread of its own opens the same. */
export interface WatchedLists {
  readonly lists: KeyLists
  readonly directory: string
}

export type KeyReply =
  | { readonly found: readonly FoundWeakness[] }
  | { readonly moduli: readonly WatchedModulus[] }
  | { readonly broken: string }

interface Waiter {
  readonly resolve: (reply: KeyReply) => void
  readonly reject: (fault: Fault) => void
}

/**
 * What is tested on this thread: a handful of keys takes a millisecond, and a thread to start takes fifty. RSA keys
 * take milliseconds each, so of them not one.
 */
const mostHere = 32

/** Pages are a megabyte or so; what is over is rubbish of one page. */
const heapMegabytes = 256

/** To be raised when a check of the gate is new or looks further: all keys are then tested anew. */
const checksVersion = 1

/** Tests keys on a thread of its own, which is started by the first large page and ends with the run. */
export class ThreadedTester implements KeyTester {
  readonly #waiters: Waiter[] = []
  readonly #lists: KeyLists
  readonly #directory: string
  #thread: Worker | undefined

  constructor({ lists, directory }: WatchedLists) {
    this.#lists = lists
    this.#directory = directory
  }

  async tests(): Promise<string> {
    const { digest } = this.#lists
    return [`checks-${checksVersion}`, ...(digest === '' ? [] : [digest])].join(' ')
  }

  async test(page: KeyPage): Promise<readonly FoundWeakness[]> {
    if (this.#isSmall(page)) return testPage(page, this.#lists)
    const reply = await this.#ask({ work: 'test', page, lists: this.#lists.digest })
    return 'found' in reply ? reply.found : broken(reply)
  }

  /** The moduli of the RSA keys of a page. */
  async moduli(page: KeyPage): Promise<readonly WatchedModulus[]> {
    if (page.ids.length <= mostHere) return moduliOf(page)
    const reply = await this.#ask({ work: 'moduli', page, lists: '' })
    return 'moduli' in reply ? reply.moduli : broken(reply)
  }

  /** Gives back the thread and its memory; it is started again when it is needed. */
  async close(): Promise<void> {
    const thread = this.#thread
    this.#thread = undefined
    await thread?.terminate()
  }

  #isSmall(page: KeyPage): boolean {
    return page.ids.length <= mostHere && !hasSlowKeys(page)
  }

  #ask(request: KeyRequest): Promise<KeyReply> {
    return new Promise((resolve, reject) => {
      this.#thread ??= this.#start()
      this.#waiters.push({ resolve, reject })
      this.#thread.ref()
      this.#thread.postMessage(request)
    })
  }

  #start(): Worker {
    const thread = new Worker(new URL('key-thread.ts', import.meta.url), {
      workerData: { directory: this.#directory },
      resourceLimits: { maxOldGenerationSizeMb: heapMegabytes },
    })
    thread.on('message', (reply: KeyReply) => {
      this.#waiters.shift()?.resolve(reply)
      if (this.#waiters.length === 0) thread.unref()
    })
    thread.on('error', (cause) => this.#lose(cause))
    thread.on('exit', () => this.#lose(undefined))
    return thread
  }

  #lose(cause: unknown): void {
    this.#thread = undefined
    const fault = new Fault('store-unreachable', 'the thread that tests keys has ended', { cause })
    for (const waiter of this.#waiters.splice(0)) waiter.reject(fault)
  }
}

function broken(reply: KeyReply): never {
  const because = 'broken' in reply ? reply.broken : 'another answer than was asked for'
  throw new Fault('ledger-damaged', `keys cannot be tested: ${because}`)
}
