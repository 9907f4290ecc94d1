// SPDX-License-Identifier: Apache-2.0
import { limits } from '#format/der/budget.ts'
import type { Oid } from '#format/der/oid.ts'
import { type DerReader, readDer } from '#format/der/reader.ts'
import { tag } from '#format/der/tag.ts'
import { encodeDer } from '#format/der/writer.ts'
import { FormatError } from '#format/format-error.ts'
import { encodeAttribute, type RequestAttribute, readAttribute } from '#format/x509/attribute.ts'

/** What the server wants in a request: an OID alone, or an attribute with at least one value. */
export type CsrAttribute =
  | { readonly kind: 'oid'; readonly oid: Oid }
  | ({ readonly kind: 'attribute' } & RequestAttribute)

/**
 * Parses CsrAttrs: a SEQUENCE, possibly empty, in the order of the server.
 *
 * @throws FormatError
 * @see RFC 8951 3.5, which mends the ASN.1 of RFC 7030 4.5.2
 */
export function parseCsrAttributes(der: Uint8Array): readonly CsrAttribute[] {
  return readDer(der, limits.request, (reader) => reader.sequenceOf(readOne, true))
}

function readOne(sequence: DerReader): CsrAttribute {
  const found = sequence.peek()
  if (found === tag.oid) return { kind: 'oid', oid: sequence.oid() }
  if (found === tag.sequence) return { kind: 'attribute', ...readAttribute(sequence) }
  throw new FormatError('tag-not-expected', sequence.offset, 'neither OID nor attribute')
}

/** CsrAttrs in the order given; none is a valid answer. */
export function encodeCsrAttributes(wanted: readonly CsrAttribute[]): Uint8Array {
  return encodeDer((writer) => {
    writer.sequence(() => {
      for (const one of wanted)
        if (one.kind === 'oid') writer.oid(one.oid)
        else writer.raw(encodeAttribute(one))
    })
  })
}
