// SPDX-License-Identifier: Apache-2.0

/** Seconds before the next try, after the first failure, the second and so on; the last counts for all others. */
const pauseSeconds = [1, 2, 5, 10, 30, 60, 120, 300] as const

/** A broker that nobody mended in two weeks was taken away; until then its sessions must not be forgotten. */
export const mostFailingHours = 14 * 24

/** Whoever had it tried anew after that long gets so many tries before it is given up again: over an hour. */
export const fewestTries = 20

/** A restart lasts no longer; what fails more often, somebody should know of. */
export const triesUntilTold = 3

export function pauseAfter(tries: number): Temporal.Duration {
  const seconds = pauseSeconds[Math.min(tries, pauseSeconds.length) - 1] ?? pauseSeconds[0]
  return Temporal.Duration.from({ seconds })
}
