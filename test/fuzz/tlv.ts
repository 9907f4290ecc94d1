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
  const writer = new BackwardWriter()
  writeForest(writer, forest)
  return writer.written()
}

function writeForest(writer: BackwardWriter, forest: readonly Node[]): void {
  for (let index = forest.length - 1; index >= 0; index--) writeNode(writer, forest[index]!)
}

function writeNode(writer: BackwardWriter, node: Node): void {
  const before = writer.length
  if (node.length === 'indefinite') writer.put(endOfContents)
  const behind = writer.length
  if (node.children === undefined) writer.put(node.content)
  else {
    writeForest(writer, node.children)
    writer.put(node.prefix)
  }
  writeLength(writer, writer.length - behind, node.length)
  writer.putOctet(node.tag)
  if (node.times === 1) return
  const once = writer.written(before)
  for (let times = 1; times < node.times; times++) writer.put(once)
}

const endOfContents = Uint8Array.of(0, 0)
const tooGreat = Uint8Array.of(0x84, 0x7f, 0xff, 0xff, 0xff)
const fiveOctets = Uint8Array.of(0x85, 1, 0, 0, 0, 0)

function writeLength(writer: BackwardWriter, length: number, form: Node['length']): void {
  if (form === 'indefinite') writer.putOctet(0x80)
  else if (form === 'too-great') writer.put(tooGreat)
  else if (form === 'five-octets') writer.put(fiveOctets)
  else if (form === 'minimal' && length < 0x80) writer.putOctet(length)
  else {
    const before = writer.length
    for (let rest = length; rest > 0; rest = Math.floor(rest / 256)) writer.putOctet(rest % 256)
    if (form === 'long') writer.putOctet(0)
    writer.putOctet(0x80 | (writer.length - before))
  }
}

/** From the end to the beginning, so that a length is known when it is written and no octet is copied twice. */
class BackwardWriter {
  #octets = new Uint8Array(4096)
  length = 0

  putOctet(octet: number): void {
    this.#makeRoom(1)
    this.length++
    this.#octets[this.#octets.length - this.length] = octet
  }

  put(octets: Uint8Array): void {
    this.#makeRoom(octets.length)
    this.length += octets.length
    this.#octets.set(octets, this.#octets.length - this.length)
  }

  /** What stands in front of the last `behind` octets, as a copy. */
  written(behind = 0): Uint8Array {
    const { length } = this.#octets
    return this.#octets.slice(length - this.length, length - behind)
  }

  #makeRoom(more: number): void {
    if (this.length + more <= this.#octets.length) return
    const larger = new Uint8Array(Math.max(this.#octets.length * 2, this.length + more))
    larger.set(this.written(), larger.length - this.length)
    this.#octets = larger
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
