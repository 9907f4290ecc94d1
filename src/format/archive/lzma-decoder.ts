// SPDX-License-Identifier: Apache-2.0
import { FormatError } from '../format-error.ts'
import { RangeDecoder } from './range-decoder.ts'

/**
 * Where the probabilities lie in their one table, by what they are of.
 *
 * @see the LZMA specification of the LZMA SDK
 */
const isMatch = 0
const isRep = isMatch + 12 * 16
const isRepG0 = isRep + 12
const isRepG1 = isRepG0 + 12
const isRepG2 = isRepG1 + 12
const isRep0Long = isRepG2 + 12
const slots = isRep0Long + 12 * 16
const special = slots + 4 * 64
const align = special + 115
const matchLength = align + 16
const repLength = matchLength + 514
const literals = repLength + 514

const lengthLow = 2
const lengthMiddle = lengthLow + 16 * 8
const lengthHigh = lengthMiddle + 16 * 8

/** A symbol of LZMA takes at most so many octets. */
const mostOctetsOfSymbol = 20
/** Of the window, what is above the dictionary: so much is unpacked before the dictionary is moved. */
export const lzmaStep = 1_048_576

/** What lc, lp and pb say, in the one octet in which they are written. */
export interface LzmaProperties {
  readonly lc: number
  readonly lp: number
  readonly pb: number
}

/** Undefined: there are no such properties. `lc + lp` over 4 is LZMA's alone, and seen nowhere. */
export function lzmaProperties(octet: number): LzmaProperties | undefined {
  const [lc, rest] = [octet % 9, Math.floor(octet / 9)]
  const [lp, pb] = [rest % 5, Math.floor(rest / 5)]
  return pb > 4 || lc + lp > 4 ? undefined : { lc, lp, pb }
}

/** What LZMA and LZMA2 share: symbols in, octets out, into a window that holds the dictionary. */
export class LzmaDecoder {
  readonly #range = new RangeDecoder(literals + (0x300 << 4))
  readonly #dictionaryOctets: number
  #window: Uint8Array
  /** Where in the window the next octet goes, and up to where it was handed out. */
  #position = 0
  #given = 0

  #lc = 0
  #literalMask = 0
  #positionMask = 0
  #state = 0
  #rep0 = 0
  #rep1 = 0
  #rep2 = 0
  #rep3 = 0
  /** Octets of a match that did not fit into what was asked for. */
  #pending = 0

  /** @param dictionaryOctets memory is taken as it is filled, up to so much and 1 MiB more */
  constructor(dictionaryOctets: number) {
    this.#dictionaryOctets = Math.max(4_096, dictionaryOctets)
    this.#window = new Uint8Array(Math.min(65_536, this.#dictionaryOctets + lzmaStep))
  }

  forgetDictionary(): void {
    this.#position = 0
    this.#given = 0
  }

  /** And takes other properties, where they are given. */
  forgetState(properties?: LzmaProperties): void {
    if (properties !== undefined) {
      this.#lc = properties.lc
      this.#literalMask = (1 << properties.lp) - 1
      this.#positionMask = (1 << properties.pb) - 1
    }
    this.#range.forget()
    this.#state = 0
    this.#rep0 = 0
    this.#rep1 = 0
    this.#rep2 = 0
    this.#rep3 = 0
    this.#pending = 0
  }

  /** Begins a range coder at `at`; false: there is none. */
  begin(bytes: Uint8Array, at: number): boolean {
    this.#range.bytes = bytes
    this.#range.at = at
    return this.#range.begin()
  }

  get finished(): boolean {
    return this.#range.finished && this.#pending === 0
  }

  /** Puts octets that are not packed at the end of the window. */
  append(bytes: Uint8Array): void {
    this.#reserve(bytes.length)
    this.#window.set(bytes, this.#position)
    this.#position += bytes.length
  }

  /** What was unpacked since it was asked last: a view, until the next call of anything here. */
  take(): Uint8Array {
    const bytes = this.#window.subarray(this.#given, this.#position)
    this.#given = this.#position
    return bytes
  }

  /**
   * Unpacks up to `wanted` octets, at most lzmaStep.
   *
   * @param bytes what is packed, goes on from `at`; where more of it will come, the last octets are left
   * @returns where it stopped in `bytes`, how many octets it gave, and whether it met the mark of an end
   * @throws FormatError `value-not-allowed` if it looks back over the beginning
   */
  run(bytes: Uint8Array, at: number, more: boolean, wanted: number) {
    const range = this.#range
    range.bytes = bytes
    range.at = at
    const last = more ? bytes.length - mostOctetsOfSymbol : bytes.length
    this.#reserve(wanted)
    const start = this.#position
    const limit = start + wanted
    if (this.#pending > 0) this.#copy(this.#pending, limit)
    let marked = false
    while (this.#position < limit && range.at <= last && !marked) {
      const positionState = this.#position & this.#positionMask
      if (range.bit(isMatch + (this.#state << 4) + positionState) === 0) this.#literal()
      else if (range.bit(isRep + this.#state) === 0) marked = this.#match(positionState, limit)
      else this.#repeat(positionState, limit)
    }
    if (range.at > bytes.length) throw new FormatError('truncated', range.at, 'LZMA')
    return { at: range.at, given: this.#position - start, marked }
  }

  #literal(): void {
    const range = this.#range
    const window = this.#window
    const position = this.#position
    const before = position === 0 ? 0 : window[position - 1]!
    const context = ((position & this.#literalMask) << this.#lc) + (before >>> (8 - this.#lc))
    const base = literals + 0x300 * context
    let symbol = 1
    if (this.#state >= 7) {
      // After a match, the octet that would have gone on with it tells something of this one.
      let matched = window[position - this.#rep0 - 1]!
      let offset = 0x100
      do {
        matched <<= 1
        const matchedBit = matched & offset
        const bit = range.bit(base + offset + matchedBit + symbol)
        symbol = (symbol << 1) | bit
        offset &= bit === 1 ? matchedBit : ~matchedBit
      } while (symbol < 0x100)
    } else {
      do symbol = (symbol << 1) | range.bit(base + symbol)
      while (symbol < 0x100)
    }
    window[position] = symbol
    this.#position = position + 1
    const state = this.#state
    this.#state = state < 4 ? 0 : state < 10 ? state - 3 : state - 6
  }

  /** @returns whether it was the mark of an end */
  #match(positionState: number, limit: number): boolean {
    const range = this.#range
    this.#rep3 = this.#rep2
    this.#rep2 = this.#rep1
    this.#rep1 = this.#rep0
    this.#state = this.#state < 7 ? 7 : 10
    const length = this.#length(matchLength, positionState)
    const slot = range.tree(slots + 64 * Math.min(length, 3), 6)
    let distance = slot
    if (slot >= 4) {
      const bits = (slot >>> 1) - 1
      distance = ((2 | (slot & 1)) << bits) >>> 0
      if (slot < 14) distance += range.reverseTree(special + distance - slot, bits)
      else {
        distance = (distance + ((range.direct(bits - 4) << 4) >>> 0)) >>> 0
        distance = (distance + range.reverseTree(align, 4)) >>> 0
      }
    }
    this.#rep0 = distance
    if (distance === 0xffff_ffff) return true
    this.#copy(length + 2, limit)
    return false
  }

  /** A match at one of the last four distances. */
  #repeat(positionState: number, limit: number): void {
    const range = this.#range
    if (range.bit(isRepG0 + this.#state) === 0) {
      if (range.bit(isRep0Long + (this.#state << 4) + positionState) === 0) {
        this.#state = this.#state < 7 ? 9 : 11
        this.#copy(1, limit)
        return
      }
    } else {
      let distance = this.#rep1
      if (range.bit(isRepG1 + this.#state) === 1) {
        distance = this.#rep2
        if (range.bit(isRepG2 + this.#state) === 1) {
          distance = this.#rep3
          this.#rep3 = this.#rep2
        }
        this.#rep2 = this.#rep1
      }
      this.#rep1 = this.#rep0
      this.#rep0 = distance
    }
    this.#state = this.#state < 7 ? 8 : 11
    this.#copy(this.#length(repLength, positionState) + 2, limit)
  }

  #length(base: number, positionState: number): number {
    const range = this.#range
    if (range.bit(base) === 0) return range.tree(base + lengthLow + (positionState << 3), 3)
    if (range.bit(base + 1) === 0)
      return 8 + range.tree(base + lengthMiddle + (positionState << 3), 3)
    return 16 + range.tree(base + lengthHigh, 8)
  }

  #copy(length: number, limit: number): void {
    const window = this.#window
    let position = this.#position
    const back = this.#rep0 + 1
    if (back > position || back > this.#dictionaryOctets)
      throw new FormatError('value-not-allowed', this.#range.at, 'LZMA looks back too far')
    const end = Math.min(limit, position + length)
    this.#pending = position + length - end
    this.#position = end
    // Short ones, which most are, take less time than the call.
    if (end - position > 32 && back >= end - position)
      window.copyWithin(position, position - back, end - back)
    else for (; position < end; position++) window[position] = window[position - back]!
  }

  /** Makes room for `octets` more, which is at most lzmaStep: grows, or forgets what is over the dictionary. */
  #reserve(octets: number): void {
    const needed = this.#position + octets
    if (needed <= this.#window.length) return
    const most = this.#dictionaryOctets + 2 * lzmaStep
    if (needed <= most) {
      const larger = new Uint8Array(Math.min(most, Math.max(needed, 2 * this.#window.length)))
      larger.set(this.#window.subarray(0, this.#position))
      this.#window = larger
      return
    }
    // By a multiple of 16, for the lower bits of a position mean something.
    const kept = Math.min(this.#position, this.#dictionaryOctets)
    const moved = (this.#position - kept) & ~15
    this.#window.copyWithin(0, moved, this.#position)
    this.#position -= moved
    this.#given -= moved
  }
}
