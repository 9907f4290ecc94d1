// SPDX-License-Identifier: Apache-2.0
import { FormatError } from '#format/format-error.ts'

declare const oidBrand: unique symbol

/** An object identifier in dotted form, well-formed. */
export type Oid = string & { readonly [oidBrand]: true }

interface Known {
  readonly oid: Oid
  readonly content: Uint8Array
}

/** Those written down in the code: found without building a string. Strangers never enter, so it cannot grow. */
const knownByText = new Map<string, Known>()
const knownByHash = new Map<number, Known[]>()

/** An object identifier that the code names. For constants only: it is remembered for ever. */
export function oid(text: string): Oid {
  const known = knownByText.get(text)
  if (known !== undefined) return known.oid
  const made = { oid: parseOidText(text), content: encodeArcs(text) }
  knownByText.set(text, made)
  const hash = hashOf(made.content, 0, made.content.length)
  const bucket = knownByHash.get(hash)
  if (bucket === undefined) knownByHash.set(hash, [made])
  else bucket.push(made)
  return made.oid
}

/** The longest content that is read, so that a stranger cannot make us compute with huge numbers. */
const maxContentBytes = 128

/** @throws FormatError `oid-malformed` if the text is not a dotted object identifier */
export function parseOidText(text: string): Oid {
  if (!/^[0-2](\.(0|[1-9]\d{0,38})){1,32}$/.test(text))
    throw new FormatError('oid-malformed', 0, 'not dotted numbers')
  const [first, second] = text.split('.', 2)
  if (first !== '2' && Number(second) > 39)
    throw new FormatError('oid-malformed', 0, `second arc ${second}, at most 39 under ${first}`)
  if (encodeArcs(text).length > maxContentBytes)
    throw new FormatError('oid-malformed', 0, 'too long')
  return text as Oid
}

/** The content octets of X.690 8.19; to be read only, it may be shared. */
export function oidContent(value: Oid): Uint8Array {
  return knownByText.get(value)?.content ?? encodeArcs(value)
}

/**
 * Reads content octets, X.690 8.19.
 *
 * @throws FormatError `oid-malformed` if an arc is padded, unfinished or absent
 */
export function readOidContent(bytes: Uint8Array, start: number, end: number): Oid {
  const bucket = knownByHash.get(hashOf(bytes, start, end))
  if (bucket !== undefined)
    for (const known of bucket) if (equalsAt(known.content, bytes, start, end)) return known.oid
  return decodeArcs(bytes, start, end)
}

function hashOf(bytes: Uint8Array, start: number, end: number): number {
  let hash = end - start
  for (let index = start; index < end; index++) hash = (hash * 31 + bytes[index]!) | 0
  return hash
}

function equalsAt(content: Uint8Array, bytes: Uint8Array, start: number, end: number): boolean {
  if (content.length !== end - start) return false
  for (let index = 0; index < content.length; index++)
    if (content[index] !== bytes[start + index]) return false
  return true
}

/**
 * Checks content octets, X.690 8.19, without making a string of them.
 *
 * @throws FormatError `oid-malformed` if an arc is padded, unfinished or absent
 */
export function checkOidContent(bytes: Uint8Array, start: number, end: number): void {
  if (start === end) throw new FormatError('oid-malformed', start, 'empty')
  if (end - start > maxContentBytes) throw new FormatError('oid-malformed', start, 'too long')
  let isFirst = true
  for (let index = start; index < end; index++) {
    const octet = bytes[index]!
    if (isFirst && octet === 0x80) throw new FormatError('oid-malformed', index, 'padded arc')
    isFirst = octet < 0x80
  }
  if (!isFirst) throw new FormatError('oid-malformed', end, 'unfinished arc')
}

function decodeArcs(bytes: Uint8Array, start: number, end: number): Oid {
  checkOidContent(bytes, start, end)
  const arcs: bigint[] = []
  let arc = 0n
  for (const octet of bytes.subarray(start, end)) {
    arc = (arc << 7n) | BigInt(octet & 0x7f)
    if (octet >= 0x80) continue
    arcs.push(arc)
    arc = 0n
  }
  const [joined = 0n, ...rest] = arcs
  const first = joined < 40n ? 0n : joined < 80n ? 1n : 2n
  return [first, joined - first * 40n, ...rest].join('.') as Oid
}

function encodeArcs(text: string): Uint8Array {
  const [first = 0n, second = 0n, ...rest] = text.split('.').map(BigInt)
  const octets: number[] = []
  for (const arc of [first * 40n + second, ...rest]) {
    const reversed = [Number(arc & 0x7fn)]
    for (let high = arc >> 7n; high > 0n; high >>= 7n) reversed.push(Number(high & 0x7fn) | 0x80)
    octets.push(...reversed.reverse())
  }
  return Uint8Array.from(octets)
}
