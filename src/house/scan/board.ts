// SPDX-License-Identifier: Apache-2.0

/**
 * Memory that the main thread and those that scan share, since a thread that is in the midst of an image hears no
 * message.
 */
export class Board {
  readonly memory: SharedArrayBuffer
  readonly #cells: Int32Array

  constructor(
    memory: SharedArrayBuffer = new SharedArrayBuffer(4 * (1 + cellsOfThread * mostThreads)),
  ) {
    this.memory = memory
    this.#cells = new Int32Array(memory)
  }

  /** Whether, and why, all are to end. */
  get pressed(): 'too-long' | 'stopped' | undefined {
    const word = Atomics.load(this.#cells, 0)
    return word === 0 ? undefined : word === 1 ? 'stopped' : 'too-long'
  }

  press(why: 'too-long' | 'stopped'): void {
    Atomics.compareExchange(this.#cells, 0, 0, why === 'stopped' ? 1 : 2)
  }

  /** Of the batch that thread `number` has in hand: the index of its file. */
  fileOf(number: number): number {
    return Atomics.load(this.#cells, cellOf(number))
  }

  begin(number: number, file: number): void {
    Atomics.store(this.#cells, cellOf(number), file)
  }

  /** Grows while the thread gets on. */
  beatOf(number: number): number {
    return Atomics.load(this.#cells, cellOf(number) + 1)
  }

  beat(number: number): void {
    Atomics.add(this.#cells, cellOf(number) + 1, 1)
  }
}

export const mostThreads = 16
const cellsOfThread = 2

function cellOf(number: number): number {
  return 1 + number * cellsOfThread
}
