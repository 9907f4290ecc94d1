// SPDX-License-Identifier: Apache-2.0
/** What a container may cost before anything of it is given; what it gives is counted by whoever walks. */
export const archiveLimits = {
  /** Octets of a name or of where a link leads. Linux refuses paths over 4,096 (PATH_MAX). */
  nameOctets: 65_536,
  /** Directories within each other, in a file system: as many as a path of PATH_MAX can name. */
  depth: 2_048,
  /** Octets of a table that must be in memory: fragments, groups, pax records, maps of sparse files. */
  tableOctets: 16_777_216,
  /** Pieces of one file: blocks of squashfs (128 GiB of usual ones), extents, parts of a sparse file. */
  pieces: 1_048_576,
  /** Octets of one directory. A directory of ext4 with a million names has about 60 MB. */
  directoryOctets: 268_435_456,
  /** Octets of a table that are read at once, where it is gone through. */
  readOctets: 1_048_576,
  /** Streams behind each other that give nothing: bgzip ends with one, and each costs as much as a full one. */
  emptyStreams: 1_024,
  /** Octets that a compressed stream may look back: as many as `xz -9` and `zstd -19` do. */
  dictionaryOctets: 67_108_864,
} as const
