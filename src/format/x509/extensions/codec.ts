// SPDX-License-Identifier: Apache-2.0
import type { Oid } from '#format/der/oid.ts'
import type { DerReader } from '#format/der/reader.ts'
import type { DerWriter } from '#format/der/writer.ts'

/** One extension: how its extnValue is read and written, and whether RFC 5280 wants it critical. */
export interface ExtensionCodec<T> {
  readonly oid: Oid
  readonly critical: boolean
  /** Reads one value; the caller checks that nothing follows. */
  readonly read: (reader: DerReader) => T
  readonly write: (writer: DerWriter, value: T) => void
}
