// SPDX-License-Identifier: Apache-2.0
/** How long a device waits: one table, so that a fleet never comes all at once. */
import type { Chance } from './ports.ts'

/** Bounds of all waiting, in seconds. */
export const patience = {
  /** The first pause after a failure; it doubles with each further one. */
  firstSeconds: 2,
  /** No pause is longer while a person waits (`enrol`, `renew`). */
  longestSeconds: 300,
  /** No pause of the daemon is longer after failures: a fleet comes back within the hour. */
  longestDaemonSeconds: 3_600,
  /** A server's Retry-After is honoured between these bounds: neither a hammer nor a burial. */
  leastRetryAfterSeconds: 1,
  mostRetryAfterSeconds: 86_400,
  /** The daemon looks at its certificate at least so often, and asks the server how it stands. */
  checkSeconds: 86_400,
  /** ... and never more often, whatever a short certificate or a wrong clock says. */
  leastCheckSeconds: 60,
  /** How often `enrol` and `renew` come back to a server that says "later". */
  attempts: 12,
} as const

/**
 * The pause after the `failures`-th failure in a row (from 1): between half and all of a doubling span.
 *
 * A server's word takes precedence, and gets up to a tenth on top, so that many devices that heard the
 * same word do not come back in the same second.
 */
export function pauseAfter(
  failures: number,
  retryAfterSeconds: number | undefined,
  longestSeconds: number,
  chance: Chance,
): Temporal.Duration {
  const seconds =
    retryAfterSeconds === undefined
      ? doubled(failures, longestSeconds) * (0.5 + chance.fraction() / 2)
      : bounded(retryAfterSeconds) * (1 + chance.fraction() / 10)
  return Temporal.Duration.from({ milliseconds: Math.round(seconds * 1000) })
}

function doubled(failures: number, longestSeconds: number): number {
  return Math.min(patience.firstSeconds * 2 ** Math.min(failures - 1, 30), longestSeconds)
}

function bounded(seconds: number): number {
  return Math.min(
    Math.max(seconds, patience.leastRetryAfterSeconds),
    patience.mostRetryAfterSeconds,
  )
}

/**
 * Seconds of a Retry-After header; undefined if it is absent or says nothing of use.
 *
 * @param serverNow the same answer's Date: a date is read against the server's clock, never ours
 * @see RFC 9110 section 10.2.3
 */
export function parseRetryAfter(
  value: string | undefined,
  serverNow: Temporal.Instant | undefined,
): number | undefined {
  if (value === undefined) return undefined
  if (/^\d{1,9}$/.test(value.trim())) return Number(value.trim())
  const until = parseHttpDate(value)
  if (until === undefined || serverNow === undefined) return undefined
  return Math.max(0, until.since(serverNow).total('seconds'))
}

/** An IMF-fixdate; undefined for anything else. RFC 9110 section 5.6.7. */
export function parseHttpDate(value: string | undefined): Temporal.Instant | undefined {
  const parts = /^\w{3}, (\d\d) (\w{3}) (\d{4}) (\d\d:\d\d:\d\d) GMT$/.exec(value ?? '')
  if (parts === null) return undefined
  const [, day, monthName = '', year, time] = parts
  const month = months.indexOf(monthName) + 1
  if (month === 0) return undefined
  try {
    return Temporal.Instant.from(`${year}-${String(month).padStart(2, '0')}-${day}T${time}Z`)
  } catch (error) {
    if (error instanceof RangeError) return undefined
    throw error
  }
}

const months = ['Jan', 'Feb', 'Mar', 'Apr', 'May', 'Jun', 'Jul', 'Aug', 'Sep', 'Oct', 'Nov', 'Dec']
