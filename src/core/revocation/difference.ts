// SPDX-License-Identifier: Apache-2.0
import { newPlainEntry, type PlainEntry, readPlainEntry } from '#format/x509/plain-entry.ts'
import { removeFromCrl } from '#trust/lint/crl/lint-crl.ts'

/**
 * What leads from a base to the list of now, and from any list that was published between the two: the
 * entries of a delta CRL. RFC 5280 section 5.2.4.
 *
 * Both come in the same order, but for what changed; so only what changed, or was moved by it, is in memory,
 * whatever the base's size.
 */
export class Difference {
  readonly #base: Uint8Array
  #at = 0
  readonly #own = newPlainEntry()
  readonly #other = newPlainEntry()
  /** By serial number in hexadecimal: whole entries that so far stand on one side alone. */
  readonly #onlyBase = new Map<string, Uint8Array>()
  readonly #onlyNow = new Map<string, Uint8Array>()
  readonly #changed = new Map<string, Uint8Array>()
  /** What deltas to the same base said: it is said again, whatever became of it. */
  readonly #told: ReadonlyMap<string, Uint8Array>
  /** Of those, what the base says. */
  readonly #toldInBase = new Map<string, Uint8Array>()

  /**
   * @param base the entries of the base, one after the other
   * @param told those of the delta to it that was published last; empty if there is none
   */
  constructor(base: Uint8Array, told: Uint8Array) {
    this.#base = base
    this.#told = entriesBySerial(told)
  }

  /** Goes on with the next entries of the list of now. */
  take(piece: Uint8Array): void {
    for (let at = 0; at < piece.length; at = this.#other.end) {
      readPlainEntry(piece, at, this.#other)
      const base = this.#nextOfBase()
      if (
        base !== undefined &&
        sameRange(this.#base, base, this.#own.end, piece, at, this.#other.end)
      )
        continue
      if (base !== undefined) this.#meetBase(this.#base.slice(base, this.#own.end), this.#own, base)
      this.#meetNow(piece.slice(at, this.#other.end), serialIn(piece, this.#other))
    }
  }

  /** The entries of the delta, each of them encoded, by their serial numbers. To be called once. */
  finish(): readonly Uint8Array[] {
    for (let base = this.#nextOfBase(); base !== undefined; base = this.#nextOfBase())
      this.#meetBase(this.#base.slice(base, this.#own.end), this.#own, base)
    const entries = new Map(this.#changed)
    for (const [serial, entry] of this.#onlyNow) entries.set(serial, entry)
    for (const [serial, entry] of this.#onlyBase) entries.set(serial, removed(entry))
    for (const [serial, entry] of this.#told) {
      // As the base says it again, or on no list any more: a list between has something else.
      if (!entries.has(serial)) entries.set(serial, this.#toldInBase.get(serial) ?? removed(entry))
    }
    return [...entries.keys()].sort().flatMap((serial) => entries.get(serial) ?? [])
  }

  /** Where the next entry of the base begins; the place of its parts is in `#own`. */
  #nextOfBase(): number | undefined {
    const at = this.#at
    if (at >= this.#base.length) return undefined
    this.#at = readPlainEntry(this.#base, at, this.#own).end
    if (this.#told.size > 0) {
      const serial = serialIn(this.#base, this.#own)
      if (this.#told.has(serial)) this.#toldInBase.set(serial, this.#base.slice(at, this.#at))
    }
    return at
  }

  #meetBase(entry: Uint8Array, place: PlainEntry, start: number): void {
    const serial = serialIn(this.#base, place)
    const now = this.#onlyNow.get(serial)
    if (now === undefined) this.#onlyBase.set(serial, entry)
    else this.#pair(serial, now, this.#base, start, place.end)
  }

  #meetNow(entry: Uint8Array, serial: string): void {
    const base = this.#onlyBase.get(serial)
    if (base === undefined) this.#onlyNow.set(serial, entry)
    else this.#pair(serial, entry, base, 0, base.length)
  }

  #pair(serial: string, now: Uint8Array, base: Uint8Array, start: number, end: number): void {
    this.#onlyNow.delete(serial)
    this.#onlyBase.delete(serial)
    if (!sameRange(base, start, end, now, 0, now.length)) this.#changed.set(serial, now)
  }
}

/** Entries by their serial numbers in hexadecimal. */
export function entriesBySerial(entries: Uint8Array): Map<string, Uint8Array> {
  const found = new Map<string, Uint8Array>()
  const place = newPlainEntry()
  for (let at = 0; at < entries.length; at = place.end) {
    readPlainEntry(entries, at, place)
    found.set(serialIn(entries, place), entries.slice(at, place.end))
  }
  return found
}

function serialIn(bytes: Uint8Array, { serialStart, serialEnd }: PlainEntry): string {
  return bytes.subarray(serialStart, serialEnd).toHex()
}

function sameRange(
  left: Uint8Array,
  leftStart: number,
  leftEnd: number,
  right: Uint8Array,
  rightStart: number,
  rightEnd: number,
): boolean {
  const length = leftEnd - leftStart
  if (rightEnd - rightStart !== length) return false
  for (let index = 0; index < length; index++)
    if (left[leftStart + index] !== right[rightStart + index]) return false
  return true
}

const removedTail = Uint8Array.fromHex('300c300a0603551d1504030a01')

/** The same serial number and time, with the reason removeFromCRL: RFC 5280 section 5.3.1. */
function removed(entry: Uint8Array): Uint8Array {
  const { timeEnd, serialStart } = readPlainEntry(entry, 0, newPlainEntry())
  const kept = entry.subarray(serialStart - 2, timeEnd)
  const length = kept.length + removedTail.length + 1
  return Uint8Array.of(0x30, length, ...kept, ...removedTail, removeFromCrl)
}
