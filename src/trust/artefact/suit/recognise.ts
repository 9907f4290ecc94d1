// SPDX-License-Identifier: Apache-2.0
import type { ByteSource } from '#format/archive/byte-source.ts'
import { sameBytes } from '#format/bytes.ts'

/** Tag 107, then a map of two to fifteen entries whose first key is 2. */
export async function looksLikeEnvelope(source: ByteSource): Promise<boolean> {
  const head = await source.read(0, 4)
  const entries = head[2] ?? 0
  return (
    sameBytes(head.subarray(0, 2), Uint8Array.of(0xd8, 107)) &&
    entries >= 0xa2 &&
    entries <= 0xb7 &&
    head[3] === 2
  )
}
