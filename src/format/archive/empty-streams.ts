// SPDX-License-Identifier: Apache-2.0
import { FormatError } from '../format-error.ts'
import { archiveLimits } from './limits.ts'

/** Counts streams behind each other that give nothing: a megabyte of them would keep a decompressor busy for minutes. */
export class EmptyStreams {
  #count = 0

  /**
   * After each stream, or skippable frame.
   *
   * @param given octets that came out of it
   * @param at where the next begins
   * @throws FormatError `too-many`
   */
  after(given: number, at: number): void {
    this.#count = given > 0 ? 0 : this.#count + 1
    if (this.#count > archiveLimits.emptyStreams)
      throw new FormatError('too-many', at, `over ${archiveLimits.emptyStreams} empty streams`)
  }
}
