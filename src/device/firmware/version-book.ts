// SPDX-License-Identifier: Apache-2.0
import { DeviceFault } from '../fault.ts'
import { type Files, replace } from '../state/files.ts'
import { fileOf } from '../state/state.ts'

/** What a device never goes back behind. */
export interface VersionBook {
  /** The security version of what was last confirmed; nothing lower is believed. */
  readonly counter: number
  /** The latest time that something signed, which was believed, said. */
  readonly seen: Temporal.Instant | undefined
}

/** As many as the counters of bootloaders have. */
export const mostCounter = 2 ** 32 - 1

/**
 * Reads the book; a device that confirmed nothing yet stands at 0.
 *
 * @throws DeviceFault state-damaged if it does not read: to begin it anew would let every old image in again
 */
export function readVersionBook(files: Files): VersionBook {
  const bytes = files.read(fileOf.firmwareBook)
  if (bytes === undefined) return { counter: 0, seen: undefined }
  const [, counter, seen] =
    /^counter=(\d{1,10})\nseen=(\S*)\n$/.exec(new TextDecoder().decode(bytes)) ?? []
  const moment = seen === '' ? undefined : momentIn(seen)
  if (counter === undefined || Number(counter) > mostCounter || moment === null)
    throw new DeviceFault('state-damaged', `${fileOf.firmwareBook} is not as it was written`)
  return { counter: Number(counter), seen: moment }
}

function momentIn(text: string | undefined): Temporal.Instant | null {
  try {
    return Temporal.Instant.from(text ?? '')
  } catch (error) {
    if (!(error instanceof RangeError)) throw error
    return null
  }
}

/**
 * Raises counter and time, each only upwards, all or nothing wherever power is cut; durable on return.
 *
 * @returns the book as it stands now
 */
export function raiseVersionBook(files: Files, to: Partial<VersionBook>): VersionBook {
  const before = readVersionBook(files)
  const counter = Math.max(before.counter, to.counter ?? 0)
  const seen = laterOf(before.seen, to.seen)
  if (counter > mostCounter) throw new TypeError(`${counter} is no counter`)
  if (counter !== before.counter || String(seen) !== String(before.seen))
    replace(files, fileOf.firmwareBook, `counter=${counter}\nseen=${seen ?? ''}\n`)
  return { counter, seen }
}

function laterOf(
  one: Temporal.Instant | undefined,
  other: Temporal.Instant | undefined,
): Temporal.Instant | undefined {
  if (one === undefined || other === undefined) return one ?? other
  return Temporal.Instant.compare(one, other) < 0 ? other : one
}
