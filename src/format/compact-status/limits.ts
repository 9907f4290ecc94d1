// SPDX-License-Identifier: Apache-2.0
/** What a status file may be at most; hostile bytes run out of this, not a reader out of memory. */
export const statusFileLimits = {
  /** Ten million certificates with one percent revoked take an eighth of a megabyte. */
  bytes: 64 * 1024 * 1024,
  authorities: 1024,
  /** Of all authorities together. */
  blocks: 65_536,
  /** Of certificates whose serial numbers were made elsewhere, 8 bytes each. */
  roster: 4_194_304,
  signatures: 8,
  certificates: 8,
  /** An SLH-DSA signature has up to 49,856 octets. */
  octetsOfSignature: 65_535,
  deltaSteps: 1_048_576,
} as const
