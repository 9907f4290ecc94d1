// SPDX-License-Identifier: Apache-2.0
/**
 * The suffixes of a sequence in ascending order, in linear time: SA-IS (Nong, Zhang, Chan, "Two Efficient Algorithms
 * for Linear Time Suffix Array Construction", 2011). The end of the sequence is less than every value.
 *
 * @param alphabet values are below it
 * @returns where each suffix starts
 */
export function suffixArray(text: Uint8Array | Int32Array, alphabet: number): Int32Array {
  if (text.length < 2) return new Int32Array(text.length)
  const types = typesOf(text)
  const starts = leftmostOf(types)
  const buckets = new Buckets(text, alphabet)
  const order = new Int32Array(text.length)
  induce(order, text, types, buckets, starts)
  if (starts.length > 1)
    induce(order, text, types, buckets, sortedStarts(order, text, types, starts))
  return order
}

/** 1: the suffix is less than the next one ("S"); 0: it is greater ("L"). */
function typesOf(text: Uint8Array | Int32Array): Uint8Array {
  const types = new Uint8Array(text.length)
  for (let at = text.length - 2; at >= 0; at--) {
    const [here, next] = [text[at]!, text[at + 1]!]
    types[at] = here === next ? types[at + 1]! : Number(here < next)
  }
  return types
}

function isLeftmost(types: Uint8Array, at: number): boolean {
  return at > 0 && types[at] === 1 && types[at - 1] === 0
}

/** Where a run of S begins after an L ("LMS"), in the order of the text. */
function leftmostOf(types: Uint8Array): Int32Array {
  let count = 0
  for (let at = 1; at < types.length; at++) if (isLeftmost(types, at)) count++
  const starts = new Int32Array(count)
  for (let at = 1, next = 0; at < types.length; at++) if (isLeftmost(types, at)) starts[next++] = at
  return starts
}

/** Where the suffixes that begin with a value stand in the order. */
class Buckets {
  readonly #ends: Int32Array
  readonly #work: Int32Array

  constructor(text: Uint8Array | Int32Array, alphabet: number) {
    this.#ends = new Int32Array(alphabet)
    this.#work = new Int32Array(alphabet)
    for (const value of text) this.#ends[value]!++
    for (let value = 1; value < alphabet; value++) this.#ends[value]! += this.#ends[value - 1]!
  }

  /** A cursor for each value, just behind its bucket. */
  fromEnds(): Int32Array {
    this.#work.set(this.#ends)
    return this.#work
  }

  /** A cursor for each value, at the front of its bucket. */
  fromFronts(): Int32Array {
    this.#work[0] = 0
    this.#work.set(this.#ends.subarray(0, -1), 1)
    return this.#work
  }
}

/** Puts the given starts at the ends of their buckets, and derives all others from them. */
function induce(
  order: Int32Array,
  text: Uint8Array | Int32Array,
  types: Uint8Array,
  buckets: Buckets,
  starts: Int32Array,
): void {
  const length = text.length
  order.fill(-1)
  const ends = buckets.fromEnds()
  for (let index = starts.length - 1; index >= 0; index--) {
    const start = starts[index]!
    order[--ends[text[start]!]!] = start
  }
  const fronts = buckets.fromFronts()
  order[fronts[text[length - 1]!]!++] = length - 1
  for (let index = 0; index < length; index++) {
    const before = order[index]! - 1
    if (before >= 0 && types[before] === 0) order[fronts[text[before]!]!++] = before
  }
  const back = buckets.fromEnds()
  for (let index = length - 1; index >= 0; index--) {
    const before = order[index]! - 1
    if (before >= 0 && types[before] === 1) order[--back[text[before]!]!] = before
  }
}

/** The starts in the order of their suffixes: named by what lies between them, then sorted as a shorter text. */
function sortedStarts(
  order: Int32Array,
  text: Uint8Array | Int32Array,
  types: Uint8Array,
  starts: Int32Array,
): Int32Array {
  // Starts are at least two apart, so that half of the place is enough to look a start's number up.
  const numberOf = new Int32Array((text.length >> 1) + 1)
  for (let index = 0; index < starts.length; index++) numberOf[starts[index]! >> 1] = index
  const names = new Int32Array(starts.length)
  let name = -1
  let previous = -1
  for (const start of order) {
    if (!isLeftmost(types, start)) continue
    const index = numberOf[start >> 1]!
    if (previous === -1 || !isSamePiece(text, starts, previous, index)) name++
    names[index] = name
    previous = index
  }
  const shorter = suffixArray(names, name + 1)
  return shorter.map((index) => starts[index]!)
}

/** Whether the text from one start to the next, the next included, is the same at both. */
function isSamePiece(
  text: Uint8Array | Int32Array,
  starts: Int32Array,
  left: number,
  right: number,
): boolean {
  const [leftAt, rightAt] = [starts[left]!, starts[right]!]
  const [leftEnd, rightEnd] = [starts[left + 1], starts[right + 1]]
  // The last piece runs to the end of the text, which no other piece does.
  if (leftEnd === undefined || rightEnd === undefined || leftEnd - leftAt !== rightEnd - rightAt)
    return false
  for (let offset = 0; offset <= leftEnd - leftAt; offset++)
    if (text[leftAt + offset] !== text[rightAt + offset]) return false
  return true
}

/**
 * How many values each suffix has in common with the one before it in the order, from the front; the first: 0.
 * Kasai and others, "Linear-Time Longest-Common-Prefix Computation in Suffix Arrays", 2001.
 */
export function commonPrefixes(text: Uint8Array, order: Int32Array): Int32Array {
  const length = text.length
  const rank = new Int32Array(length)
  for (let index = 0; index < length; index++) rank[order[index]!] = index
  const common = new Int32Array(length)
  for (let at = 0, same = 0; at < length; at++) {
    const index = rank[at]!
    if (index === 0) {
      same = 0
      continue
    }
    const other = order[index - 1]!
    while (at + same < length && other + same < length && text[at + same] === text[other + same])
      same++
    common[index] = same
    if (same > 0) same--
  }
  return common
}
