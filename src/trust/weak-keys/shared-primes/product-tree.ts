// SPDX-License-Identifier: Apache-2.0

/** Moduli whose products are made anew when they are needed: keeping them would double the memory for 5 % of the time. */
export const blockModuli = 64

/** Called after each step with the bits that it worked on: reports progress, and is where a thread waits or stops. */
export type Pace = (bits: number) => void

/** A number beside an upper bound of its bits, which is the sum of those of its moduli. */
export interface Product {
  readonly value: bigint
  readonly bits: number
}

/** Products of moduli by pairs, pairs of pairs and so on, from blocks of 64 moduli up to the one of them all. */
export interface ProductTree {
  readonly moduli: readonly bigint[]
  /** Blocks first; the last level has the one product of all. */
  readonly levels: readonly (readonly Product[])[]
  readonly root: Product
  /**
   * The sum over all moduli of the product of all others. Modulo one of them, every term but its own vanishes, so one
   * number of the size of the product stands for "the others" of each: squares of moduli, twice the size, as the
   * textbook has them, are not needed.
   */
  readonly derivative: bigint
}

/** @param moduli one at the least, each 2 at the least */
export function growTree(moduli: readonly bigint[], pace: Pace): ProductTree {
  let nodes: Node[] = []
  for (let from = 0; from < moduli.length; from += blockModuli)
    nodes.push(blockOf(moduli.slice(from, from + blockModuli), pace))
  const levels = [nodes.map(productOf)]
  while (nodes.length > 1) {
    nodes = pairUp(nodes, (left, right) => joined(left, right, pace))
    levels.push(nodes.map(productOf))
  }
  const [root] = nodes
  if (root === undefined) throw new RangeError('a product tree of nothing')
  return { moduli, levels, root: productOf(root), derivative: root.derivative }
}

interface Node extends Product {
  readonly derivative: bigint
}

function productOf({ value, bits }: Node): Product {
  return { value, bits }
}

function blockOf(moduli: readonly bigint[], pace: Pace): Node {
  const leaves = moduli.map((value): Node => ({ value, bits: bitsOf(value), derivative: 1n }))
  // Of two moduli the derivative is their sum: half of all multiplications would be by one.
  let nodes = pairUp(leaves, (left, right) => ({
    value: left.value * right.value,
    bits: left.bits + right.bits,
    derivative: left.value + right.value,
  }))
  while (nodes.length > 1) nodes = pairUp(nodes, (left, right) => joined(left, right, pace))
  return nodes[0]!
}

function joined(left: Node, right: Node, pace: Pace): Node {
  const bits = left.bits + right.bits
  const node = {
    value: left.value * right.value,
    bits,
    derivative: left.derivative * right.value + right.derivative * left.value,
  }
  pace(bits)
  return node
}

/** One of two neighbours; the last of an odd number stays as it is. */
export function pairUp<Item>(
  items: readonly Item[],
  join: (left: Item, right: Item) => Item,
): Item[] {
  const joined: Item[] = []
  for (let at = 0; at < items.length; at += 2) {
    const [left, right] = [items[at]!, items[at + 1]]
    joined.push(right === undefined ? left : join(left, right))
  }
  return joined
}

/** Products of one block, from the moduli themselves up. */
export function productLevels(moduli: readonly bigint[]): readonly (readonly Product[])[] {
  const levels = [moduli.map((value): Product => ({ value, bits: bitsOf(value) }))]
  for (let level = levels[0]!; level.length > 1; ) {
    level = pairUp(level, (left, right) => ({
      value: left.value * right.value,
      bits: left.bits + right.bits,
    }))
    levels.push(level)
  }
  return levels
}

/** How many bits a number has that is not negative. */
export function bitsOf(value: bigint): number {
  const digits = value.toString(16)
  return digits.length * 4 - Math.clz32(Number.parseInt(digits.charAt(0), 16)) + 28
}
