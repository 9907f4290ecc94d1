// SPDX-License-Identifier: Apache-2.0
import type { ByteSource } from '#format/archive/byte-source.ts'

/** So many octets of one value, as of flash that is erased; none of them is in memory. */
export function filled(octet: number, size: number): ByteSource {
  return {
    size,
    read: async (at, length) =>
      new Uint8Array(Math.max(0, Math.min(length, size - at))).fill(octet),
  }
}
