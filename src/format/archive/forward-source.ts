// SPDX-License-Identifier: Apache-2.0
import type { Unpacking } from './archive.ts'
import { lookBack } from './byte-source.ts'
import { giveBack } from './give-back.ts'

/**
 * Pieces that come one after the other, as a source that its reader goes through from front to back.
 *
 * The last `lookBack` octets before the furthest that was asked for stay; everything else is forgotten.
 */
export class ForwardSource implements Unpacking {
  /** Whether pieces are given for good: then their memory goes as soon as they are forgotten. */
  readonly #isOwner: boolean
  readonly size = undefined
  readonly #pieces: AsyncGenerator<Uint8Array>
  /** Pieces that are kept, in order and without a gap. */
  #kept: Uint8Array[] = []
  /** Where the first of them begins, and where the last one ends. */
  #start = 0
  #end = 0
  #ended = false
  #error: unknown

  /** @param isOwner who makes the pieces has no use for them any more once they are given */
  constructor(pieces: AsyncGenerator<Uint8Array>, isOwner = false) {
    this.#pieces = pieces
    this.#isOwner = isOwner
  }

  async read(at: number, length: number): Promise<Uint8Array> {
    await this.#reach(at, length)
    return this.#between(at, Math.min(at + length, this.#end))
  }

  async fill(at: number, into: Uint8Array): Promise<number> {
    await this.#reach(at, into.length)
    return this.#copy(at, Math.min(at + into.length, this.#end), into)
  }

  async #reach(at: number, length: number): Promise<void> {
    if (at < this.#start) throw new Error(`read at ${at}, but ${this.#start} octets are forgotten`)
    while (this.#end < at + length && !this.#ended) {
      await this.#more()
      this.#forgetBefore(at - lookBack)
    }
    // What came before the damage is sound and was to be had; what is behind it is not there.
    if (this.#error !== undefined && this.#end <= at) throw this.#error
  }

  close(): void {
    this.#ended = true
    this.#kept = []
    this.#start = this.#end
    // What is thrown while it is broken off was to be heard by a reader who has gone.
    this.#pieces.return(undefined).catch(() => undefined)
  }

  async #more(): Promise<void> {
    try {
      const next = await this.#pieces.next()
      if (next.done === true) {
        this.#ended = true
        return
      }
      if (next.value.length === 0) return
      this.#kept.push(next.value)
      this.#end += next.value.length
    } catch (error) {
      this.#ended = true
      this.#error = error
    }
  }

  #forgetBefore(at: number): void {
    while (this.#kept.length > 0 && this.#start + this.#kept[0]!.length <= at) {
      this.#start += this.#kept[0]!.length
      const forgotten = this.#kept.shift()
      if (this.#isOwner && forgotten !== undefined) giveBack(forgotten)
    }
  }

  #between(from: number, to: number): Uint8Array {
    if (to <= from) return new Uint8Array()
    let start = this.#start
    for (const piece of this.#kept) {
      if (from >= start && to <= start + piece.length)
        return piece.subarray(from - start, to - start)
      start += piece.length
    }
    const bytes = new Uint8Array(to - from)
    this.#copy(from, to, bytes)
    return bytes
  }

  #copy(from: number, to: number, into: Uint8Array): number {
    let start = this.#start
    for (const piece of this.#kept) {
      const [first, last] = [Math.max(from, start), Math.min(to, start + piece.length)]
      if (first < last) into.set(piece.subarray(first - start, last - start), first - from)
      start += piece.length
    }
    return Math.max(0, to - from)
  }
}
