// SPDX-License-Identifier: Apache-2.0
import { compareBytes, plainBytes } from '#format/bytes.ts'
import { FormatError } from '#format/format-error.ts'
import { Budget, type Limits } from './budget.ts'
import { type Oid, readOidContent } from './oid.ts'
import {
  checkBitString,
  checkBoolean,
  checkInteger,
  checkNull,
  checkPrimitive,
} from './primitive.ts'
import { contextConstructed, contextPrimitive, hexTag, tag } from './tag.ts'
import { readText, type StringTag } from './text.ts'
import { readTime } from './time.ts'

/**
 * Reads DER values one after the other, strictly, without building a tree.
 *
 * A reader stands in the content of one constructed value (or in the whole input); entering a value gives a reader
 * of its content. Byte strings that are returned are views of the input, which must not change afterwards.
 * Every method throws FormatError with the offset in the outermost input.
 *
 * @see X.690 sections 8 and 10
 */
export class DerReader {
  readonly #bytes: Uint8Array
  readonly #budget: Budget
  readonly #depth: number
  readonly #end: number
  #next: number
  /** Where the content of the value read last starts; its end is #next. */
  #content = 0

  private constructor(
    bytes: Uint8Array,
    budget: Budget,
    start: number,
    end: number,
    depth: number,
  ) {
    this.#bytes = bytes
    this.#budget = budget
    this.#next = start
    this.#end = end
    this.#depth = depth
  }

  /** @throws FormatError `too-large` */
  static over(bytes: Uint8Array, limits: Limits): DerReader {
    const budget = new Budget(bytes.length, limits)
    return new DerReader(plainBytes(bytes), budget, 0, bytes.length, 0)
  }

  /** Where the next value starts. */
  get offset(): number {
    return this.#next
  }

  get hasMore(): boolean {
    return this.#next < this.#end
  }

  /** The tag of the next value, or -1 at the end. */
  peek(): number {
    return this.#next < this.#end ? this.#bytes[this.#next]! : -1
  }

  /** Ends the reading of a value: nothing may follow. */
  end(): void {
    if (this.#next !== this.#end)
      throw new FormatError('trailing-bytes', this.#next, `${this.#end - this.#next} bytes`)
  }

  /** The bytes from `start` to the next value: what was read since, with its headers. */
  since(start: number): Uint8Array {
    return this.#bytes.subarray(start, this.#next)
  }

  /** All bytes that are still to be read, as a view; the reader does not move. */
  rest(): Uint8Array {
    return this.#bytes.subarray(this.#next, this.#end)
  }

  /** Enters a constructed value. */
  constructed(expected: number): DerReader {
    this.#enter(expected)
    return this.#inside()
  }

  sequence(): DerReader {
    return this.constructed(tag.sequence)
  }

  /** A SEQUENCE OF or SET with at least one element. */
  nonEmpty(expected: number): DerReader {
    const inner = this.constructed(expected)
    if (!inner.hasMore) throw new FormatError('element-missing', inner.offset, 'empty')
    return inner
  }

  /** Enters `[number]`; for EXPLICIT, read one value and then `end()`. */
  context(number: number): DerReader {
    return this.constructed(contextConstructed(number))
  }

  /** Whether the next value is `[number]`, constructed. */
  hasContext(number: number): boolean {
    return this.peek() === contextConstructed(number)
  }

  /** Whether the next value is `[number]`, primitive. */
  hasPrimitive(number: number): boolean {
    return this.peek() === contextPrimitive(number)
  }

  /** SET OF in the order of X.690 11.6, each element read by `read`; empty is allowed only if `mayBeEmpty`. */
  setOf<T>(read: (element: DerReader) => T, expected: number = tag.set, mayBeEmpty = false): T[] {
    const set = mayBeEmpty ? this.constructed(expected) : this.nonEmpty(expected)
    const values: T[] = []
    let previous: Uint8Array | undefined
    while (set.hasMore) {
      const start = set.offset
      values.push(read(set))
      // A lone element, the usual case, needs no view.
      if (previous === undefined && !set.hasMore) break
      const element = set.since(start)
      if (previous !== undefined && compareBytes(previous, element) > 0)
        throw new FormatError('set-not-sorted', start)
      previous = element
    }
    return values
  }

  /** SEQUENCE OF, each element read by `read`; empty is allowed only if `mayBeEmpty`. */
  sequenceOf<T>(read: (element: DerReader) => T, mayBeEmpty = false): T[] {
    const sequence = mayBeEmpty ? this.sequence() : this.nonEmpty(tag.sequence)
    const values: T[] = []
    while (sequence.hasMore) values.push(read(sequence))
    return values
  }

  /** Content of a primitive value as a view. */
  octets(expected: number = tag.octetString): Uint8Array {
    this.#enter(expected)
    return this.#bytes.subarray(this.#content, this.#next)
  }

  /** A reader of the DER inside an OCTET STRING; its offsets stay those of the outermost input. */
  wrapped(expected: number = tag.octetString): DerReader {
    this.#enter(expected)
    return this.#inside()
  }

  boolean(expected: number = tag.boolean): boolean {
    this.#enter(expected)
    checkBoolean(this.#bytes, this.#content, this.#next)
    return this.#bytes[this.#content] === 0xff
  }

  /** BOOLEAN DEFAULT FALSE: false if absent. */
  booleanDefaultFalse(expected: number = tag.boolean): boolean {
    if (this.peek() !== expected) return false
    const start = this.#next
    if (!this.boolean(expected)) throw new FormatError('default-encoded', start, 'FALSE')
    return true
  }

  null(): void {
    this.#enter(tag.null)
    checkNull(this.#content, this.#next)
  }

  /** Content octets of an INTEGER as a view: two's complement, minimal, at least one octet. */
  integerBytes(expected: number = tag.integer): Uint8Array {
    this.#enter(expected)
    checkInteger(this.#bytes, this.#content, this.#next)
    return this.#bytes.subarray(this.#content, this.#next)
  }

  /** INTEGER or ENUMERATED from 0 to `greatest` (at most 2^31 - 1). */
  smallInteger(greatest: number, expected: number = tag.integer): number {
    this.#enter(expected)
    checkInteger(this.#bytes, this.#content, this.#next)
    const length = this.#next - this.#content
    let value = length > 5 || this.#bytes[this.#content]! >= 0x80 ? -1 : 0
    if (value === 0)
      for (let at = this.#content; at < this.#next; at++) value = value * 256 + this.#bytes[at]!
    if (value < 0 || value > greatest)
      throw new FormatError('value-not-allowed', this.#content, `integer outside 0 to ${greatest}`)
    return value
  }

  /** Non-negative INTEGER of at most `maxBytes` content octets. */
  bigInteger(maxBytes: number, expected: number = tag.integer): bigint {
    const content = this.integerBytes(expected)
    if (content.length > maxBytes || content[0]! >= 0x80)
      throw new FormatError(
        'value-not-allowed',
        this.#content,
        `negative or over ${maxBytes} octets`,
      )
    return BigInt(`0x${content.toHex()}`)
  }

  oid(expected: number = tag.oid): Oid {
    this.#enter(expected)
    return readOidContent(this.#bytes, this.#content, this.#next)
  }

  /** BIT STRING of whole octets, as a view. */
  bitStringOctets(expected: number = tag.bitString): Uint8Array {
    this.#enter(expected)
    checkBitString(this.#bytes, this.#content, this.#next)
    if (this.#bytes[this.#content] !== 0)
      throw new FormatError(
        'bit-string-malformed',
        this.#content,
        'unused bits where octets are due',
      )
    return this.#bytes.subarray(this.#content + 1, this.#next)
  }

  /**
   * BIT STRING with named bits: bit n of the result stands for bit n of the definition.
   *
   * X.690 11.2.2: no trailing zero bits. At most `count` bits (up to 31).
   */
  namedBits(count: number, expected: number = tag.bitString): number {
    this.#enter(expected)
    checkBitString(this.#bytes, this.#content, this.#next)
    const unused = this.#bytes[this.#content]!
    const length = (this.#next - this.#content - 1) * 8 - unused
    if (length > count)
      throw new FormatError(
        'bit-string-malformed',
        this.#content,
        `${length} bits, at most ${count}`,
      )
    if (length > 0 && ((this.#bytes[this.#next - 1]! >> unused) & 1) === 0)
      throw new FormatError('bit-string-malformed', this.#content, 'trailing zero bits')
    let mask = 0
    for (let bit = 0; bit < length; bit++)
      if (((this.#bytes[this.#content + 1 + (bit >> 3)]! >> (7 - (bit & 7))) & 1) === 1)
        mask |= 1 << bit
    return mask
  }

  text(expected: StringTag): string {
    this.#enter(expected)
    return readText(this.#bytes, this.#content, this.#next, expected)
  }

  /** `[number] IMPLICIT` over a string type. */
  contextText(number: number, type: StringTag): string {
    this.#enter(contextPrimitive(number))
    return readText(this.#bytes, this.#content, this.#next, type)
  }

  /** Time of RFC 5280: UTCTime up to 2049, GeneralizedTime from 2050. */
  time(): Temporal.Instant {
    const found = this.peek()
    this.#enter(found === tag.generalizedTime ? found : tag.utcTime)
    return readTime(this.#bytes, this.#content, this.#next, found)
  }

  /** GeneralizedTime in any year, seconds and Z (invalidityDate, RFC 5280 5.3.2). */
  generalizedTime(): Temporal.Instant {
    this.#enter(tag.generalizedTime)
    return readTime(this.#bytes, this.#content, this.#next, tag.generalizedTime, true)
  }

  /** The next value whole, header and content, checked to be DER all the way down; a view. */
  any(): Uint8Array {
    const start = this.#next
    this.skip()
    return this.#bytes.subarray(start, this.#next)
  }

  /** Passes over the next value, checking that it is DER all the way down. */
  skip(): void {
    const found = this.peek()
    if (found === -1) throw this.#missing()
    this.#enter(found)
    if ((found & 0x20) !== 0) this.#checkInside(found)
    else checkPrimitive(found, this.#bytes, this.#content, this.#next)
  }

  #checkInside(found: number): void {
    if (found < 0x40 && found !== tag.sequence && found !== tag.set)
      throw new FormatError('tag-not-expected', this.#content, `constructed ${hexTag(found)}`)
    const inner = this.#inside()
    while (inner.hasMore) inner.skip()
  }

  /** A reader of the content of the value read last. */
  #inside(): DerReader {
    if (this.#depth + 1 > this.#budget.maxDepth) throw new FormatError('too-deep', this.#content)
    return new DerReader(this.#bytes, this.#budget, this.#content, this.#next, this.#depth + 1)
  }

  #missing(): FormatError {
    return new FormatError('element-missing', this.#next)
  }

  /** Reads tag and length: sets #content, and #next to the end of the value. */
  #enter(expected: number): void {
    const bytes = this.#bytes
    const start = this.#next
    if (start >= this.#end) throw this.#missing()
    const found = bytes[start]!
    if (found !== expected)
      throw new FormatError(
        'tag-not-expected',
        start,
        `${hexTag(found)} instead of ${hexTag(expected)}`,
      )
    if ((found & 0x1f) === 0x1f || found === 0)
      throw new FormatError('tag-not-expected', start, hexTag(found))
    this.#budget.spend(start)
    let at = start + 1
    if (at >= this.#end) throw new FormatError('truncated', at)
    let length = bytes[at++]!
    if (length >= 0x80) {
      length = this.#longLength(at, length & 0x7f)
      at += bytes[at - 1]! & 0x7f
    }
    if (length > this.#end - at)
      throw new FormatError('truncated', at, `length ${length}, ${this.#end - at} left`)
    this.#content = at
    this.#next = at + length
  }

  /** X.690 10.1: definite, and in as few octets as possible. */
  #longLength(start: number, count: number): number {
    if (count === 0) throw new FormatError('indefinite-length', start - 1)
    if (start + count > this.#end) throw new FormatError('truncated', start)
    if (this.#bytes[start] === 0) throw new FormatError('length-not-minimal', start)
    // Four octets reach past every limit of the table.
    if (count > 4) throw new FormatError('truncated', start, `length of ${count} octets`)
    let length = 0
    for (let at = start; at < start + count; at++) length = length * 256 + this.#bytes[at]!
    if (length < 0x80) throw new FormatError('length-not-minimal', start)
    return length
  }
}

/** Reads exactly one value out of `bytes`: what `read` makes of it, and nothing may follow. */
export function readDer<T>(bytes: Uint8Array, limits: Limits, read: (reader: DerReader) => T): T {
  const reader = DerReader.over(bytes, limits)
  const value = read(reader)
  reader.end()
  return value
}
