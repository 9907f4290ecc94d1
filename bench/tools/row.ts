// SPDX-License-Identifier: Apache-2.0
/** One line of the table. */
export interface Row {
  readonly name: string
  readonly value: number
  readonly unit: string
  /** What it stands beside, measured by turns in the same process or run. */
  readonly limit?: { readonly name: string; readonly value: number }
  /** The share of the limit that is to be reached, 0 to 1. */
  readonly goal?: number
  readonly note: string
}

/** The middle one; of an even number the lower of the two. */
export function median(values: readonly number[]): number {
  return values.toSorted((left, right) => left - right)[(values.length - 1) >> 1] ?? Number.NaN
}
