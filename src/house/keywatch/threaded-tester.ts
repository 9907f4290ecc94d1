// SPDX-License-Identifier: Apache-2.0
import { Worker } from 'node:worker_threads'
import { Fault } from '#core/fault.ts'
import type { FoundWeakness } from '#core/keywatch/book-findings.ts'
import type { KeyPage, KeyTester } from '#core/keywatch/ports.ts'
import type { KeyLists } from '#trust/weak-keys/key-lists.ts'
import type { WatchedModulus } from '#trust/weak-keys/shared-primes/shared-prime.ts'
import { programVersion } from '../version.ts'
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
  readonly thread: Worker
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

/** Tests keys on a thread of its own, which is started by the first large page and ends with the run. */
export class ThreadedTester implements KeyTester {
  readonly #waiters: Waiter[] = []
  readonly #lists: KeyLists
  readonly #directory: string
  /** A check is new, or looks further, in a new version of this program only: all keys are then tested anew. */
  readonly #checks = `vitalsign ${programVersion()}`
  #thread: Worker | undefined

  constructor({ lists, directory }: WatchedLists) {
    this.#lists = lists
    this.#directory = directory
  }

  async tests(): Promise<string> {
    const { digest } = this.#lists
    return [this.#checks, ...(digest === '' ? [] : [digest])].join(' ')
  }

  async test(page: KeyPage, signal: AbortSignal): Promise<readonly FoundWeakness[]> {
    if (signal.aborted) return []
    if (this.#isSmall(page)) return testPage(page, this.#lists)
    // Seconds of RSA keys, for which a house that closes does not wait.
    const end = () => void this.close()
    signal.addEventListener('abort', end, { once: true })
    try {
      const reply = await this.#ask({ work: 'test', page, lists: this.#lists.digest })
      return 'found' in reply ? reply.found : broken(reply)
    } catch (error) {
      if (signal.aborted) return []
      throw error
    } finally {
      signal.removeEventListener('abort', end)
    }
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
      const thread = this.#thread ?? this.#start()
      this.#thread = thread
      this.#waiters.push({ thread, resolve, reject })
      thread.ref()
      thread.postMessage(request)
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
    thread.on('error', (cause) => this.#lose(thread, cause))
    thread.on('exit', () => this.#lose(thread, undefined))
    return thread
  }

  #lose(thread: Worker, cause: unknown): void {
    if (this.#thread === thread) this.#thread = undefined
    const fault = new Fault('store-unreachable', 'the thread that tests keys has ended', { cause })
    const waiters = this.#waiters.splice(0)
    // Another may have been started since.
    this.#waiters.push(...waiters.filter((waiter) => waiter.thread !== thread))
    for (const waiter of waiters) if (waiter.thread === thread) waiter.reject(fault)
  }
}

function broken(reply: KeyReply): never {
  const because = 'broken' in reply ? reply.broken : 'another answer than was asked for'
  throw new Fault('ledger-damaged', `keys cannot be tested: ${because}`)
}
