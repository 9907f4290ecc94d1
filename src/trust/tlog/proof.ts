// SPDX-License-Identifier: Apache-2.0
import { sameBytes } from '#format/bytes.ts'
import { emptyTreeHash, nodeHash } from './merkle.ts'

/** A tree that somebody vouches for, as a checkpoint does. */
export interface TreeHead {
  readonly size: number
  readonly root: Uint8Array
}

/**
 * Whether the leaf is the one at `index` of the tree.
 *
 * @see RFC 9162 section 2.1.3.2
 */
export function verifyInclusion(
  leaf: Uint8Array,
  index: number,
  tree: TreeHead,
  proof: readonly Uint8Array[],
): boolean {
  if (!isCount(index) || !isCount(tree.size) || index >= tree.size) return false // step 1
  let fn = index // step 2
  let sn = tree.size - 1
  let r = leaf // step 3
  for (const p of proof) {
    if (sn === 0) return false // step 4
    if (fn % 2 === 1 || fn === sn) {
      r = nodeHash(p, r)
      while (fn % 2 === 0 && fn !== 0) [fn, sn] = [half(fn), half(sn)]
    } else {
      r = nodeHash(r, p)
    }
    ;[fn, sn] = [half(fn), half(sn)]
  }
  return sn === 0 && sameBytes(r, tree.root) // step 5
}

/**
 * Whether the later tree begins with all the leaves of the earlier one, in their order.
 *
 * @see RFC 9162 section 2.1.4.2; everything continues the empty tree, by an empty proof
 */
export function verifyConsistency(
  earlier: TreeHead,
  later: TreeHead,
  proof: readonly Uint8Array[],
): boolean {
  if (!isCount(earlier.size) || !isCount(later.size) || earlier.size > later.size) return false
  if (earlier.size === 0) return proof.length === 0 && sameBytes(earlier.root, emptyTreeHash)
  if (earlier.size === later.size) {
    return proof.length === 0 && sameBytes(earlier.root, later.root)
  }
  // step 2: a full earlier tree is its own first node
  const path = isPowerOfTwo(earlier.size) ? [earlier.root, ...proof] : proof
  const [first, ...rest] = path
  if (first === undefined) return false // step 1
  let fn = earlier.size - 1 // step 3
  let sn = later.size - 1
  while (fn % 2 === 1) [fn, sn] = [half(fn), half(sn)] // step 4
  let fr = first // step 5
  let sr = first
  for (const c of rest) {
    if (sn === 0) return false // step 6
    if (fn % 2 === 1 || fn === sn) {
      fr = nodeHash(c, fr)
      sr = nodeHash(c, sr)
      while (fn % 2 === 0 && fn !== 0) [fn, sn] = [half(fn), half(sn)]
    } else {
      sr = nodeHash(sr, c)
    }
    ;[fn, sn] = [half(fn), half(sn)]
  }
  return sn === 0 && sameBytes(fr, earlier.root) && sameBytes(sr, later.root) // step 7
}

/** A right shift by one that holds beyond 32 bits. */
function half(count: number): number {
  return Math.floor(count / 2)
}

function isCount(count: number): boolean {
  return Number.isSafeInteger(count) && count >= 0
}

function isPowerOfTwo(count: number): boolean {
  return Number.isInteger(Math.log2(count))
}
