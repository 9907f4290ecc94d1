// SPDX-License-Identifier: Apache-2.0
import { sameBytes } from '#format/bytes.ts'
import { limits } from '#format/der/budget.ts'
import type { Oid } from '#format/der/oid.ts'
import { type DerReader, readDer } from '#format/der/reader.ts'
import { tag } from '#format/der/tag.ts'
import { isPrintable, type StringTag } from '#format/der/text.ts'
import { type DerWriter, encodeDer } from '#format/der/writer.ts'
import { FormatError } from '#format/format-error.ts'
import { attributeTypes } from '#format/oids.ts'
import { sameAttributeValue } from './name-comparison.ts'
import { formatRdns, parseRdns } from './name-text.ts'

/** What a name is made of: a type, and its value as text. */
export interface Attribute {
  readonly type: Oid
  readonly value: string
}

/** One attribute as it was read; `string` is the tag of its value. */
export interface NameAttribute extends Attribute {
  readonly string: number
}

/** A distinguished name: its exact bytes, and what they say, most significant part first. */
export interface Name {
  readonly der: Uint8Array
  readonly rdns: readonly (readonly NameAttribute[])[]
}

/** X.520 and RFC 5280 appendix A: attributes whose string type is not free. */
const fixedStringTypes = new Map<Oid, StringTag>([
  [attributeTypes.countryName, tag.printableString],
  [attributeTypes.serialNumber, tag.printableString],
  [attributeTypes.dnQualifier, tag.printableString],
  [attributeTypes.emailAddress, tag.ia5String],
  [attributeTypes.domainComponent, tag.ia5String],
])

const stringTypes: readonly StringTag[] = [tag.utf8String, tag.printableString, tag.ia5String]
const directoryStringTypes: readonly StringTag[] = [tag.utf8String, tag.printableString]

/** Attributes of a type that is a DirectoryString. */
const directoryStrings = new Set<Oid>(
  Object.values(attributeTypes).filter((type) => !fixedStringTypes.has(type)),
)

/**
 * RFC 5280 4.1.2.4: PrintableString or UTF8String. IA5String too where the type is a stranger; Teletex-, BMP- and
 * UniversalString nowhere, and nothing that is no string: OpenSSL refuses that as well.
 */
export function stringTypesOf(type: Oid): readonly StringTag[] {
  const fixed = fixedStringTypes.get(type)
  if (fixed !== undefined) return [fixed]
  return directoryStrings.has(type) ? directoryStringTypes : stringTypes
}

/** Far beyond any name that is met; comparing two costs its square at worst. */
const maxAttributes = 100
const tooMany = `at most ${maxAttributes} attributes`

/** @throws FormatError, `string-type-wrong` among others */
export function parseName(der: Uint8Array): Name {
  return readDer(der, limits.certificate, readName)
}

/** Reads a Name; `der` of the result is a view. */
export function readName(reader: DerReader): Name {
  const start = reader.offset
  let attributes = 0
  const readOne = (set: DerReader) => {
    if (++attributes > maxAttributes) throw new FormatError('too-many', set.offset, tooMany)
    return readAttribute(set)
  }
  const rdns = reader.sequenceOf((rdn) => rdn.setOf(readOne), true)
  return { der: reader.since(start), rdns }
}

/** Reads one RelativeDistinguishedName's attribute. */
function readAttribute(set: DerReader): NameAttribute {
  const pair = set.sequence()
  const attribute = readNameValue(pair, pair.oid())
  pair.end()
  return attribute
}

/** Reads the value that stands after an attribute's type. */
export function readNameValue(pair: DerReader, type: Oid): NameAttribute {
  const string = pair.peek()
  return { type, value: readValue(pair, type, string), string }
}

/** Writes the value alone, in the string type in which it was read. */
export function writeNameValue(writer: DerWriter, { value, string }: NameAttribute): void {
  const found = stringTypes.find((one) => one === string)
  if (found === undefined) throw new FormatError('string-type-wrong', 0)
  writer.text(value, found)
}

function readValue(pair: DerReader, type: Oid, string: number): string {
  const start = pair.offset
  const found = stringTypesOf(type).find((one) => one === string)
  if (found === undefined) throw new FormatError('string-type-wrong', start)
  const value = pair.text(found)
  if (value === '') throw new FormatError('value-not-allowed', start, 'empty attribute value')
  return value
}

/**
 * Builds a name: the string type that the attribute's definition fixes, else PrintableString where it can, else
 * UTF8String (RFC 5280 4.1.2.4).
 *
 * @param rdns most significant part first
 * @throws FormatError, offset 0: `string-characters`, `too-many`, `too-large`, or `value-not-allowed` for an empty
 * value or part
 */
export function encodeName(rdns: readonly (readonly Attribute[])[]): Name {
  if (rdns.some((rdn) => rdn.length === 0 || rdn.some(({ value }) => value === '')))
    throw new FormatError('value-not-allowed', 0, 'empty part of a name')
  if (rdns.flat().length > maxAttributes) throw new FormatError('too-many', 0, tooMany)
  const der = encodeDer((writer) => {
    writer.sequence(() => {
      for (const rdn of rdns) {
        const [first, ...more] = rdn
        if (first !== undefined && more.length === 0)
          writer.constructed(tag.set, () => writeAttribute(writer, first))
        else writer.setOf(rdn.map((one) => encodeDer((inner) => writeAttribute(inner, one))))
      }
    })
  })
  return parseName(der)
}

function writeAttribute(writer: DerWriter, attribute: Attribute): void {
  writer.sequence(() => {
    writer.oid(attribute.type)
    writer.text(attribute.value, fixedStringTypes.get(attribute.type) ?? bestType(attribute.value))
  })
}

function bestType(value: string): StringTag {
  return isPrintable(value) ? tag.printableString : tag.utf8String
}

/** RFC 4514 text: the last part first, escaped, types by their short names. */
export function formatName(name: Name): string {
  return formatRdns(name.rdns)
}

/**
 * Reads RFC 4514 text: `CN=PUMP-0001,O=Example`, `+` within a part, escapes; no `#` hexadecimal.
 *
 * @throws FormatError `text-malformed` with the offset in characters, or what `encodeName` throws
 */
export function parseNameText(text: string): Name {
  return encodeName(parseRdns(text))
}

/** The value of the first attribute of this type, from the most significant part on. */
export function attributeOf(name: Name, type: Oid): string | undefined {
  for (const rdn of name.rdns)
    for (const attribute of rdn) if (attribute.type === type) return attribute.value
  return undefined
}

/** Whether two names are the same name: RFC 5280 7.1 (case, inner and outer spaces, string type do not matter). */
export function sameName(left: Name, right: Name): boolean {
  if (sameBytes(left.der, right.der)) return true
  if (left.rdns.length !== right.rdns.length) return false
  return left.rdns.every((rdn, index) => sameRdn(rdn, right.rdns[index]!))
}

/** Whether two parts hold matching attributes, in any order. */
export function sameRdn(left: readonly NameAttribute[], right: readonly NameAttribute[]): boolean {
  if (left.length !== right.length) return false
  const rest = [...right]
  return left.every((attribute) => {
    const found = rest.findIndex(
      (other) => other.type === attribute.type && sameAttributeValue(other.value, attribute.value),
    )
    if (found === -1) return false
    rest.splice(found, 1)
    return true
  })
}
