// SPDX-License-Identifier: Apache-2.0
import type { ArchiveTools } from '#format/archive/archive.ts'
import type { ByteSource } from '#format/archive/byte-source.ts'

/** What a walk needs of the machine that it runs on. */
export interface WalkTools extends ArchiveTools {
  /** A place for octets that come once and are needed again. Nothing of it outlives `close`, or the process. */
  spool(): Spool
}

export interface Spool extends ByteSource {
  /** Octets that were appended so far. */
  readonly size: number
  /** @throws FormatError `too-large` where the machine has no room for it */
  append(piece: Uint8Array): Promise<void>
  close(): Promise<void>
}
