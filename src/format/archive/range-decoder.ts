// SPDX-License-Identifier: Apache-2.0

/** Each probability begins at one half of 2,048. */
const half = 1_024
const top = 0x100_0000

/**
 * The range coder of LZMA, with its probabilities: what all else is read through, a bit at a time.
 *
 * Nothing is checked here for speed's sake: octets behind the end read as zeros, and `at` tells that it went too far.
 *
 * @see the LZMA specification of the LZMA SDK, "Range Decoder"
 */
export class RangeDecoder {
  readonly probabilities: Uint16Array
  bytes: Uint8Array = new Uint8Array()
  at = 0
  #range = 0xffff_ffff
  #code = 0

  constructor(probabilities: number) {
    this.probabilities = new Uint16Array(probabilities)
  }

  forget(): void {
    this.probabilities.fill(half)
  }

  /** Takes the first five octets; false: they are none of a range coder. */
  begin(): boolean {
    const { bytes, at } = this
    this.at += 5
    this.#range = 0xffff_ffff
    this.#code =
      ((bytes[at + 1]! << 24) | (bytes[at + 2]! << 16) | (bytes[at + 3]! << 8) | bytes[at + 4]!) >>>
      0
    return bytes[at] === 0
  }

  /** Whether all that was packed was taken out: true at a sound end. */
  get finished(): boolean {
    return this.#code === 0
  }

  /** The bit of the probability at `index`, which learns from it. */
  bit(index: number): 0 | 1 {
    const probability = this.probabilities[index]!
    const bound = Math.imul(this.#range >>> 11, probability) >>> 0
    let bit: 0 | 1
    if (this.#code < bound) {
      this.#range = bound
      this.probabilities[index] = probability + ((2_048 - probability) >>> 5)
      bit = 0
    } else {
      this.#range = (this.#range - bound) >>> 0
      this.#code = (this.#code - bound) >>> 0
      this.probabilities[index] = probability - (probability >>> 5)
      bit = 1
    }
    if (this.#range < top) {
      this.#range = (this.#range << 8) >>> 0
      this.#code = ((this.#code << 8) | this.bytes[this.at++]!) >>> 0
    }
    return bit
  }

  /** `count` bits, the upper first, through a tree of probabilities. */
  tree(base: number, count: number): number {
    let symbol = 1
    for (let left = count; left > 0; left--) symbol = (symbol << 1) | this.bit(base + symbol)
    return symbol - (1 << count)
  }

  /** `count` bits, the lower first. */
  reverseTree(base: number, count: number): number {
    let [symbol, value] = [1, 0]
    for (let index = 0; index < count; index++) {
      const bit = this.bit(base + symbol)
      symbol = (symbol << 1) | bit
      value |= bit << index
    }
    return value
  }

  /** `count` bits that are all as likely as not. */
  direct(count: number): number {
    let value = 0
    for (let left = count; left > 0; left--) {
      this.#range >>>= 1
      const bit = this.#code >= this.#range ? 1 : 0
      if (bit === 1) this.#code = (this.#code - this.#range) >>> 0
      value = ((value << 1) | bit) >>> 0
      if (this.#range < top) {
        this.#range = (this.#range << 8) >>> 0
        this.#code = ((this.#code << 8) | this.bytes[this.at++]!) >>> 0
      }
    }
    return value
  }
}
