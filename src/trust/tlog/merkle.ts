// SPDX-License-Identifier: Apache-2.0
import { concatBytes } from '#format/bytes.ts'
import { sha256 } from '../digest.ts'

/** The prefixes that keep a leaf from being taken for a node. RFC 9162 section 2.1.1. */
const leafPrefix = 0
const nodePrefix = 1

/** The hash of a tree without leaves: SHA-256 of nothing. */
export const emptyTreeHash: Uint8Array = sha256(new Uint8Array())

/** SHA-256(0x00 || entry): what stands for a log entry in the tree. RFC 9162 section 2.1.1. */
export function leafHash(entry: Uint8Array): Uint8Array {
  return sha256(concatBytes([Uint8Array.of(leafPrefix), entry]))
}

/** SHA-256(0x01 || left || right). RFC 9162 section 2.1.1. */
export function nodeHash(left: Uint8Array, right: Uint8Array): Uint8Array {
  if (left.length !== 32 || right.length !== 32)
    return sha256(concatBytes([Uint8Array.of(nodePrefix), left, right]))
  node.set(left, 1)
  node.set(right, 33)
  return sha256(node)
}

/** Where the children of a node are laid side by side: thousands of them are hashed a second. */
const node = Uint8Array.of(nodePrefix, ...new Uint8Array(64))

/**
 * What the log holds of an event: SHA-256(salt || bytes), the log entry of 32 bytes.
 *
 * The salt, 32 random bytes, keeps the body secret from whoever sees the public tiles, also after
 * body and salt are erased.
 */
export function commitmentOf(salt: Uint8Array, bytes: Uint8Array): Uint8Array {
  return sha256(concatBytes([salt, bytes]))
}

/**
 * The hash of a tree over these hashes, taken as leaf hashes or as roots of full subtrees of one
 * size; the last may be of a smaller subtree. RFC 9162 section 2.1.1, MTH.
 */
export function treeHash(hashes: readonly Uint8Array[]): Uint8Array {
  const tree = new TreeAccumulator()
  for (const hash of hashes) tree.append(hash)
  return tree.root()
}

/**
 * Computes the tree hash of leaves that pass by one after another, with memory for one hash a level.
 *
 * It holds the roots of the full subtrees that the tree splits into, largest first: one for each bit
 * of its size.
 */
export class TreeAccumulator {
  readonly #subtrees: Uint8Array[] = []
  #size = 0

  get size(): number {
    return this.#size
  }

  append(hash: Uint8Array): void {
    let subtree = hash
    for (let rest = this.#size; rest % 2 === 1; rest = (rest - 1) / 2) {
      subtree = nodeHash(this.#subtrees.pop()!, subtree)
    }
    this.#subtrees.push(subtree)
    this.#size++
  }

  /** The tree hash over what was appended so far. */
  root(): Uint8Array {
    return (
      this.#subtrees.reduceRight<Uint8Array | undefined>(
        (right, left) => (right === undefined ? left : nodeHash(left, right)),
        undefined,
      ) ?? emptyTreeHash
    )
  }
}
