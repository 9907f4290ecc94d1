// SPDX-License-Identifier: Apache-2.0
/** The flattened devicetree, Devicetree Specification 0.4, chapter 5. */
import type { ByteSource } from '#format/archive/byte-source.ts'
import { nameOf, readExactly, u32be, untilZero } from '#format/archive/fields.ts'
import { FormatError } from '#format/format-error.ts'

export interface FdtHeader {
  /** Of the whole of it, in octets. */
  readonly totalSize: number
  readonly structOffset: number
  readonly structSize: number
  readonly stringsOffset: number
  readonly stringsSize: number
}

/** A value by its place; `bytes` are there where it is short, a copy. */
export interface FdtProperty {
  readonly name: string
  readonly offset: number
  readonly length: number
  readonly bytes: Uint8Array | undefined
  /** Of its name, in the block of strings. */
  readonly nameAt: number
}

export interface FdtNode {
  readonly name: string
  readonly properties: ReadonlyMap<string, FdtProperty>
  readonly children: readonly FdtNode[]
  /** Of the token that begins it. */
  readonly from: number
  /** Where its name has ended. */
  readonly bodyFrom: number
  /** Behind the token that ends it. */
  readonly to: number
}

export interface Fdt {
  readonly header: FdtHeader
  readonly root: FdtNode
  /** Tokens that say nothing: what was taken out without moving the rest. */
  readonly nothings: number
}

export const fdtHeaderOctets = 40
const magic = 0xd00d_feed
const limits = {
  /** A FIT has four levels, boards up to a dozen. */
  depth: 64,
  /** A large board has some 30,000 nodes and properties. */
  values: 262_144,
  stringsOctets: 1_048_576,
  nameOctets: 256,
  /** Longer values are told by their place alone: they are whole images. */
  valueOctets: 4_096,
}
export const fdtTokens = { beginNode: 1, endNode: 2, property: 3, nothing: 4, end: 9 }

/** @throws FormatError */
export function parseFdtHeader(bytes: Uint8Array): FdtHeader {
  if (bytes.length < fdtHeaderOctets)
    throw new FormatError('truncated', bytes.length, 'a header of a devicetree')
  if (u32be(bytes, 0) !== magic) throw new FormatError('value-not-allowed', 0, 'no devicetree')
  const header = {
    totalSize: u32be(bytes, 4),
    structOffset: u32be(bytes, 8),
    stringsOffset: u32be(bytes, 12),
    stringsSize: u32be(bytes, 32),
    structSize: u32be(bytes, 36),
  }
  // Version 17 has been written since 2006; readers of 16 can read it.
  if (u32be(bytes, 20) < 17 || u32be(bytes, 24) > 17)
    throw new FormatError('version-unknown', 20, `version ${u32be(bytes, 20)}`)
  if (header.structOffset % 4 !== 0 || header.structOffset < fdtHeaderOctets)
    throw new FormatError('value-not-allowed', 8, 'where the structure begins')
  if (header.structOffset + header.structSize > header.totalSize)
    throw new FormatError('value-not-allowed', 36, 'the structure is over the end')
  if (header.stringsOffset + header.stringsSize > header.totalSize)
    throw new FormatError('value-not-allowed', 32, 'the strings are over the end')
  return header
}

/**
 * The whole tree, strictly: every token in its place, names and values within their blocks, each name once in a node.
 *
 * @throws FormatError
 */
export async function parseFdt(source: ByteSource): Promise<Fdt> {
  const header = parseFdtHeader(await source.read(0, fdtHeaderOctets))
  if (header.stringsSize > limits.stringsOctets)
    throw new FormatError('too-large', 32, `${header.stringsSize} octets of names`)
  const strings = (await readExactly(source, header.stringsOffset, header.stringsSize)).slice()
  const reader = new StructureReader(source, header, strings)
  const root = await reader.root()
  return { header, root, nothings: reader.nothings }
}

class StructureReader {
  readonly #source: ByteSource
  readonly #strings: Uint8Array
  readonly #end: number
  #at: number
  #values = 0
  nothings = 0

  constructor(source: ByteSource, header: FdtHeader, strings: Uint8Array) {
    this.#source = source
    this.#strings = strings
    this.#at = header.structOffset
    this.#end = header.structOffset + header.structSize
  }

  async root(): Promise<FdtNode> {
    await this.#expect(fdtTokens.beginNode)
    const root = await this.#node(0)
    await this.#expect(fdtTokens.end)
    return root
  }

  /** What follows the token that begins it. */
  async #node(depth: number): Promise<FdtNode> {
    if (depth > limits.depth) throw new FormatError('too-deep', this.#at, 'nodes in one another')
    const from = this.#at - 4
    const name = await this.#name()
    const bodyFrom = this.#at
    const properties = new Map<string, FdtProperty>()
    const children: FdtNode[] = []
    for (;;) {
      const at = this.#at
      const next = await this.#token()
      if (next === fdtTokens.endNode)
        return { name, properties, children, from, bodyFrom, to: this.#at }
      if (next === fdtTokens.beginNode) children.push(await this.#node(depth + 1))
      else if (next === fdtTokens.property) {
        const property = await this.#property()
        if (children.length > 0)
          throw new FormatError('value-not-allowed', at, 'a property behind a node')
        if (properties.has(property.name))
          throw new FormatError('value-not-allowed', at, `${property.name} stands twice`)
        properties.set(property.name, property)
      } else throw new FormatError('value-not-allowed', at, `token ${next}`)
    }
  }

  async #property(): Promise<FdtProperty> {
    const bytes = await this.#take(8)
    const [length, nameAt] = [u32be(bytes, 0), u32be(bytes, 4)]
    if (nameAt >= this.#strings.length)
      throw new FormatError('value-not-allowed', this.#at - 4, 'a name outside of the strings')
    const name = nameOf(untilZero(this.#strings.subarray(nameAt, nameAt + limits.nameOctets)))
    const offset = this.#at
    if (length > this.#end - offset) throw new FormatError('truncated', offset, `value of ${name}`)
    const short = length <= limits.valueOctets
    const value = short ? (await readExactly(this.#source, offset, length)).slice() : undefined
    this.#at = offset + fdtAligned(length)
    return { name, offset, length, bytes: value, nameAt }
  }

  async #name(): Promise<string> {
    const length = Math.min(limits.nameOctets, this.#end - this.#at)
    const bytes = await readExactly(this.#source, this.#at, length)
    const end = bytes.indexOf(0)
    if (end < 0) throw new FormatError('too-large', this.#at, 'the name of a node')
    const name = nameOf(bytes.subarray(0, end))
    this.#at += fdtAligned(end + 1)
    return name
  }

  async #token(): Promise<number> {
    for (;;) {
      if (this.#values++ > limits.values) throw new FormatError('too-many', this.#at, 'tokens')
      const value = u32be(await this.#take(4), 0)
      if (value !== fdtTokens.nothing) return value
      this.nothings++
    }
  }

  async #expect(wanted: number): Promise<void> {
    const at = this.#at
    const value = await this.#token()
    if (value !== wanted) throw new FormatError('value-not-allowed', at, `token ${value}`)
  }

  async #take(length: number): Promise<Uint8Array> {
    if (this.#at + length > this.#end) throw new FormatError('truncated', this.#at, 'the structure')
    const bytes = await readExactly(this.#source, this.#at, length)
    this.#at += length
    return bytes
  }
}

/** The next multiple of four. */
export function fdtAligned(length: number): number {
  return Math.ceil(length / 4) * 4
}

/** @throws FormatError if it is no number of 32 or 64 bits, or over 2^53 */
export function fdtNumber({ bytes, offset, name }: FdtProperty): number {
  if (bytes?.length === 4) return u32be(bytes, 0)
  const value = bytes?.length === 8 ? u32be(bytes, 0) * 0x1_0000_0000 + u32be(bytes, 4) : Number.NaN
  if (!Number.isSafeInteger(value)) throw new FormatError('value-not-allowed', offset, name)
  return value
}

/** All strings of a value; what does not end with a zero octet, or holds an empty one, gives undefined. */
export function fdtTexts(property: FdtProperty | undefined): readonly string[] | undefined {
  const { bytes } = property ?? {}
  if (bytes === undefined || bytes.at(-1) !== 0) return undefined
  const texts: string[] = []
  for (let at = 0; at < bytes.length; ) {
    const end = bytes.indexOf(0, at)
    if (end === at) return undefined
    texts.push(nameOf(bytes.subarray(at, end)))
    at = end + 1
  }
  return texts
}

/** The first string of a value; undefined where there is none. */
export function fdtText(property: FdtProperty | undefined): string | undefined {
  return property?.bytes === undefined ? undefined : nameOf(untilZero(property.bytes))
}
