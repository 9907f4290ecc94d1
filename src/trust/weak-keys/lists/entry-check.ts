// SPDX-License-Identifier: Apache-2.0
import { FormatError } from '#format/format-error.ts'
import type { KeyListHead } from '#format/key-list/key-list-head.ts'
import { Sha256 } from '#trust/digest.ts'

/** What is kept in memory of a list: where the entries of each beginning are. */
export interface ListIndex {
  /** How many of the first bits of an entry number its bucket. */
  readonly bits: number
  /** Of each bucket the first entry, by its number; one more at the end. */
  readonly starts: Uint32Array
}

/** A look at a bucket reads about as many entries: half a kilobyte for entries of 16 octets. */
const entriesInBucket = 32
const mostBits = 20

/**
 * Goes once over the entries of a list, piece by piece: that they ascend, that they are as many as the head says, and
 * of the digest that it says. Only then is the list worth asking.
 */
export class EntryCheck {
  readonly #head: KeyListHead
  readonly #width: number
  readonly #bits: number
  readonly #starts: Uint32Array
  readonly #hash = new Sha256()
  /** What the last piece left over of an entry; of the entry before, all. */
  #rest: Uint8Array = new Uint8Array(0)
  #before: Uint8Array | undefined
  #count = 0
  #bucket = 0

  constructor(head: KeyListHead) {
    this.#head = head
    this.#width = entryOctets(head)
    this.#bits = Math.min(
      mostBits,
      Math.max(0, Math.floor(Math.log2(head.count / entriesInBucket))),
    )
    this.#starts = new Uint32Array(2 ** this.#bits + 1)
  }

  /** @throws FormatError whose offset counts from the first entry */
  take(piece: Uint8Array): void {
    this.#hash.take(piece)
    const rest = this.#rest.length
    const bytes = rest === 0 ? piece : joined(this.#rest, piece)
    let at = 0
    for (; at + this.#width <= bytes.length; at += this.#width) this.#entry(bytes, at)
    this.#rest = bytes.slice(at)
  }

  /** @throws FormatError */
  finish(): ListIndex {
    const { count, sha256 } = this.#head
    const end = this.#count * this.#width
    if (this.#rest.length > 0 || this.#count < count)
      throw new FormatError(
        'truncated',
        end,
        `${this.#count} whole entries, the head says ${count}`,
      )
    const digest = this.#hash.finish()
    if (digest.some((octet, at) => octet !== sha256[at]))
      throw new FormatError(
        'value-not-allowed',
        0,
        `the entries have the digest ${digest.toHex()}, the head says ${sha256.toHex()}`,
      )
    this.#starts.fill(count, this.#bucket + 1)
    return { bits: this.#bits, starts: this.#starts }
  }

  #entry(bytes: Uint8Array, at: number): void {
    if (this.#count === this.#head.count)
      throw new FormatError(
        'trailing-bytes',
        this.#count * this.#width,
        `more entries than the ${this.#head.count} of the head`,
      )
    if (this.#before !== undefined && !isAbove(bytes, at, this.#before))
      throw new FormatError(
        'set-not-sorted',
        this.#count * this.#width,
        `entry ${this.#count} is not above the one before it`,
      )
    // The same octets again and again, not a view each: two million entries would be two million objects.
    this.#before ??= new Uint8Array(this.#width)
    for (let octet = 0; octet < this.#width; octet++) this.#before[octet] = bytes[at + octet] ?? 0
    const bucket = bucketOf(bytes, at, this.#bits)
    while (this.#bucket < bucket) {
      this.#bucket += 1
      this.#starts[this.#bucket] = this.#count
    }
    this.#count += 1
  }
}

export function entryOctets({ digestOctets, hasParts }: KeyListHead): number {
  return digestOctets + (hasParts ? 1 : 0)
}

/** The number that the first bits make. */
export function bucketOf(bytes: Uint8Array, at: number, bits: number): number {
  const first =
    (((bytes[at] ?? 0) << 24) |
      ((bytes[at + 1] ?? 0) << 16) |
      ((bytes[at + 2] ?? 0) << 8) |
      (bytes[at + 3] ?? 0)) >>>
    0
  return bits === 0 ? 0 : first >>> (32 - bits)
}

function isAbove(bytes: Uint8Array, at: number, before: Uint8Array): boolean {
  for (let octet = 0; octet < before.length; octet++) {
    const difference = (bytes[at + octet] ?? 0) - (before[octet] ?? 0)
    if (difference !== 0) return difference > 0
  }
  return false
}

function joined(first: Uint8Array, second: Uint8Array): Uint8Array {
  const both = new Uint8Array(first.length + second.length)
  both.set(first)
  both.set(second, first.length)
  return both
}
