// SPDX-License-Identifier: Apache-2.0
import { FormatError } from '#format/format-error.ts'

/** What reading one piece may cost. */
export interface Limits {
  readonly maxBytes: number
  readonly maxDepth: number
  readonly maxValues: number
}

/**
 * One table of what each kind of input may cost.
 *
 * A certificate with ML-DSA-87 key and signature has 7.4 kB, a TPM's endorsement chain in CMS stays under 256 kB.
 */
export const limits = {
  small: { maxBytes: 16_384, maxDepth: 16, maxValues: 1_000 },
  // ML-DSA-87 with seed and expanded key has 5 kB, RSA-4096 2.4 kB.
  privateKey: { maxBytes: 16_384, maxDepth: 16, maxValues: 1_000 },
  certificate: { maxBytes: 65_536, maxDepth: 24, maxValues: 4_000 },
  request: { maxBytes: 65_536, maxDepth: 24, maxValues: 2_000 },
  signedData: { maxBytes: 1_048_576, maxDepth: 32, maxValues: 50_000 },
  // Ten questions of 110 bytes; one that is signed brings certificates, of which those with ML-DSA are too large.
  ocspRequest: { maxBytes: 16_384, maxDepth: 16, maxValues: 1_000 },
  // Ten answers with the responder's certificate, both with ML-DSA-87, have 14 kB.
  ocspResponse: { maxBytes: 65_536, maxDepth: 24, maxValues: 4_000 },
  // 1.8 million entries of 37 bytes, 8 values each.
  crl: { maxBytes: 67_108_864, maxDepth: 24, maxValues: 16_000_000 },
} as const satisfies Record<string, Limits>

/** What one reading may still cost. Hostile input runs out of budget, not we out of memory. */
export class Budget {
  readonly maxDepth: number
  #values: number

  /** @throws FormatError `too-large` if there are more bytes than allowed */
  constructor(bytes: number, allowed: Limits) {
    if (bytes > allowed.maxBytes)
      throw new FormatError('too-large', 0, `${bytes} bytes, at most ${allowed.maxBytes}`)
    this.maxDepth = allowed.maxDepth
    this.#values = allowed.maxValues
  }

  /** Pays for one value that starts at `offset`. */
  spend(offset: number): void {
    if (this.#values === 0) throw new FormatError('too-many', offset)
    this.#values -= 1
  }
}
