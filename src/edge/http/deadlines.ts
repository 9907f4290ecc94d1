// SPDX-License-Identifier: Apache-2.0

/** Parts of the span that works are sorted by; one is told of at most such a part too late. */
const parts = 8

type Late = () => void

/**
 * Works that are to be done within one span, under one timer: a timer of its own for each of tens of thousands
 * a second costs more than most of them.
 */
export class Deadlines {
  readonly #partMilliseconds: number
  /** By the part of the span in which they began, the oldest first; the last is of now. */
  readonly #begun: Set<Late>[] = Array.from({ length: parts + 1 }, () => new Set())
  #count = 0
  #timer: NodeJS.Timeout | undefined

  constructor(spanMilliseconds: number) {
    this.#partMilliseconds = spanMilliseconds / parts
  }

  /** What the work gives, or, once the span is over, a rejection with what `late` makes; the work goes on then. */
  within<T>(work: Promise<T>, late: () => Error): Promise<T> {
    const { promise, resolve, reject } = Promise.withResolvers<T>()
    const begun = this.#begun[parts]!
    const tell = () => reject(late())
    begun.add(tell)
    this.#count++
    this.#timer ??= setTimeout(() => this.#pass(), this.#partMilliseconds)
    work.then(
      (value) => {
        if (begun.delete(tell)) this.#count--
        resolve(value)
      },
      (cause) => {
        if (begun.delete(tell)) this.#count--
        reject(cause)
      },
    )
    return promise
  }

  /** A part of the span is over. */
  #pass(): void {
    const late = this.#begun.shift() ?? new Set()
    this.#begun.push(new Set())
    this.#count -= late.size
    for (const tell of late) {
      // Its work may end yet, and is not counted twice.
      late.delete(tell)
      tell()
    }
    this.#timer =
      this.#count === 0 ? undefined : setTimeout(() => this.#pass(), this.#partMilliseconds)
  }
}
