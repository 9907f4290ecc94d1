// SPDX-License-Identifier: Apache-2.0
/** What core asks of the machine it runs on. */

/** The only source of the present; core never reads a clock of its own. */
export interface Clock {
  now(): Temporal.Instant
}

/** The only source of chance: a cryptographically secure generator. */
export interface Randomness {
  /** A fresh array of this many bytes, owned by the caller. */
  bytes(count: number): Uint8Array
}
