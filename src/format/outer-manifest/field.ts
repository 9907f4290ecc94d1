// SPDX-License-Identifier: Apache-2.0
import type { CborReader } from '#format/cbor/reader.ts'
import { FormatError } from '#format/format-error.ts'

/** The key of the next entry, which has to be this one. @throws FormatError */
export function readField(reader: CborReader, expected: number): void {
  const start = reader.offset
  const key = reader.unsigned()
  if (key !== expected)
    throw new FormatError('value-not-allowed', start, `key ${key}, not ${expected}`)
}
