// SPDX-License-Identifier: Apache-2.0

/** How much of a file is seen by whoever says what it is. */
export const headOctets = 65_536

/** Of memory that nobody has, no more is kept than files lie open inside each other. */
const mostFree = 8

/** Memory for the beginnings of files, handed on from one to the next: there are millions of them. */
export class Heads {
  readonly #free: Uint8Array[] = []

  take(): Uint8Array {
    return this.#free.pop() ?? new Uint8Array(headOctets)
  }

  /** @param filled how much of it may hold something of an image */
  give(memory: Uint8Array, filled: number): void {
    memory.fill(0, 0, filled)
    if (this.#free.length < mostFree) this.#free.push(memory)
  }
}
