// SPDX-License-Identifier: Apache-2.0
import { Worker } from 'node:worker_threads'
import type { Budgets } from '#core/scan/walk/budgets.ts'
import type { Board } from './board.ts'
import {
  addCounts,
  type Batch,
  type BatchResult,
  type FinderModule,
  type Found,
  type ListedFile,
  noCounts,
  type ThreadSetup,
} from './thread-protocol.ts'

export interface CrewSetup {
  readonly finders: FinderModule
  readonly budgets: Budgets
  readonly board: Board
  readonly threads: number
}

/** What a thread may take, so that all of them and the main thread stay below 256 MB. */
const limits = { maxOldGenerationSizeMb: 64, maxYoungGenerationSizeMb: 2 }

/** A thread that does not get on for so long is in a loop: a read of a slow disk is not as slow. */
const patienceMilliseconds = 120_000

interface Hand {
  readonly number: number
  thread: Worker | undefined
  /** Whether its finders are made: before, no file is to blame if it ends. */
  ready: boolean
  task: Task | undefined
  beat: number
  beatAt: number
}

interface Task {
  readonly batch: Batch
  /** The files of it that are still to be scanned, and what was found in the others. */
  files: readonly ListedFile[]
  readonly found: Found[]
  readonly counts: BatchResult['counts']
  readonly resolve: (result: BatchResult) => void
  readonly reject: (error: unknown) => void
}

/**
 * Threads that scan batches of files.
 *
 * A thread that breaks, runs out of memory or is caught in a loop costs the file that it had in hand, which is named;
 * another takes over what followed it.
 */
export class Crew {
  readonly #setup: CrewSetup
  readonly #hands: Hand[] = []
  readonly #tasks: Task[] = []
  readonly #freed: (() => void)[] = []
  readonly #watch: NodeJS.Timeout
  #closed = false

  constructor(setup: CrewSetup) {
    this.#setup = setup
    this.#watch = setInterval(() => this.#lookForLoops(), 1_000)
    this.#watch.unref()
  }

  scan(batch: Batch): Promise<BatchResult> {
    const { promise, resolve, reject } = Promise.withResolvers<BatchResult>()
    const task = { batch, files: batch.files, found: [], counts: noCounts(), resolve, reject }
    this.#tasks.push(task)
    this.#hand()
    return promise
  }

  /** Resolves when a batch would not wait for long: a tree is listed no faster than it is scanned. */
  async room(): Promise<void> {
    while (this.#tasks.length >= this.#setup.threads)
      await new Promise<void>((resolve) => this.#freed.push(resolve))
  }

  async close(): Promise<void> {
    this.#closed = true
    clearInterval(this.#watch)
    await Promise.all(this.#hands.map((hand) => hand.thread?.terminate()))
  }

  #hand(): void {
    if (this.#closed || this.#tasks.length === 0) return
    const hand = this.#hands.find(({ task }) => task === undefined) ?? this.#anotherHand()
    if (hand === undefined) return
    const task = this.#tasks.shift()!
    hand.task = task
    hand.beatAt = performance.now()
    hand.thread ??= this.#start(hand)
    this.#setup.board.begin(hand.number, 0)
    hand.thread.postMessage({ number: task.batch.number, files: task.files })
    for (const freed of this.#freed.splice(0)) freed()
  }

  #anotherHand(): Hand | undefined {
    if (this.#hands.length >= this.#setup.threads) return undefined
    const number = this.#hands.length
    const hand: Hand = {
      number,
      thread: undefined,
      ready: false,
      task: undefined,
      beat: 0,
      beatAt: 0,
    }
    this.#hands.push(hand)
    return hand
  }

  #start(hand: Hand): Worker {
    const workerData: ThreadSetup = {
      ...{ finders: this.#setup.finders, budgets: this.#setup.budgets },
      ...{ board: this.#setup.board.memory, number: hand.number },
    }
    const url = new URL('scan-thread.ts', import.meta.url)
    const thread = new Worker(url, { workerData, resourceLimits: limits })
    let cause: unknown
    thread.on('message', (said: 'ready' | BatchResult) => {
      if (said === 'ready') hand.ready = true
      else this.#finish(hand, said)
    })
    thread.on('error', (error) => {
      cause = error
    })
    thread.on('exit', () => this.#lose(hand, cause))
    return thread
  }

  #finish(hand: Hand, result: BatchResult): void {
    const task = hand.task
    hand.task = undefined
    if (task !== undefined) {
      task.found.push(...result.found)
      addCounts(task.counts, result.counts)
      task.resolve({ number: task.batch.number, found: task.found, counts: task.counts })
    }
    this.#hand()
  }

  /** A thread has ended that should not have. What it had found in files before is lost with it, so they come again. */
  #lose(hand: Hand, cause: unknown): void {
    const { ready } = hand
    hand.thread = undefined
    hand.ready = false
    const task = hand.task
    hand.task = undefined
    if (this.#closed || task === undefined) return
    const index = this.#setup.board.fileOf(hand.number)
    const file = task.files[index]
    if (file === undefined || !ready) {
      this.#giveUp(task, cause ?? new Error('a thread of the scan has ended'))
      return
    }
    this.#splitAround(task, index, file, cause)
    this.#hand()
  }

  /** No other thread would do better. */
  #giveUp(task: Task, error: unknown): void {
    for (const lost of [task, ...this.#tasks.splice(0)]) lost.reject(error)
    for (const freed of this.#freed.splice(0)) freed()
  }

  /** Before the file, the file itself, after it: three tasks that make one result. */
  #splitAround(task: Task, index: number, file: ListedFile, cause: unknown): void {
    const { number } = task.batch
    const parts = [task.files.slice(0, index), task.files.slice(index + 1)].map((files) =>
      files.length === 0
        ? Promise.resolve<BatchResult>({ number, found: [], counts: noCounts() })
        : this.scan({ number, files }),
    )
    Promise.all(parts).then(([before, after]) => {
      const found = [...task.found, ...before!.found, ended(file, cause), ...after!.found]
      for (const part of [before!, after!]) addCounts(task.counts, part.counts)
      task.resolve({ number, found, counts: task.counts })
    }, task.reject)
  }

  #lookForLoops(): void {
    const now = performance.now()
    for (const hand of this.#hands) {
      const beat = this.#setup.board.beatOf(hand.number)
      if (beat !== hand.beat || hand.task === undefined) {
        hand.beat = beat
        hand.beatAt = now
      } else if (now - hand.beatAt > patienceMilliseconds) void hand.thread?.terminate()
    }
  }
}

function ended(file: ListedFile, cause: unknown): Found {
  const why = cause instanceof Error ? cause.message : 'it did not get on'
  return {
    ...{ kind: 'not-scanned', reason: 'scanner-ended', path: [file.name], offset: null },
    because: `the thread that scanned it has ended: ${why}`,
  }
}
