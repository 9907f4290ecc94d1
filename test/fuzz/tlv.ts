// SPDX-License-Identifier: Apache-2.0
/** A tree of TLV values that can be changed and written again with lengths that fit, or wilfully do not. */

export interface Node {
  tag: number
  /** Bytes before the children: the unused-bits octet of a BIT STRING that wraps a value. */
  prefix: Uint8Array
  children: Node[] | undefined
  content: Uint8Array
  length: 'minimal' | 'long' | 'indefinite' | 'too-great' | 'five-octets'
  /** How often the value is written, one after the other. */
  times: number
}

/** All values that stand one after the other in `bytes`, or undefined if that is not what they are. */
export function parseForest(bytes: Uint8Array, depth = 0): Node[] | undefined {
  const nodes: Node[] = []
  let at = 0
  while (at < bytes.length) {
    const tag = bytes[at++]!
    let length = bytes[at++] ?? 0x80
    if ((tag & 0x1f) === 0x1f || tag === 0 || length === 0x80 || length > 0x84) return undefined
    if (length > 0x80) {
      const octets = bytes.subarray(at, at + (length & 0x7f))
      at += octets.length
      length = octets.reduce((sum, octet) => sum * 256 + octet, 0)
    }
    if (at + length > bytes.length) return undefined
    nodes.push(nodeOf(tag, bytes.subarray(at, at + length), depth))
    at += length
  }
  return nodes
}

const none = new Uint8Array()

function nodeOf(tag: number, content: Uint8Array, depth: number): Node {
  const leaf: Node = {
    tag,
    prefix: none,
    children: undefined,
    content,
    length: 'minimal',
    times: 1,
  }
  if (depth > 40) return leaf
  if ((tag & 0x20) !== 0) {
    const children = parseForest(content, depth + 1)
    return children === undefined ? leaf : { ...leaf, children, content: none }
  }
  // What an OCTET STRING or BIT STRING wraps is changed from within as well.
  const skip = tag === 0x04 ? 0 : tag === 0x03 ? 1 : -1
  const wrapped =
    skip >= 0 && content.length > skip + 1
      ? parseForest(content.subarray(skip), depth + 1)
      : undefined
  if (wrapped === undefined || wrapped.length !== 1) return leaf
  return { ...leaf, prefix: content.subarray(0, skip), children: wrapped, content: none }
}

export function copyOf(node: Node): Node {
  return { ...node, children: node.children?.map(copyOf) }
}

export interface Place {
  readonly node: Node
  readonly list: Node[]
  readonly index: number
}

/** Every node with the list that holds it. */
export function placesIn(forest: Node[], places: Place[] = []): Place[] {
  for (const [index, node] of forest.entries()) {
    places.push({ node, list: forest, index })
    if (node.children !== undefined) placesIn(node.children, places)
  }
  return places
}

export function encodeForest(forest: readonly Node[]): Uint8Array {
  return concat(forest.map(encodeNode))
}

function encodeNode(node: Node): Uint8Array {
  const content =
    node.children === undefined ? node.content : concat([node.prefix, encodeForest(node.children)])
  const end = node.length === 'indefinite' ? [0, 0] : []
  const head = Uint8Array.of(node.tag, ...lengthOf(content.length, node.length))
  const once = concat([head, content, Uint8Array.from(end)])
  return node.times === 1 ? once : concat(Array<Uint8Array>(node.times).fill(once))
}

function lengthOf(length: number, form: Node['length']): number[] {
  const octets: number[] = []
  for (let rest = length; rest > 0; rest = Math.floor(rest / 256)) octets.unshift(rest % 256)
  switch (form) {
    case 'minimal':
      return length < 0x80 ? [length] : [0x80 | octets.length, ...octets]
    case 'long':
      return [0x80 | (octets.length + 1), 0, ...octets]
    case 'indefinite':
      return [0x80]
    case 'too-great':
      return [0x84, 0x7f, 0xff, 0xff, 0xff]
    case 'five-octets':
      return [0x85, 1, 0, 0, 0, 0]
  }
}

export function concat(parts: readonly Uint8Array[]): Uint8Array {
  let length = 0
  for (const part of parts) length += part.length
  const all = new Uint8Array(length)
  let at = 0
  for (const part of parts) {
    all.set(part, at)
    at += part.length
  }
  return all
}
