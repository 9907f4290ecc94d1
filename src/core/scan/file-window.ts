// SPDX-License-Identifier: Apache-2.0
import { ahead, behind } from '#trust/secrets/sight.ts'

/** So much is swept at a time: large enough that what is kept around it costs nothing, small enough for a cache. */
const block = 524_288

/** Memory of windows, handed on from file to file: most files are small, and there are millions. */
export class WindowPool {
  readonly #free: Uint8Array[] = []

  take(): Uint8Array {
    return this.#free.pop() ?? new Uint8Array(behind + block + ahead)
  }

  give(memory: Uint8Array): void {
    // As many as files lie open inside each other.
    if (this.#free.length < 8) this.#free.push(memory)
  }
}

/** A part of a file that is ready: what begins from `from` on and before `to` is seen with all that lies around it. */
export type Sweeping = (octets: Uint8Array, from: number, to: number, base: number) => void

/**
 * Cuts a file into blocks by its own offsets, however it comes in pieces: what is found does not depend on how it was
 * read.
 */
export class FileWindow {
  readonly #pool: WindowPool
  readonly #sweep: Sweeping
  #memory: Uint8Array | undefined
  /** Where memory begins in the file, how much of it is filled, and what was swept of it. */
  #base = 0
  #filled = 0
  #swept = 0

  constructor(pool: WindowPool, sweep: Sweeping) {
    this.#pool = pool
    this.#sweep = sweep
  }

  take(piece: Uint8Array, at: number): void {
    if (at > this.#base + this.#filled) this.#leap(at)
    let rest = piece
    while (rest.length > 0) {
      this.#memory ??= this.#pool.take()
      const fits = Math.min(rest.length, this.#memory.length - this.#filled)
      this.#memory.set(rest.subarray(0, fits), this.#filled)
      this.#filled += fits
      rest = rest.subarray(fits)
      if (this.#filled === this.#memory.length) this.#turn(this.#memory)
    }
  }

  end(): void {
    const memory = this.#memory
    if (memory === undefined) return
    this.#sweepTo(memory, this.#filled)
    this.#memory = undefined
    memory.fill(0, 0, this.#filled)
    this.#pool.give(memory)
  }

  /** Nothing goes over a hole: what lies before it ends there. */
  #leap(at: number): void {
    this.end()
    this.#base = at
    this.#filled = 0
    this.#swept = 0
  }

  #turn(memory: Uint8Array): void {
    const to = memory.length - ahead
    this.#sweepTo(memory, to)
    const keepFrom = to - behind
    memory.copyWithin(0, keepFrom, this.#filled)
    this.#base += keepFrom
    this.#filled -= keepFrom
    this.#swept = behind
  }

  #sweepTo(memory: Uint8Array, to: number): void {
    this.#sweep(memory.subarray(0, this.#filled), this.#swept, to, this.#base)
    this.#swept = to
  }
}
