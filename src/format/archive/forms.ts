// SPDX-License-Identifier: Apache-2.0
import { ar } from './ar.ts'
import type { ArchiveForm } from './archive.ts'
import { bzip2 } from './bzip2.ts'
import { cpio } from './cpio.ts'
import { ext } from './ext.ts'
import { gzip } from './gzip.ts'
import { lz4 } from './lz4.ts'
import { lzma } from './lzma.ts'
import { squashfs } from './squashfs.ts'
import { tar } from './tar.ts'
import { xz } from './xz.ts'
import { zip } from './zip.ts'
import { zstd } from './zstd.ts'

/** Every form of container that is looked into; the first that recognises a head has it. */
export const archiveForms: readonly ArchiveForm[] = [
  squashfs,
  zip,
  gzip,
  xz,
  zstd,
  lz4,
  lzma,
  bzip2,
  cpio,
  ar,
  tar,
  ext,
]
