// SPDX-License-Identifier: Apache-2.0

/** Bounds of the list of requests that wait for a person. */
export interface WaitingLimits {
  /** A device that makes a new key at each start must not bury the others. */
  readonly mostOfOneDevice: number
  readonly mostInAll: number
  /** What a device is asked to wait between two looks, at its first post and hours later. */
  readonly leastSeconds: number
  readonly mostSeconds: number
}

export const waitingLimits: WaitingLimits = {
  mostOfOneDevice: 3,
  mostInAll: 10_000,
  leastSeconds: 30,
  mostSeconds: 3_600,
}
