// SPDX-License-Identifier: Apache-2.0
import { bitsOf, type Estimate, zAlpha } from './estimate.ts'

/**
 * How soon a bit comes again: after two bits, or three. SP 800-90B section 6.3.2.
 *
 * @param bits 0 and 1
 * @returns undefined where fewer than two collisions are found
 */
export function collision(bits: Uint8Array): Estimate | undefined {
  let afterTwo = 0
  let afterThree = 0
  for (let at = 0; at + 1 < bits.length; ) {
    if (bits[at] === bits[at + 1]) {
      afterTwo++
      at += 2
    } else if (at + 2 < bits.length) {
      afterThree++
      at += 3
    } else break
  }
  const collisions = afterTwo + afterThree
  return collisions < 2 ? undefined : collisionOf(collisions, 2 * afterTwo + 3 * afterThree)
}

/**
 * The same from how many collisions there were, and how many bits they took together.
 *
 * For bits the equation of step 7 is X' = 2 + 2p(1 - p), since the third bit always equals one of the first two.
 */
export function collisionOf(collisions: number, bitsTaken: number): Estimate {
  const mean = bitsTaken / collisions
  const share = mean - 2
  const deviation = Math.sqrt((share * (1 - share) * collisions) / (collisions - 1))
  const bound = mean - (zAlpha * deviation) / Math.sqrt(collisions)
  const chance = bound >= 2.5 ? 0.5 : Math.min(1, 0.5 + Math.sqrt(1.25 - bound / 2))
  return {
    estimator: 'collision',
    bits: bitsOf(chance),
    facts: { collisions, mean, deviation, bound, chance },
  }
}
