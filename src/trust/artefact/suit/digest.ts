// SPDX-License-Identifier: Apache-2.0
import { createHash } from 'node:crypto'
import { sameBytes } from '#format/bytes.ts'
import type { SuitDigest } from '#format/suit/digest.ts'
import { suitDigests } from '#format/suit/numbers.ts'

/** Whether this is the digest of these octets; false of an algorithm that is not known, too. */
export function digestHolds({ algorithm, bytes }: SuitDigest, of: Uint8Array): boolean {
  const row = suitDigests.get(algorithm)
  return (
    row !== undefined && sameBytes(bytes, Uint8Array.from(createHash(row.name).update(of).digest()))
  )
}
