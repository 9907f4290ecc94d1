// SPDX-License-Identifier: Apache-2.0
import type { Randomness } from '#core/ports.ts'

/** The first pause after a failure. */
const firstMilliseconds = 5_000

/** The rhythm give or take a tenth, so that nodes and installations do not march in step. */
export function spread(milliseconds: number, random: Randomness): number {
  return Math.round(milliseconds * (0.9 + 0.2 * fraction(random)))
}

/** Doubles with each failure in a row, from `firstMilliseconds` up to the rhythm itself. */
export function backOff(milliseconds: number, failures: number, random: Randomness): number {
  const doubled = firstMilliseconds * 2 ** Math.min(failures - 1, 30)
  return spread(Math.min(doubled, milliseconds), random)
}

/** From 0 to just under 1, in steps of 2^-16. */
function fraction(random: Randomness): number {
  const [high = 0, low = 0] = random.bytes(2)
  return (high * 256 + low) / 65_536
}
