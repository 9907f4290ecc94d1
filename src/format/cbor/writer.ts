// SPDX-License-Identifier: Apache-2.0
import { compareBytes, concatBytes, sameBytes } from '#format/bytes.ts'
import { FormatError } from '#format/format-error.ts'
import { major, simple } from './major.ts'
import { CborEncoded, CborTagged, type CborValue } from './value.ts'

/**
 * The one deterministic encoding of a value: shortest heads, definite lengths, keys of maps in the order of their
 * octets.
 *
 * @returns a fresh array
 * @throws FormatError `map-key-duplicate` if two keys of a map have the same octets
 * @throws TypeError for a number that is not whole or has more than 53 bits, or text with lone surrogates
 * @see RFC 8949 section 4.2.1
 */
export function encodeCbor(value: CborValue): Uint8Array {
  const parts: Uint8Array[] = []
  write(value, parts)
  return concatBytes(parts)
}

const encoder = new TextEncoder()

function write(value: CborValue, parts: Uint8Array[]): void {
  if (typeof value === 'number') parts.push(encodeInteger(value))
  else if (typeof value === 'string') {
    if (!value.isWellFormed()) throw new TypeError('text with half a surrogate pair')
    const text = encoder.encode(value)
    parts.push(encodeHead(major.text, text.length), text)
  } else if (value === null) parts.push(Uint8Array.of(simple.null))
  else if (typeof value === 'boolean') parts.push(Uint8Array.of(value ? simple.true : simple.false))
  else if (value instanceof Uint8Array) parts.push(encodeHead(major.bytes, value.length), value)
  else if (value instanceof CborEncoded) parts.push(value.bytes)
  else if (value instanceof CborTagged) {
    parts.push(encodeHead(major.tag, value.tag))
    write(value.value, parts)
  } else if (value instanceof Map) writeMap(value, parts)
  else if (Array.isArray(value)) {
    parts.push(encodeHead(major.array, value.length))
    for (const item of value) write(item, parts)
  } else throw new TypeError('not a value of CBOR')
}

function writeMap(map: ReadonlyMap<CborValue, CborValue>, parts: Uint8Array[]): void {
  const entries = [...map].map(([key, value]) => [encodeCbor(key), value] as const)
  entries.sort(([left], [right]) => compareBytes(left, right))
  parts.push(encodeHead(major.map, entries.length))
  let previous: Uint8Array | undefined
  for (const [key, value] of entries) {
    if (previous !== undefined && sameBytes(previous, key))
      throw new FormatError('map-key-duplicate', 0, key.toHex())
    parts.push(key)
    write(value, parts)
    previous = key
  }
}

function encodeInteger(value: number): Uint8Array {
  if (!Number.isSafeInteger(value)) throw new TypeError(`${value} is not whole, or too large`)
  return value < 0 ? encodeHead(major.negative, -1 - value) : encodeHead(major.unsigned, value)
}

/** The shortest head of this type and argument. @see RFC 8949 section 3 */
export function encodeHead(type: number, argument: number): Uint8Array {
  const first = type << 5
  if (argument < 24) return Uint8Array.of(first | argument)
  const octets = argument < 0x100 ? 1 : argument < 0x1_0000 ? 2 : argument < 0x1_0000_0000 ? 4 : 8
  const head = new Uint8Array(1 + octets)
  head[0] = first | (24 + Math.log2(octets))
  for (let index = octets, left = argument; index > 0; index--) {
    head[index] = left % 256
    left = Math.floor(left / 256)
  }
  return head
}
