// SPDX-License-Identifier: Apache-2.0
/** What is put into a flattened devicetree: nodes, and the names that they need. */
import { concatBytes } from '#format/bytes.ts'
import { type FdtHeader, fdtAligned, fdtHeaderOctets, fdtTokens } from './fdt.ts'

/** A value as it stands in a tree: text, numbers of 32 bits, octets. */
export type FdtValue = string | readonly string[] | readonly number[] | Uint8Array

export interface NewFdtNode {
  readonly name: string
  readonly properties: readonly (readonly [string, FdtValue])[]
  readonly children?: readonly NewFdtNode[]
}

const encoder = new TextEncoder()

/** The block of strings of a tree, which grows by the names that it does not have. */
export class FdtStrings {
  readonly #before: Uint8Array
  readonly #added: Uint8Array[] = []
  readonly #places = new Map<string, number>()
  #size: number

  constructor(before: Uint8Array) {
    this.#before = before
    this.#size = before.length
    for (let at = 0; at < before.length; ) {
      const end = before.indexOf(0, at)
      if (end < 0) break
      this.#places.set(new TextDecoder().decode(before.subarray(at, end)), at)
      at = end + 1
    }
  }

  /** Where the name lies; whole names alone, never the end of another, which some readers do not expect. */
  placeOf(name: string): number {
    const known = this.#places.get(name)
    if (known !== undefined) return known
    const at = this.#size
    const octets = encoder.encode(`${name}\0`)
    this.#added.push(octets)
    this.#places.set(name, at)
    this.#size += octets.length
    return at
  }

  get size(): number {
    return this.#size
  }

  encode(): Uint8Array {
    return concatBytes([this.#before, ...this.#added])
  }
}

/** The tokens of a node with all that is in it. */
export function encodeFdtNode(node: NewFdtNode, strings: FdtStrings): Uint8Array {
  return concatBytes([
    words(fdtTokens.beginNode),
    padded(encoder.encode(`${node.name}\0`)),
    ...node.properties.map(([name, value]) => encodeProperty(name, value, strings)),
    ...(node.children ?? []).map((child) => encodeFdtNode(child, strings)),
    words(fdtTokens.endNode),
  ])
}

function encodeProperty(name: string, value: FdtValue, strings: FdtStrings): Uint8Array {
  const octets = encodeFdtValue(value)
  const head = words(fdtTokens.property, octets.length, strings.placeOf(name))
  return concatBytes([head, padded(octets)])
}

export function encodeFdtValue(value: FdtValue): Uint8Array {
  if (value instanceof Uint8Array) return value
  if (typeof value === 'string') return encoder.encode(`${value}\0`)
  return isNumbers(value)
    ? words(...value)
    : encoder.encode(value.map((text) => `${text}\0`).join(''))
}

function isNumbers(value: readonly (string | number)[]): value is readonly number[] {
  return value.every((one) => typeof one === 'number')
}

/** The header of version 17. @see Devicetree Specification 0.4, section 5.2 */
export function encodeFdtHeader(
  header: FdtHeader & { readonly reservedOffset: number; readonly bootCpu: number },
): Uint8Array {
  const { totalSize, structOffset, stringsOffset, reservedOffset, bootCpu } = header
  const octets = words(
    ...[0xd00d_feed, totalSize, structOffset, stringsOffset, reservedOffset, 17, 16],
    ...[bootCpu, header.stringsSize, header.structSize],
  )
  if (octets.length !== fdtHeaderOctets) throw new TypeError('a header of ten numbers')
  return octets
}

function padded(octets: Uint8Array): Uint8Array {
  const whole = new Uint8Array(fdtAligned(octets.length))
  whole.set(octets)
  return whole
}

function words(...values: readonly number[]): Uint8Array {
  const octets = new Uint8Array(4 * values.length)
  const view = new DataView(octets.buffer)
  for (const [index, value] of values.entries()) view.setUint32(4 * index, value)
  return octets
}
