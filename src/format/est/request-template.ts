// SPDX-License-Identifier: Apache-2.0
/** CertificationRequestInfoTemplate: a request that its server has begun to fill in. RFC 9908 section 3.4. */
import type { Oid } from '#format/der/oid.ts'
import type { DerReader } from '#format/der/reader.ts'
import { contextConstructed, tag } from '#format/der/tag.ts'
import { type DerWriter, encodeDer } from '#format/der/writer.ts'
import { FormatError } from '#format/format-error.ts'
import { attributes as attributeTypes } from '#format/oids.ts'
import {
  type AlgorithmIdentifier,
  readAlgorithmIdentifier,
} from '#format/x509/algorithm-identifier.ts'
import { encodeAttribute, type RequestAttribute, readAttributes } from '#format/x509/attribute.ts'
import { type NameAttribute, readNameValue, writeNameValue } from '#format/x509/name.ts'

/** One attribute of the subject; `given` is what the client MUST use, undefined: the client fills it in. */
export interface AttributeTemplate {
  readonly type: Oid
  readonly given: NameAttribute | undefined
}

/** The key that is asked for; `dummyKey` stands only where an RSA key is to have a certain size. */
export interface KeyTemplate {
  readonly algorithm: AlgorithmIdentifier
  /** Content of the BIT STRING: a public key that is nobody's, as long as the one that is asked for. */
  readonly dummyKey: Uint8Array | undefined
}

/** `value` is the content of extnValue, one DER value; undefined: the client fills it in. */
export interface ExtensionTemplate {
  readonly oid: Oid
  readonly critical: boolean
  readonly value: Uint8Array | undefined
}

export interface RequestTemplate {
  /** Most significant part first; undefined: the server asks nothing of it. */
  readonly subject: readonly (readonly AttributeTemplate[])[] | undefined
  /** Undefined: any key that the server knows. */
  readonly key: KeyTemplate | undefined
  /** Those that the request is to hold, in the order of the server; none is fine. */
  readonly extensions: readonly ExtensionTemplate[]
  /** All other attributes, not looked into. */
  readonly attributes: readonly RequestAttribute[]
}

/** A request needs no more: each is one part of a name, or one extension. */
const maxParts = 100

/** Reads one CertificationRequestInfoTemplate; all byte strings of the result are views. */
export function readRequestTemplate(reader: DerReader): RequestTemplate {
  const inner = reader.sequence()
  const versionStart = inner.offset
  if (inner.smallInteger(0x7fff_ffff) !== 0) throw new FormatError('version-unknown', versionStart)
  const subject = inner.peek() === tag.sequence ? readSubject(inner) : undefined
  const key = inner.hasContext(0) ? readKey(inner.context(0)) : undefined
  const attributes = readTemplateAttributes(inner)
  inner.end()
  return { subject, key, ...attributes }
}

function readSubject(reader: DerReader): AttributeTemplate[][] {
  let count = 0
  return reader.sequenceOf(
    (rdn) =>
      rdn.setOf((set) => {
        if (++count > maxParts) throw new FormatError('too-many', set.offset, `over ${maxParts}`)
        return readAttributeTemplate(set)
      }),
    true,
  )
}

function readAttributeTemplate(set: DerReader): AttributeTemplate {
  const pair = set.sequence()
  const type = pair.oid()
  const given = pair.hasMore ? readNameValue(pair, type) : undefined
  pair.end()
  return { type, given }
}

function readKey(inner: DerReader): KeyTemplate {
  const algorithm = readAlgorithmIdentifier(inner)
  const dummyKey = inner.hasMore ? inner.bitStringOctets() : undefined
  inner.end()
  return { algorithm, dummyKey }
}

/** One of the two forms of an extension request at most, with exactly one value. */
function readTemplateAttributes(
  reader: DerReader,
): Pick<RequestTemplate, 'extensions' | 'attributes'> {
  let extensions: readonly ExtensionTemplate[] | undefined
  const attributes = readAttributes(reader, contextConstructed(1), (type, value) => {
    const form = forms.get(type)
    if (form === undefined) return value.skip()
    if (extensions !== undefined)
      throw new FormatError('value-not-allowed', value.offset, 'second extension request')
    const start = value.offset
    extensions = readExtensionTemplates(value, form === 'values-left-out')
    // RFC 9908 section 3.4: the template form only where a value is left out.
    const isPartial = extensions.some((one) => one.value === undefined)
    if (form === 'values-left-out' && !isPartial)
      throw new FormatError('value-not-allowed', start, 'template of extensions that are whole')
  })
  return {
    extensions: extensions ?? [],
    attributes: attributes.filter(({ type }) => !forms.has(type)),
  }
}

const forms: ReadonlyMap<Oid, 'whole' | 'values-left-out'> = new Map([
  [attributeTypes.extensionRequest, 'whole'],
  [attributeTypes.extensionRequestTemplate, 'values-left-out'],
])

/**
 * Values are not looked into, but for being DER: an alternative name that the client is to fill in is an empty
 * address or an empty directory name (RFC 9908 section 3.4), which no certificate may hold.
 */
function readExtensionTemplates(reader: DerReader, mayLackValue: boolean): ExtensionTemplate[] {
  const seen = new Set<Oid>()
  return reader.sequenceOf((sequence) => {
    const start = sequence.offset
    if (seen.size === maxParts) throw new FormatError('too-many', start, `over ${maxParts}`)
    const inner = sequence.sequence()
    const oid = inner.oid()
    if (seen.has(oid)) throw new FormatError('extension-duplicate', start, oid)
    seen.add(oid)
    const critical = inner.booleanDefaultFalse()
    const value = mayLackValue && !inner.hasMore ? undefined : readValue(inner.wrapped())
    inner.end()
    return { oid, critical, value }
  })
}

function readValue(inner: DerReader): Uint8Array {
  const value = inner.any()
  inner.end()
  return value
}

/** Writes one CertificationRequestInfoTemplate; which form its extensions take follows from their values. */
export function encodeRequestTemplate(template: RequestTemplate): Uint8Array {
  const { subject, key, extensions, attributes } = template
  return encodeDer((writer) => {
    writer.sequence(() => {
      writer.integer(0)
      if (subject !== undefined) writeSubject(writer, subject)
      if (key !== undefined) writer.context(0, () => writeKey(writer, key))
      const all = [...attributes, ...extensionAttribute(extensions)]
      writer.setOf(all.map(encodeAttribute), contextConstructed(1))
    })
  })
}

function writeSubject(writer: DerWriter, subject: readonly (readonly AttributeTemplate[])[]): void {
  writer.sequence(() => {
    for (const rdn of subject) writer.setOf(rdn.map(encodeAttributeTemplate))
  })
}

function encodeAttributeTemplate({ type, given }: AttributeTemplate): Uint8Array {
  return encodeDer((writer) => {
    writer.sequence(() => {
      writer.oid(type)
      if (given !== undefined) writeNameValue(writer, given)
    })
  })
}

function writeKey(writer: DerWriter, { algorithm, dummyKey }: KeyTemplate): void {
  writer.raw(algorithm.der)
  if (dummyKey !== undefined) writer.bitStringOctets(dummyKey)
}

function extensionAttribute(extensions: readonly ExtensionTemplate[]): RequestAttribute[] {
  if (extensions.length === 0) return []
  const isPartial = extensions.some(({ value }) => value === undefined)
  const value = encodeDer((writer) => {
    writer.sequence(() => {
      for (const one of extensions) writer.sequence(() => writeExtensionTemplate(writer, one))
    })
  })
  const { extensionRequest, extensionRequestTemplate } = attributeTypes
  return [{ type: isPartial ? extensionRequestTemplate : extensionRequest, values: [value] }]
}

function writeExtensionTemplate(writer: DerWriter, one: ExtensionTemplate): void {
  writer.oid(one.oid)
  writer.booleanDefaultFalse(one.critical)
  if (one.value !== undefined) writer.octets(one.value)
}
