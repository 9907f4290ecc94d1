// SPDX-License-Identifier: Apache-2.0
import { refuse } from '../refusal.ts'
import type { ArtefactRefused } from './refusal.ts'

/** When something is signed, as a choice says it: RFC 3339 in UTC; undefined: it is not to be said. */
export function readInstant(
  text: string | undefined,
): Temporal.Instant | ArtefactRefused | undefined {
  if (text === undefined) return undefined
  if (!/^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d+)?Z$/.test(text)) return refuseTime(text)
  try {
    return Temporal.Instant.from(text)
  } catch (error) {
    if (error instanceof RangeError) return refuseTime(text)
    throw error
  }
}

function refuseTime(text: string): ArtefactRefused {
  return refuse(
    'artefact-choice-wrong',
    `"${text.slice(0, 40)}" is no time as 2027-06-01T12:00:00Z`,
  )
}
