// SPDX-License-Identifier: Apache-2.0
import { limits } from '#format/der/budget.ts'
import type { Oid } from '#format/der/oid.ts'
import { type DerReader, readDer } from '#format/der/reader.ts'
import { tag } from '#format/der/tag.ts'
import { encodeDer } from '#format/der/writer.ts'
import { FormatError } from '#format/format-error.ts'
import { attributes } from '#format/oids.ts'
import { encodeAttribute, type RequestAttribute, readAttribute } from '#format/x509/attribute.ts'
import {
  encodeRequestTemplate,
  type RequestTemplate,
  readRequestTemplate,
} from './request-template.ts'

/**
 * What the server wants in a request: an OID alone, an attribute, or a whole template. An attribute without values is
 * a type of key, whatever its parameters (RFC 9908 3.2).
 */
export type CsrAttribute =
  | { readonly kind: 'oid'; readonly oid: Oid }
  | ({ readonly kind: 'attribute' } & RequestAttribute)
  | { readonly kind: 'template'; readonly template: RequestTemplate }

/**
 * Parses CsrAttrs: a SEQUENCE, possibly empty, in the order of the server; one template at most. What stands in
 * attributes is not looked into: the example of RFC 7030 4.5.2 itself is wrong there (RFC 9908 5.2).
 *
 * @throws FormatError
 * @see RFC 8951 3.5, which mends the ASN.1 of RFC 7030 4.5.2; RFC 9908 3.4
 */
export function parseCsrAttributes(der: Uint8Array): readonly CsrAttribute[] {
  return readDer(der, limits.request, (reader) => {
    let hasTemplate = false
    return reader.sequenceOf((sequence) => {
      const start = sequence.offset
      const one = readOne(sequence)
      if (one.kind === 'template' && hasTemplate)
        throw new FormatError('value-not-allowed', start, 'second template')
      hasTemplate ||= one.kind === 'template'
      return one
    }, true)
  })
}

function readOne(sequence: DerReader): CsrAttribute {
  const found = sequence.peek()
  if (found === tag.oid) return { kind: 'oid', oid: sequence.oid() }
  if (found !== tag.sequence)
    throw new FormatError('tag-not-expected', sequence.offset, 'neither OID nor attribute')
  let template: RequestTemplate | undefined
  const start = sequence.offset
  const readValue = (type: Oid, value: DerReader) => {
    if (type !== attributes.requestTemplate) return value.skip()
    if (template !== undefined)
      throw new FormatError('value-not-allowed', value.offset, 'second template')
    template = readRequestTemplate(value)
  }
  const attribute = readAttribute(sequence, readValue, true)
  if (template !== undefined) return { kind: 'template', template }
  if (attribute.type === attributes.requestTemplate)
    throw new FormatError('element-missing', start, 'no template')
  return { kind: 'attribute', ...attribute }
}

/** CsrAttrs in the order given; none is a valid answer. */
export function encodeCsrAttributes(wanted: readonly CsrAttribute[]): Uint8Array {
  return encodeDer((writer) => {
    writer.sequence(() => {
      for (const one of wanted) writer.raw(encodeOne(one))
    })
  })
}

function encodeOne(one: CsrAttribute): Uint8Array {
  switch (one.kind) {
    case 'oid':
      return encodeDer((writer) => writer.oid(one.oid))
    case 'attribute':
      return encodeAttribute(one)
    case 'template':
      return encodeAttribute({
        type: attributes.requestTemplate,
        values: [encodeRequestTemplate(one.template)],
      })
  }
}

/**
 * Whether the server asks for this, by its OID alone, as an attribute, or within its template: for
 * `attributes.challengePassword`, whether it wants the request bound to the connection (RFC 7030 3.5).
 */
export function asks(wanted: readonly CsrAttribute[], oid: Oid): boolean {
  return wanted.some((one) => {
    if (one.kind === 'oid') return one.oid === oid
    if (one.kind === 'attribute') return one.type === oid
    const { extensions, attributes: others } = one.template
    return others.some(({ type }) => type === oid) || extensions.some((each) => each.oid === oid)
  })
}

/** The template, if there is one: who understands it ignores all else (RFC 9908 section 4). */
export function templateOf(wanted: readonly CsrAttribute[]): RequestTemplate | undefined {
  return wanted.find((one) => one.kind === 'template')?.template
}
