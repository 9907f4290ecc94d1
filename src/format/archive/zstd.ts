// SPDX-License-Identifier: Apache-2.0
/** Zstandard, RFC 8878: frames behind each other, and frames that are passed over. */
import type { ArchiveForm } from './archive.ts'
import { u32le } from './fields.ts'
import { singleStream } from './single-stream.ts'

export const zstdMagic = 0xfd2f_b528

export const zstd: ArchiveForm = singleStream({
  name: 'zstd',
  compression: 'zstd',
  // The reserved bit of the frame's descriptor has to be zero (3.1.1.1.1.4).
  recognise: (head) => head.length >= 6 && u32le(head, 0) === zstdMagic && (head[4]! & 8) === 0,
})
