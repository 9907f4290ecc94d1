// SPDX-License-Identifier: Apache-2.0
/**
 * What a device may believe about time. docs/guides/enrol-a-device.md, "A device without a clock".
 *
 * A clock that was never set stands in the past, so all that is asked of time is a lower bound: each
 * certificate that leads to the pinned root proves that its notBefore has come. A server's Date header
 * proves nothing for ever; it may only say whether a renewal is due.
 */
import type { Certificate } from '#format/x509/certificate.ts'

/** The program was not there before; a clock that says less was never set. */
export const programDate = Temporal.Instant.from('2026-11-01T00:00:00Z')

export function latest(
  instants: readonly [Temporal.Instant, ...Temporal.Instant[]],
): Temporal.Instant {
  return instants.reduce((left, right) =>
    Temporal.Instant.compare(left, right) < 0 ? right : left,
  )
}

/** A moment that is surely over, from what the device holds that its root vouches for. */
export function provenTime(held: readonly Certificate[]): Temporal.Instant {
  return latest([programDate, ...held.map(({ notBefore }) => notBefore)])
}
