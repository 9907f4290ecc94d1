// SPDX-License-Identifier: Apache-2.0

/** Each probability begins at one half of 2,048. */
const half = 1_024
/** Where the upper octet of a range has become zero, the next octet is taken in. */
const upperOctet = 0xff00_0000
const signBit = 0x8000_0000 | 0

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
  /** Both are 32 bits without a sign, kept as numbers with one: V8 keeps those as integers. */
  #range = -1
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
    this.#range = -1
    this.#code =
      (bytes[at + 1]! << 24) | (bytes[at + 2]! << 16) | (bytes[at + 3]! << 8) | bytes[at + 4]!
    return bytes[at] === 0
  }

  /** Whether all that was packed was taken out: true at a sound end. */
  get finished(): boolean {
    return this.#code === 0
  }

  /** The bit of the probability at `index`, which learns from it. */
  bit(index: number): 0 | 1 {
    const probability = this.probabilities[index]!
    let [range, code] = [this.#range, this.#code]
    const bound = Math.imul(range >>> 11, probability)
    let bit: 0 | 1
    if ((code ^ signBit) < (bound ^ signBit)) {
      range = bound
      this.probabilities[index] = probability + ((2_048 - probability) >>> 5)
      bit = 0
    } else {
      range = (range - bound) | 0
      code = (code - bound) | 0
      this.probabilities[index] = probability - (probability >>> 5)
      bit = 1
    }
    if ((range & upperOctet) === 0) {
      range <<= 8
      code = (code << 8) | this.bytes[this.at++]!
    }
    this.#range = range
    this.#code = code
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
    let [range, code, value] = [this.#range, this.#code, 0]
    for (let left = count; left > 0; left--) {
      range >>>= 1
      // All ones where the bit is zero: taken back then, as without a sign there is no less than zero.
      code = (code - range) | 0
      const below = code >> 31
      code = (code + (range & below)) | 0
      value = (value << 1) + 1 + below
      if ((range & upperOctet) === 0) {
        range <<= 8
        code = (code << 8) | this.bytes[this.at++]!
      }
    }
    this.#range = range | 0
    this.#code = code
    return value
  }
}
