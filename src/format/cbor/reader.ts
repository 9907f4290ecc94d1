// SPDX-License-Identifier: Apache-2.0
import { compareBytes, plainBytes, sameBytes } from '#format/bytes.ts'
import { Budget, type Limits } from '#format/der/budget.ts'
import { FormatError } from '#format/format-error.ts'
import { major, majorNames, simple } from './major.ts'
import { CborTagged, type CborValue } from './value.ts'
import { encodeHead } from './writer.ts'

/**
 * Reads deterministic CBOR, item by item, without building a tree.
 *
 * Shortest heads, definite lengths, keys of maps ascending by their octets and never twice, UTF-8, no floating
 * point: what could have been written in another way is refused by name. Byte strings that are returned are views of
 * the input, which must not change afterwards. Every method throws FormatError with the offset in the outermost input.
 *
 * @see RFC 8949 sections 3 and 4.2.1
 */
export class CborReader {
  readonly #bytes: Uint8Array
  readonly #budget: Budget
  readonly #end: number
  #depth: number
  #next: number

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
  static over(bytes: Uint8Array, limits: Limits): CborReader {
    const budget = new Budget(bytes.length, limits)
    return new CborReader(plainBytes(bytes), budget, 0, bytes.length, 0)
  }

  /** Where the next item starts. */
  get offset(): number {
    return this.#next
  }

  /** Whether anything follows. */
  get hasMore(): boolean {
    return this.#next < this.#end
  }

  /** The major type of the next item, or -1 at the end. */
  peek(): number {
    return this.#next < this.#end ? this.#bytes[this.#next]! >> 5 : -1
  }

  /** Nothing may follow. @throws FormatError `trailing-bytes` */
  end(): void {
    if (this.#next !== this.#end)
      throw new FormatError('trailing-bytes', this.#next, `${this.#end - this.#next} bytes`)
  }

  /** The bytes from `start` to the next item: what was read since, with its heads. */
  since(start: number): Uint8Array {
    return this.#bytes.subarray(start, this.#next)
  }

  /** 0 … 2^53 - 1. */
  unsigned(): number {
    return this.#head(major.unsigned)
  }

  /** An unsigned number between both, which are allowed. */
  between(least: number, most: number, what: string): number {
    const start = this.#next
    const value = this.unsigned()
    if (value < least || value > most)
      throw new FormatError('value-not-allowed', start, `${what} ${value}`)
    return value
  }

  /** -(2^53 - 1) … 2^53 - 1. */
  integer(): number {
    if (this.peek() !== major.negative) return this.unsigned()
    const start = this.#next
    const value = -1 - this.#head(major.negative)
    if (!Number.isSafeInteger(value)) throw new FormatError('too-large', start, 'integer')
    return value
  }

  /** A view. */
  byteString(): Uint8Array {
    return this.#take(this.#head(major.bytes))
  }

  /** A byte string of exactly so many octets. */
  bytesOf(octets: number, what: string): Uint8Array {
    const start = this.#next
    const bytes = this.byteString()
    if (bytes.length !== octets)
      throw new FormatError(
        'value-not-allowed',
        start,
        `${what} has ${bytes.length} octets, must have ${octets}`,
      )
    return bytes
  }

  /** A reader of the CBOR inside a byte string, of the same budget; its offsets stay those of the outermost input. */
  wrapped(): CborReader {
    const start = this.#next
    const length = this.byteString().length
    this.#checkDepth(start)
    return new CborReader(
      this.#bytes,
      this.#budget,
      this.#next - length,
      this.#next,
      this.#depth + 1,
    )
  }

  text(): string {
    const start = this.#next
    const bytes = this.#take(this.#head(major.text))
    try {
      return utf8.decode(bytes)
    } catch (error) {
      if (!(error instanceof TypeError)) throw error
      throw new FormatError('text-malformed', start, 'not UTF-8')
    }
  }

  boolean(): boolean {
    const start = this.#next
    const octet = this.#simple()
    if (octet === simple.null) throw this.#unexpected(start, 'true or false')
    return octet === simple.true
  }

  null(): void {
    const start = this.#next
    if (this.#simple() !== simple.null) throw this.#unexpected(start, 'null')
  }

  /** Whether the next item is null; it stays the next. */
  isNull(): boolean {
    return this.#next < this.#end && this.#bytes[this.#next] === simple.null
  }

  /** The number of a tag; its item follows. */
  tag(): number {
    return this.#head(major.tag)
  }

  /** Whether the next item bears this tag; it stays the next. */
  startsWithTag(expected: number): boolean {
    const head = encodeHead(major.tag, expected)
    const here = this.#bytes.subarray(this.#next, Math.min(this.#end, this.#next + head.length))
    return sameBytes(here, head)
  }

  /** This tag and no other. */
  tagged(expected: number): void {
    const start = this.#next
    const number = this.tag()
    if (number !== expected)
      throw new FormatError('tag-not-expected', start, `tag ${number}, not ${expected}`)
  }

  /** An array of any length, each element read by `read`. */
  array<T>(read: (index: number) => T): T[] {
    return this.#inside(major.array, (count) => {
      const items: T[] = []
      for (let index = 0; index < count; index++) items.push(read(index))
      return items
    })
  }

  /** An array of exactly so many elements, all read by one call. */
  tuple<T>(elements: number, read: () => T): T {
    const start = this.#next
    return this.#inside(major.array, (count) => {
      if (count !== elements)
        throw new FormatError('value-not-allowed', start, `${count} elements, must be ${elements}`)
      return read()
    })
  }

  /** A map of exactly so many entries, all read by one call, which expects each key by its value. */
  record<T>(entries: number, read: () => T): T {
    const start = this.#next
    return this.#inside(major.map, (count) => {
      if (count !== entries)
        throw new FormatError('value-not-allowed', start, `${count} entries, must be ${entries}`)
      return read()
    })
  }

  /**
   * A map; its order is checked.
   *
   * @param readKey reads one item
   * @param readValue reads one item
   */
  map<K>(readKey: () => K, readValue: (key: K, keyOffset: number) => void): void {
    this.#inside(major.map, (count) => {
      let previous: Uint8Array | undefined
      for (let index = 0; index < count; index++) {
        const start = this.#next
        const key = readKey()
        const encoded = this.since(start)
        if (previous !== undefined) checkOrder(previous, encoded, start)
        readValue(key, start)
        previous = encoded
      }
    })
  }

  /** The next item, whatever it is, as a tree. Byte strings in it are views. */
  item(): CborValue {
    switch (this.peek()) {
      case major.unsigned:
      case major.negative:
        return this.integer()
      case major.bytes:
        return this.byteString()
      case major.text:
        return this.text()
      case major.array:
        return this.array(() => this.item())
      case major.map:
        return this.#mapItem()
      case major.tag: {
        const start = this.#next
        const number = this.tag()
        return this.#deeper(start, () => new CborTagged(number, this.item()))
      }
      default: {
        const octet = this.#simple()
        return octet === simple.null ? null : octet === simple.true
      }
    }
  }

  #mapItem(): ReadonlyMap<CborValue, CborValue> {
    const entries = new Map<CborValue, CborValue>()
    this.map(
      () => this.item(),
      (key) => entries.set(key, this.item()),
    )
    return entries
  }

  #inside<T>(type: number, read: (count: number) => T): T {
    const start = this.#next
    const count = this.#head(type)
    // Each element has an octet at least: a count that lies is found before anything is made for it.
    if (count > this.#end - this.#next) throw new FormatError('truncated', start, `${count} items`)
    return this.#deeper(start, () => read(count))
  }

  #deeper<T>(start: number, read: () => T): T {
    this.#checkDepth(start)
    this.#depth += 1
    const value = read()
    this.#depth -= 1
    return value
  }

  #checkDepth(start: number): void {
    if (this.#depth >= this.#budget.maxDepth) throw new FormatError('too-deep', start)
  }

  /** The argument of a head of this type, which has to be the shortest. */
  #head(expected: number): number {
    const start = this.#next
    if (this.peek() !== expected) throw this.#unexpected(start, majorNames[expected]!)
    this.#budget.spend(start)
    const additional = this.#bytes[start]! & 0x1f
    this.#next += 1
    if (additional < 24) return additional
    if (additional === 31) throw new FormatError('indefinite-length', start)
    if (additional > 27) throw new FormatError('value-not-allowed', start, 'reserved head')
    const octets = this.#take(1 << (additional - 24))
    let argument = 0
    for (const octet of octets) argument = argument * 256 + octet
    const least = additional === 24 ? 24 : 2 ** (8 * (octets.length / 2))
    if (argument < least) throw new FormatError('length-not-minimal', start)
    if (!Number.isSafeInteger(argument)) throw new FormatError('too-large', start, 'over 53 bits')
    return argument
  }

  #simple(): number {
    const start = this.#next
    if (this.peek() !== major.simple) throw this.#unexpected(start, majorNames[major.simple])
    this.#budget.spend(start)
    const octet = this.#bytes[start]!
    this.#next += 1
    if (octet === simple.false || octet === simple.true || octet === simple.null) return octet
    const what = octet >= 0xf9 && octet <= 0xfb ? 'floating point' : `simple value ${octet & 0x1f}`
    throw new FormatError('value-not-allowed', start, what)
  }

  #unexpected(start: number, expected: string): FormatError {
    if (start >= this.#end) return new FormatError('truncated', start, `${expected} expected`)
    const found = majorNames[this.#bytes[start]! >> 5]
    return new FormatError('tag-not-expected', start, `${found}, not ${expected}`)
  }

  #take(count: number): Uint8Array {
    if (count > this.#end - this.#next)
      throw new FormatError('truncated', this.#next, `${count} octets`)
    this.#next += count
    return this.#bytes.subarray(this.#next - count, this.#next)
  }
}

/** A leading byte order mark is text like any other. */
const utf8 = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true })

function checkOrder(previous: Uint8Array, key: Uint8Array, offset: number): void {
  const order = compareBytes(previous, key)
  if (order === 0) throw new FormatError('map-key-duplicate', offset)
  if (order > 0) throw new FormatError('map-not-sorted', offset)
}

/** One item and nothing else. @throws FormatError */
export function parseCbor(bytes: Uint8Array, limits: Limits): CborValue {
  const reader = CborReader.over(bytes, limits)
  const item = reader.item()
  reader.end()
  return item
}
