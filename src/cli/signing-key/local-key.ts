// SPDX-License-Identifier: Apache-2.0
import type { SignatureAlgorithmName } from '#trust/algorithms.ts'
import type { PublicKey } from '#trust/public-key.ts'

/** A private key on the machine of whoever signs; it stays where it is. */
export interface LocalKey {
  readonly publicKey: PublicKey
  /** For people: where it is. */
  readonly where: string
  /**
   * The signature as X.509 has it.
   *
   * @param over `digest`: the octets are a digest already, by the digest of the algorithm
   */
  sign(
    octets: Uint8Array,
    algorithm: SignatureAlgorithmName,
    over: 'message' | 'digest',
  ): Promise<Uint8Array>
  close(): Promise<void>
}
