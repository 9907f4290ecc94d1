// SPDX-License-Identifier: Apache-2.0
import type { Oid } from '#format/der/oid.ts'
import type { DerReader } from '#format/der/reader.ts'
import { tag } from '#format/der/tag.ts'
import { encodeDer } from '#format/der/writer.ts'
import { FormatError } from '#format/format-error.ts'

/** An attribute of PKCS #10, PKCS #8 or CMS: a type, and one or more whole DER values (in csrattrs also none). */
export interface RequestAttribute {
  readonly type: Oid
  readonly values: readonly Uint8Array[]
}

/**
 * Reads a SET OF Attribute in DER order, each type at most once.
 *
 * @param readValue reads one value of the type, to its end
 */
export function readAttributes(
  reader: DerReader,
  expected: number,
  readValue: (type: Oid, value: DerReader) => void,
): RequestAttribute[] {
  const seen = new Set<Oid>()
  return reader.setOf(
    (set) => {
      const start = set.offset
      const attribute = readAttribute(set, readValue)
      if (seen.has(attribute.type))
        throw new FormatError('value-not-allowed', start, `attribute ${attribute.type} twice`)
      seen.add(attribute.type)
      return attribute
    },
    expected,
    true,
  )
}

/** Reads one Attribute; without any value only if `mayLackValues`. */
export function readAttribute(
  reader: DerReader,
  readValue: (type: Oid, value: DerReader) => void = (_, value) => value.skip(),
  mayLackValues = false,
): RequestAttribute {
  const inner = reader.sequence()
  const type = inner.oid()
  const readOne = (value: DerReader) => {
    const start = value.offset
    readValue(type, value)
    return value.since(start)
  }
  const values = inner.setOf(readOne, tag.set, mayLackValues)
  inner.end()
  return { type, values }
}

/** One Attribute, its values sorted. */
export function encodeAttribute({ type, values }: RequestAttribute): Uint8Array {
  return encodeDer((writer) => {
    writer.sequence(() => {
      writer.oid(type)
      writer.setOf(values)
    })
  })
}
