// SPDX-License-Identifier: Apache-2.0
import type { Participant } from '#core/ceremony/script.ts'

/**
 * The table around which people sit: what they are shown and asked.
 *
 * Each method rejects if nobody can answer any more, as when the terminal is closed.
 */
export interface CeremonyTable {
  /** Shows lines to everybody. */
  say(lines: readonly string[]): Promise<void>
  /** Asks somebody for a line; an empty one where that may be. */
  ask(who: Participant, what: string): Promise<string>
  /** Asks somebody for a secret, without echo. */
  secret(who: Participant, what: string): Promise<string>
}

/** The word by which anybody stops a ceremony at any question. */
export const stopWord = 'stop'
