// SPDX-License-Identifier: Apache-2.0

const timesLonger = 3
const longestMilliseconds = 2_000

/**
 * How long a walk over what was signed pauses after what took it so long: it has a quarter of the thread, and waits no
 * longer than two seconds. History waits, and devices do not.
 */
export function pauseAfter(milliseconds: number): number {
  return Math.min(timesLonger * milliseconds, longestMilliseconds)
}
