// SPDX-License-Identifier: Apache-2.0
import { tag } from '#format/der/tag.ts'
import { readTime } from '#format/der/time.ts'
import { encodeDer } from '#format/der/writer.ts'
import { FormatError } from '#format/format-error.ts'

/** Where one entry of a list stands, by offsets: an object that a walk over a million uses again and again. */
export interface PlainEntry {
  end: number
  serialStart: number
  serialEnd: number
  /** The tag of the time; its content ends where the extensions begin. */
  timeStart: number
  timeEnd: number
  /** CRLReason; 0 if none is written. */
  reason: number
}

export function newPlainEntry(): PlainEntry {
  return { end: 0, serialStart: 0, serialEnd: 0, timeStart: 0, timeEnd: 0, reason: 0 }
}

/** Extensions with nothing but a reason that is not critical, up to its value. RFC 5280 section 5.3.1. */
const reasonHead = Uint8Array.fromHex('300c300a0603551d1504030a01')

/**
 * Reads the entry at `start` if it is of the one form that we write: a serial number of at most 20 octets,
 * a time, and nothing or a reason. Whoever finds no flaw here has checked the entry whole; it takes a
 * twentieth of what reading DER of any form does.
 *
 * @returns what was given, filled
 * @throws FormatError if it is of another form
 */
export function readPlainEntry(bytes: Uint8Array, start: number, entry: PlainEntry): PlainEntry {
  const length = bytes[start + 1] ?? 0x80
  const end = start + 2 + length
  if (bytes[start] !== tag.sequence || length >= 0x80 || end > bytes.length)
    throw new FormatError('tag-not-expected', start, 'no entry of a list')
  const serialStart = start + 4
  const serialEnd = serialStart + (bytes[start + 3] ?? 0)
  if (bytes[start + 2] !== tag.integer || !isSerialNumber(bytes, serialStart, serialEnd))
    throw new FormatError('serial-number-wrong', start + 2)
  const timeStart = serialEnd
  const timeEnd = timeStart + 2 + (bytes[timeStart + 1] ?? 0)
  if (timeEnd > end || !looksLikeTime(bytes, timeStart, timeEnd))
    throw new FormatError('time-malformed', timeStart)
  entry.end = end
  entry.serialStart = serialStart
  entry.serialEnd = serialEnd
  entry.timeStart = timeStart
  entry.timeEnd = timeEnd
  entry.reason = timeEnd === end ? 0 : readReason(bytes, timeEnd, end)
  return entry
}

/** The time of an entry that was read. @throws FormatError */
export function entryTime(bytes: Uint8Array, { timeStart, timeEnd }: PlainEntry): Temporal.Instant {
  return readTime(bytes, timeStart + 2, timeEnd, bytes[timeStart] ?? 0)
}

/** RFC 5280 section 4.1.2.2: positive, minimal, 20 octets at most. */
function isSerialNumber(bytes: Uint8Array, start: number, end: number): boolean {
  const first = bytes[start] ?? 0x80
  const length = end - start
  if (length < 1 || length > 20 || end > bytes.length || first >= 0x80) return false
  return first !== 0 || (length > 1 && (bytes[start + 1] ?? 0) >= 0x80)
}

/** Seconds and Z, in the type that has so many digits; which moment it is, `entryTime` tells. */
function looksLikeTime(bytes: Uint8Array, start: number, end: number): boolean {
  const type = bytes[start]
  const digits = type === tag.utcTime ? 12 : type === tag.generalizedTime ? 14 : -1
  if (end - start - 3 !== digits || bytes[end - 1] !== 0x5a) return false
  for (let at = start + 2; at < end - 1; at++) {
    const octet = bytes[at] ?? 0
    if (octet < 0x30 || octet > 0x39) return false
  }
  return true
}

function readReason(bytes: Uint8Array, start: number, end: number): number {
  const at = start + reasonHead.length
  for (let index = 0; index < reasonHead.length; index++)
    if (bytes[start + index] !== reasonHead[index])
      throw new FormatError('value-not-allowed', start, 'more than a reason')
  const reason = bytes[at] ?? 0
  // 0 is said by saying nothing, and 7 is not used.
  if (end !== at + 1 || reason < 1 || reason > 10 || reason === 7)
    throw new FormatError('value-not-allowed', at, `reason ${reason}`)
  return reason
}

const secondsOfDay = 86_400

/**
 * Writes entries of that form one after the other: of a million no object is made for any. Octets are copied one
 * by one, which of so few is faster than to have them copied.
 */
export class PlainEntries {
  #bytes = new Uint8Array(4_096)
  #length = 0
  /** Tag, length and content of the time that was written last. */
  #time: Uint8Array = new Uint8Array()
  #day = Number.NaN

  /**
   * @param serials where the serial number stands, from `start` to `end`
   * @param revokedAt Unix milliseconds; what is below a second is cut off
   * @throws FormatError `serial-number-wrong`, `time-malformed`
   */
  add(serials: Uint8Array, start: number, end: number, revokedAt: number, reason: number): void {
    if (!isSerialNumber(serials, start, end)) throw new FormatError('serial-number-wrong', 0)
    this.#tell(Math.floor(revokedAt / 1000))
    const time = this.#time
    const tail = reason === 0 ? 0 : reasonHead.length + 1
    const length = 2 + end - start + time.length + tail
    this.#reserve(length + 2)
    const bytes = this.#bytes
    let at = this.#length
    bytes[at++] = tag.sequence
    bytes[at++] = length
    bytes[at++] = tag.integer
    bytes[at++] = end - start
    for (let index = start; index < end; index++) bytes[at++] = serials[index]!
    for (let index = 0; index < time.length; index++) bytes[at++] = time[index]!
    if (reason !== 0) {
      for (let index = 0; index < reasonHead.length; index++) bytes[at++] = reasonHead[index]!
      bytes[at++] = reason
    }
    this.#length = at
  }

  /** Two times of one day differ in their six last digits, before the Z. */
  #tell(second: number): void {
    const day = Math.floor(second / secondsOfDay)
    if (day !== this.#day) {
      const midnight = Temporal.Instant.fromEpochMilliseconds(day * secondsOfDay * 1000)
      this.#time = encodeDer((writer) => writer.time(midnight))
      this.#day = day
    }
    const ofDay = second - day * secondsOfDay
    const digits = this.#time.length - 7
    this.#put(Math.floor(ofDay / 3600), digits)
    this.#put(Math.floor(ofDay / 60) % 60, digits + 2)
    this.#put(ofDay % 60, digits + 4)
  }

  #put(number: number, at: number): void {
    this.#time[at] = 0x30 + Math.floor(number / 10)
    this.#time[at + 1] = 0x30 + (number % 10)
  }

  /** A copy of all that was written; what is added next begins anew. */
  take(): Uint8Array {
    const taken = this.#bytes.slice(0, this.#length)
    this.#length = 0
    return taken
  }

  #reserve(more: number): void {
    if (this.#length + more <= this.#bytes.length) return
    const grown = new Uint8Array(this.#bytes.length * 2)
    grown.set(this.#bytes.subarray(0, this.#length))
    this.#bytes = grown
  }
}
