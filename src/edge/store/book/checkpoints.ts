// SPDX-License-Identifier: Apache-2.0
import type { DatabaseSync, StatementSync } from 'node:sqlite'
import { Worker } from 'node:worker_threads'
import type { BookSettings, CheckpointData } from './messages.ts'

/** What the checkpointing thread and the book thread tell each other, in one shared number. */
export const turn = { idle: 0, carry: 1, lastMile: 2, end: 3, ended: 4 } as const

/** So few pages that the book may carry them itself between two groups: some milliseconds. */
export const lastMilePages = 1_000

/** A change writes about four pages; one that writes more is followed by others. */
const mostPagesOfChange = 32

/** When the WAL has this many times its size, the book waits for those who carry. */
const patience = 4
const maxWaitMilliseconds = 1_000

/** The one who waits for the thread's end waits no longer than this. */
const maxEndMilliseconds = 10_000

/**
 * Moves what the WAL holds into the database, off the book's way.
 *
 * A thread of its own carries the bulk while the book goes on writing; the WAL begins anew only
 * when nothing is left in it, so the book carries the last few pages itself. A checkpoint that
 * fails, on a full disk say, loses nothing: the WAL keeps what it has, and the next one tries again.
 *
 * @see https://sqlite.org/wal.html#ckpt
 */
export class Checkpoints {
  readonly #file: string
  readonly #settings: BookSettings
  readonly #length: StatementSync
  readonly #carry: StatementSync
  readonly #shared = new Int32Array(new SharedArrayBuffer(4))
  #thread: Worker | undefined
  #written = 0

  constructor(database: DatabaseSync, file: string, settings: BookSettings) {
    this.#file = file
    this.#settings = settings
    this.#length = database.prepare('PRAGMA wal_checkpoint(NOOP)')
    this.#carry = database.prepare('PRAGMA wal_checkpoint(PASSIVE)')
  }

  /** To be called between groups, with how many changes the last one had. */
  look(changes: number): void {
    const whose = Atomics.load(this.#shared, 0)
    this.#written += changes
    // Asking costs as much as a small group; nothing grows fast enough to be missed.
    if (whose === turn.idle && this.#written < this.#settings.walPages / mostPagesOfChange) return
    this.#written = 0
    const waiting = pagesWaiting(this.#length)
    if (whose === turn.lastMile) {
      pagesWaiting(this.#carry)
      Atomics.compareExchange(this.#shared, 0, turn.lastMile, turn.idle)
    } else if (whose === turn.carry && waiting > patience * this.#settings.walPages) {
      Atomics.wait(this.#shared, 0, turn.carry, maxWaitMilliseconds)
    } else if (whose === turn.idle && waiting > this.#settings.walPages) {
      Atomics.store(this.#shared, 0, turn.carry)
      Atomics.notify(this.#shared, 0)
      this.#thread ??= this.#start()
    }
  }

  /** Ends the thread, so that the book's connection is the last one. */
  end(): void {
    const whose = Atomics.exchange(this.#shared, 0, turn.end)
    Atomics.notify(this.#shared, 0)
    if (this.#thread !== undefined && whose !== turn.ended)
      Atomics.wait(this.#shared, 0, turn.end, maxEndMilliseconds)
  }

  #start(): Worker {
    const thread = new Worker(new URL('checkpoint-thread.ts', import.meta.url), {
      workerData: {
        file: this.#file,
        shared: this.#shared,
        synchronous: this.#settings.synchronous,
      } satisfies CheckpointData,
    })
    thread.unref()
    return thread
  }
}

/** Runs a checkpoint, or one that does nothing; gives how many pages the WAL still holds. */
export function pagesWaiting(checkpoint: StatementSync): number {
  try {
    const { log, checkpointed } = checkpoint.get() ?? {}
    return Number(log) - Number(checkpointed)
  } catch (error) {
    if (error instanceof Error && 'errcode' in error) return 0 // the next look tries again
    throw error
  }
}
