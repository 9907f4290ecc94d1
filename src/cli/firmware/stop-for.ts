// SPDX-License-Identifier: Apache-2.0
import type { Refused } from '#trust/refusal.ts'
import { printable } from '../show/value.ts'
import { exit, Stop } from '../stop.ts'

/** A "no" about an artefact, as the end of a command: what strangers wrote into it can do nothing to a terminal. */
export function stopFor({ reason, detail }: Refused<string>): Stop {
  return new Stop(exit.refused, `${reason}: ${printable(detail)}`, { code: reason })
}
