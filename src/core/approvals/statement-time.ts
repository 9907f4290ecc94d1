// SPDX-License-Identifier: Apache-2.0
import type { Refused } from '#core/refusal.ts'
import { refuse } from '#trust/refusal.ts'

/** So far may the clock of an approver's machine be ahead of ours. */
const aheadMost = Temporal.Duration.from({ minutes: 5 })
/** So long may a statement be on its way: a machine without any network is reached by a person who walks. */
const oldest = Temporal.Duration.from({ hours: 72 })

/** Why a statement cannot have been signed when it says, if so. */
export function implausibleTime(
  statedAt: string,
  now: Temporal.Instant,
  notBefore?: Temporal.Instant,
): Refused | undefined {
  const stated = Temporal.Instant.from(statedAt)
  if (Temporal.Instant.compare(stated, now.add(aheadMost)) > 0)
    return refuse(
      'approval-time-implausible',
      `it was signed at ${statedAt}, and it is ${shown(now)} here: is the clock of that machine right?`,
    )
  if (Temporal.Instant.compare(stated.add(oldest), now) < 0)
    return refuse(
      'approval-time-implausible',
      `it was signed at ${statedAt}, over ${oldest.hours} hours ago: sign anew`,
    )
  if (notBefore !== undefined && Temporal.Instant.compare(stated.add(aheadMost), notBefore) < 0)
    return refuse(
      'approval-time-implausible',
      `it was signed at ${statedAt}, before there was anything to sign (${shown(notBefore)})`,
    )
  return undefined
}

function shown(at: Temporal.Instant): string {
  return at.toString({ smallestUnit: 'second' })
}
