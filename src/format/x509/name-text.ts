// SPDX-License-Identifier: Apache-2.0
import { type Oid, parseOidText } from '#format/der/oid.ts'
import { FormatError } from '#format/format-error.ts'
import { attributeTypes } from '#format/oids.ts'
import type { Attribute } from './name.ts'

/** RFC 4514 section 3 first, then what openssl writes. */
const shortNames: readonly (readonly [string, Oid])[] = [
  ['CN', attributeTypes.commonName],
  ['L', attributeTypes.localityName],
  ['ST', attributeTypes.stateOrProvinceName],
  ['O', attributeTypes.organizationName],
  ['OU', attributeTypes.organizationalUnitName],
  ['C', attributeTypes.countryName],
  ['STREET', attributeTypes.streetAddress],
  ['DC', attributeTypes.domainComponent],
  ['UID', attributeTypes.userId],
  ['serialNumber', attributeTypes.serialNumber],
  ['title', attributeTypes.title],
  ['SN', attributeTypes.surname],
  ['GN', attributeTypes.givenName],
  ['dnQualifier', attributeTypes.dnQualifier],
  ['pseudonym', attributeTypes.pseudonym],
  ['organizationIdentifier', attributeTypes.organizationIdentifier],
  ['emailAddress', attributeTypes.emailAddress],
  ['description', attributeTypes.description],
]

const nameOfType = new Map(shortNames.map(([name, type]) => [type, name]))
const typeOfName = new Map([
  ...shortNames.map(([name, type]) => [name.toLowerCase(), type] as const),
  ...Object.entries(attributeTypes).map(([name, type]) => [name.toLowerCase(), type] as const),
])

type Rdns = readonly (readonly Attribute[])[]

/** RFC 4514 2: last part first. */
export function formatRdns(rdns: Rdns): string {
  return rdns
    .map((rdn) => rdn.map(formatAttribute).join('+'))
    .reverse()
    .join(',')
}

function formatAttribute({ type, value }: Attribute): string {
  return `${nameOfType.get(type) ?? type}=${escapeValue(value)}`
}

/** 2.4: the special characters; controls in hexadecimal, so that a log line stays one line. */
function escapeValue(value: string): string {
  return value.replace(/[\\"+,;<>]|^[ #]| $|\p{Cc}/gu, (special) =>
    special >= ' ' && special <= '~' ? `\\${special}` : escapeOctets(special),
  )
}

function escapeOctets(text: string): string {
  return new TextEncoder().encode(text).toHex().replace(/../g, '\\$&')
}

/**
 * Reads RFC 4514 text; most significant part first in the result. Spaces around `,` `+` `=` are passed over.
 *
 * @throws FormatError `text-malformed`, offset in characters
 */
export function parseRdns(text: string): Attribute[][] {
  const rdns: Attribute[][] = []
  if (text.trim() === '') return rdns
  let at = 0
  let rdn: Attribute[] = []
  for (;;) {
    const equals = text.indexOf('=', at)
    if (equals === -1) throw new FormatError('text-malformed', at, 'no "=" after the type')
    const type = parseType(text.slice(at, equals).trim(), at)
    const { value, end } = parseValue(text, equals + 1)
    rdn.push({ type, value })
    const separator = text[end]
    if (separator !== '+') {
      rdns.push(rdn)
      rdn = []
    }
    if (separator === undefined) return rdns.reverse()
    at = end + 1
  }
}

function parseType(text: string, at: number): Oid {
  const known = typeOfName.get(text.toLowerCase())
  if (known !== undefined) return known
  if (/^\d/.test(text)) return parseOidText(text)
  throw new FormatError('text-malformed', at, `unknown attribute type "${text}"`)
}

/** Reads up to an unescaped `,` or `+`, or the end; `end` is where that stands. */
function parseValue(text: string, start: number): { value: string; end: number } {
  const octets: number[] = []
  let at = start
  while (text[at] === ' ') at++
  if (text[at] === '#') throw new FormatError('text-malformed', at, 'hexadecimal is not read')
  // The length up to which spaces are the value's own: escaped ones stay.
  let kept = 0
  for (; at < text.length && text[at] !== ',' && text[at] !== '+'; at++) {
    if (text[at] === '\\') {
      at = parseEscape(text, at, octets)
      kept = octets.length
      continue
    }
    if (/["<>;]/.test(text[at]!)) throw new FormatError('text-malformed', at, 'character to escape')
    const character = String.fromCodePoint(text.codePointAt(at)!)
    octets.push(...new TextEncoder().encode(character))
    if (character !== ' ') kept = octets.length
    at += character.length - 1
  }
  return { value: decodeUtf8(octets.slice(0, kept), start), end: at }
}

/** Appends what the escape at `at` stands for; returns the place of its last character. */
function parseEscape(text: string, at: number, octets: number[]): number {
  const hex = /^[0-9a-fA-F]{2}/.exec(text.slice(at + 1, at + 3))
  if (hex !== null) {
    octets.push(Number.parseInt(hex[0], 16))
    return at + 2
  }
  const next = text[at + 1]
  if (next === undefined || !/[ "#+,;<=>\\]/.test(next))
    throw new FormatError('text-malformed', at, 'unknown escape')
  octets.push(next.charCodeAt(0))
  return at + 1
}

function decodeUtf8(octets: readonly number[], start: number): string {
  try {
    return new TextDecoder('utf-8', { fatal: true }).decode(Uint8Array.from(octets))
  } catch (error) {
    if (error instanceof TypeError) throw new FormatError('text-malformed', start, 'not UTF-8')
    throw error
  }
}
