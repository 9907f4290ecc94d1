// SPDX-License-Identifier: Apache-2.0

/** The Castagnoli polynomial, bits reversed. RFC 9260 appendix A. */
const polynomial = 0x82f6_3b78

/** CRC-32C over all bytes, 0 to 2^32 - 1; for headers of some hundred bytes, bit by bit. */
export function crc32c(bytes: Uint8Array): number {
  let sum = 0xffff_ffff
  for (const byte of bytes) {
    sum ^= byte
    for (let bit = 0; bit < 8; bit++) sum = sum & 1 ? (sum >>> 1) ^ polynomial : sum >>> 1
  }
  return ~sum >>> 0
}
