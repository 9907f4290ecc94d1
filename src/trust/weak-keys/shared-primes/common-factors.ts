// SPDX-License-Identifier: Apache-2.0
import { greatestCommonDivisor } from './greatest-common-divisor.ts'
import type { Pace, ProductTree } from './product-tree.ts'
import { eachRemainder } from './remainders.ts'

/** A modulus that shares something. Whoever has the divisor has the private key: it stays in memory. */
export interface Hit {
  readonly position: number
  readonly divisor: bigint
}

/**
 * The moduli of a tree that have a factor in common with each other, or with any of other moduli.
 *
 * The divisor is what a modulus shares with all of them together: one prime mostly, the whole modulus if both are
 * shared, or if it is there twice.
 *
 * @param others the product of the other moduli, or its remainder by that of the tree; 1n: there are none
 */
export function findHits(tree: ProductTree, others: bigint, pace: Pace): Hit[] {
  const hits: Hit[] = []
  const { root, derivative } = tree
  const dividend = (derivative % root.value) * (others % root.value)
  eachRemainder(tree, dividend, pace, (position, remainder) => {
    const divisor = greatestCommonDivisor(tree.moduli[position]!, remainder)
    if (divisor !== 1n) hits.push({ position, divisor })
  })
  return hits
}

/** The positions of moduli that have a factor in common with a number. */
export function positionsSharing(tree: ProductTree, factors: bigint, pace: Pace): number[] {
  const positions: number[] = []
  eachRemainder(tree, factors, pace, (position, remainder) => {
    if (greatestCommonDivisor(tree.moduli[position]!, remainder) !== 1n) positions.push(position)
  })
  return positions
}
