// SPDX-License-Identifier: Apache-2.0
/** How much may stand in an outer manifest: docs/outer-manifest.md, which a reader without a heap relies on. */
export const outerManifestBounds = {
  bytes: 65_536,
  tokenBytes: 16_384,
  productOctets: 128,
  versionOctets: 64,
  /** What a counter of 32 bits holds. */
  securityVersion: 0xffff_ffff,
  /** The last second of year 9999. */
  seconds: 253_402_300_799,
  files: 64,
  fileNameOctets: 128,
  policy: 4,
  hardware: 16,
  hardwareOctets: 64,
} as const
