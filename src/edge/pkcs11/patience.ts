// SPDX-License-Identifier: Apache-2.0

/** In milliseconds. */
export interface Patience {
  readonly open: number
  readonly make: number
  readonly sign: number
  /** How long to wait before each try to open the token anew; the last counts for all after it. */
  readonly again: readonly number[]
  /** A token that stood open so long begins with the first of them again. */
  readonly settled: number
  /** How often a token that signs nothing is asked whether it is there. */
  readonly look: number
}

export const usualPatience: Patience = {
  open: 60_000,
  make: 120_000,
  sign: 10_000,
  again: [250, 1_000, 2_000, 5_000, 10_000],
  settled: 60_000,
  look: 5_000,
}
