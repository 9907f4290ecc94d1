// SPDX-License-Identifier: Apache-2.0
import { compareBytes } from '#format/bytes.ts'
import type { Oid } from '#format/der/oid.ts'
import type { DerReader } from '#format/der/reader.ts'
import { tag } from '#format/der/tag.ts'
import { isPrintable, type StringTag } from '#format/der/text.ts'
import { encodeDer } from '#format/der/writer.ts'
import { FormatError } from '#format/format-error.ts'
import { stringTypesOf } from '#format/x509/name.ts'
import type { Note } from './oddities.ts'

/** String types of one octet a character, or of UTF-8. */
const octetStrings: readonly number[] = [
  tag.utf8String,
  tag.printableString,
  tag.teletexString,
  tag.ia5String,
  tag.visibleString,
]

/** A Name whose strings are of types that RFC 5280 allows, and whose parts are sorted. */
export function mendName(reader: DerReader, note: Note): Uint8Array {
  const rdns = reader.sequenceOf((rdn) => mendPart(rdn, note), true)
  return encodeDer((writer) =>
    writer.sequence(() => {
      for (const rdn of rdns) writer.raw(rdn)
    }),
  )
}

function mendPart(reader: DerReader, note: Note): Uint8Array {
  const set = reader.nonEmpty(tag.set)
  const attributes: Uint8Array[] = []
  while (set.hasMore) attributes.push(mendAttribute(set, note))
  const sorted = attributes.toSorted(compareBytes)
  if (sorted.some((attribute, index) => attribute !== attributes[index])) note('name-not-sorted')
  return encodeDer((writer) => writer.setOf(sorted))
}

function mendAttribute(set: DerReader, note: Note): Uint8Array {
  const pair = set.sequence()
  const type = pair.oid()
  const found = pair.peek()
  const value = readAnyString(pair, found)
  pair.end()
  const wanted = stringTypeFor(type, value, found)
  if (wanted !== found) note('attribute-string-type')
  return encodeDer((writer) =>
    writer.sequence(() => {
      writer.oid(type)
      writer.text(value, wanted)
    }),
  )
}

const utf8 = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true })
const latin1 = new TextDecoder('latin1')

/** What is not UTF-8 is read as Latin-1: so everybody writes Teletex. */
function readAnyString(pair: DerReader, found: number): string {
  if (found === tag.bmpString) return pair.text(tag.bmpString)
  if (!octetStrings.includes(found)) throw new FormatError('string-type-wrong', pair.offset)
  const octets = pair.octets(found)
  try {
    return utf8.decode(octets)
  } catch (error) {
    if (!(error instanceof TypeError)) throw error
    return latin1.decode(octets)
  }
}

/** The type that it has, if its attribute may have it and it holds the text; else the one that it should have. */
function stringTypeFor(type: Oid, value: string, found: number): StringTag {
  const [first, ...others] = stringTypesOf(type)
  if (others.length === 0) return first!
  const printable = isPrintable(value)
  if (found === tag.utf8String || (found === tag.printableString && printable)) return found
  if (found === tag.ia5String && others.includes(tag.ia5String) && isAscii(value)) return found
  return printable ? tag.printableString : tag.utf8String
}

function isAscii(text: string): boolean {
  for (let index = 0; index < text.length; index++) if (text.charCodeAt(index) > 0x7f) return false
  return true
}
