// SPDX-License-Identifier: Apache-2.0
import { u32le } from './fields.ts'
import type { Pull } from './pull.ts'

/** Frames that LZ4 and zstd share, and that mean nothing to either: sixteen marks, then a size. RFC 8878 3.1.2. */
export function isSkippable(magic: number): boolean {
  return (magic & 0xffff_fff0) >>> 0 === 0x184d_2a50
}

/** Over one such frame; of what is in it, nothing is looked at. */
export async function passSkippable(pull: Pull): Promise<void> {
  const head = await pull.take(8)
  pull.skip(u32le(head, 4))
}
