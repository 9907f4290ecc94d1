// SPDX-License-Identifier: Apache-2.0
import type { StampRefused } from './refusals.ts'

export interface Stamped {
  readonly kind: 'stamped'
  /** TimeStampToken, DER, with the certificate of who stamped. */
  readonly token: Uint8Array
  readonly at: Temporal.Instant
}

/** Where the house has its signatures stamped: by itself, or by an authority that it was told. */
export interface StampSource {
  /**
   * A token over the octets of a signature, verified.
   *
   * @throws Fault as `SigningKeys.sign` does
   */
  stamp(signature: Uint8Array): Promise<Stamped | StampRefused>
}
