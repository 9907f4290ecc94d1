// SPDX-License-Identifier: Apache-2.0
import type { Unpacking } from './archive.ts'
import { lookBack } from './byte-source.ts'

/**
 * Pieces that come one after the other, as a source that its reader goes through from front to back.
 *
 * The last `lookBack` octets before the furthest that was asked for stay; everything else is forgotten.
 */
export class ForwardSource implements Unpacking {
  readonly size = undefined
  readonly #pieces: AsyncGenerator<Uint8Array>
  /** Pieces that are kept, in order and without a gap. */
  #kept: Uint8Array[] = []
  /** Where the first of them begins, and where the last one ends. */
  #start = 0
  #end = 0
  #ended = false
  #error: unknown

  constructor(pieces: AsyncGenerator<Uint8Array>) {
    this.#pieces = pieces
  }

  async read(at: number, length: number): Promise<Uint8Array> {
    if (at < this.#start) throw new Error(`read at ${at}, but ${this.#start} octets are forgotten`)
    while (this.#end < at + length && !this.#ended) {
      await this.#more()
      this.#forgetBefore(at - lookBack)
    }
    // What came before the damage is sound and was to be had; what is behind it is not there.
    if (this.#error !== undefined && this.#end <= at) throw this.#error
    return this.#between(at, Math.min(at + length, this.#end))
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
      this.#kept.shift()
    }
  }

  #between(from: number, to: number): Uint8Array {
    if (to <= from) return new Uint8Array()
    let start = this.#start
    let bytes: Uint8Array | undefined
    for (const piece of this.#kept) {
      const [first, last] = [Math.max(from, start), Math.min(to, start + piece.length)]
      if (first < last) {
        const part = piece.subarray(first - start, last - start)
        if (first === from && last === to) return part
        bytes ??= new Uint8Array(to - from)
        bytes.set(part, first - from)
      }
      start += piece.length
    }
    return bytes ?? new Uint8Array()
  }
}
