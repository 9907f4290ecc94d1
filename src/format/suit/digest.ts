// SPDX-License-Identifier: Apache-2.0
import type { CborReader } from '#format/cbor/reader.ts'
import { FormatError } from '#format/format-error.ts'
import { suitDigests } from './numbers.ts'

/** SUIT_Digest. @see draft-ietf-suit-manifest-37 section 10 */
export interface SuitDigest {
  readonly algorithm: number
  readonly bytes: Uint8Array
}

/** A digest, as the next item; one of an algorithm that is known has its length. */
export function readDigest(reader: CborReader): SuitDigest {
  return reader.tuple(2, () => {
    const algorithm = reader.integer()
    const start = reader.offset
    const bytes = reader.byteString()
    const octets = suitDigests.get(algorithm)?.octets
    if (octets !== undefined && octets !== bytes.length)
      throw new FormatError('value-not-allowed', start, `digest of ${bytes.length} octets`)
    return { algorithm, bytes }
  })
}
