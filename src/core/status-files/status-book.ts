// SPDX-License-Identifier: Apache-2.0
/** What the maker of status files notes beside each, so that it need not look at what did not change. */

export interface BlockBook {
  /** Rows of the ledger in the span of the block, expired or not. */
  readonly rows: number
  /** Of those that had not expired when the base was made. */
  readonly bad: number
  /** When the base was made, or proved: seconds since 1970. What had expired then is not in it. */
  readonly asOf: number
  /** When half of those will have expired: seconds since 1970. */
  readonly halfEnd: number
}

/** By the digest of the authority's key, hexadecimal. */
export type StatusBook = Readonly<Record<string, readonly BlockBook[]>>
