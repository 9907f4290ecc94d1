// SPDX-License-Identifier: Apache-2.0
import type { Estimate } from './estimate.ts'

/** The length of the paths of which the likeliest is looked for. */
const pathBits = 128

/** How a bit depends on the one before. SP 800-90B section 6.3.3. */
export function markov(bits: Uint8Array): Estimate | undefined {
  if (bits.length < 2) return undefined
  const pairs = [0, 0, 0, 0]
  let ones = bits[0]!
  for (let at = 1; at < bits.length; at++) {
    ones += bits[at]!
    pairs[2 * bits[at - 1]! + bits[at]!]!++
  }
  const [p00 = 0, p01 = 0, p10 = 0, p11 = 0] = pairs
  const share = (part: number, other: number) => (part + other === 0 ? 0 : part / (part + other))
  const one = ones / bits.length
  return markovOf({ one, from0To1: share(p01, p00), from1To0: share(p10, p11) })
}

/**
 * The same from the chances of a one, and of a change after each bit.
 *
 * Step 3 of the standard: the likeliest path of 128 bits stays, alternates, or does one of both after its first bit.
 */
export function markovOf(chances: {
  readonly one: number
  readonly from0To1: number
  readonly from1To0: number
}): Estimate {
  const [to0, to1] = [Math.log2(1 - chances.one), Math.log2(chances.one)]
  const [p00, p01] = [Math.log2(1 - chances.from0To1), Math.log2(chances.from0To1)]
  const [p10, p11] = [Math.log2(chances.from1To0), Math.log2(1 - chances.from1To0)]
  const likeliest = Math.max(
    to0 + (pathBits - 1) * p00,
    to0 + (pathBits / 2) * p01 + (pathBits / 2 - 1) * p10,
    to0 + p01 + (pathBits - 2) * p11,
    to1 + p10 + (pathBits - 2) * p00,
    to1 + (pathBits / 2) * p10 + (pathBits / 2 - 1) * p01,
    to1 + (pathBits - 1) * p11,
  )
  return {
    estimator: 'markov',
    bits: Math.min(Math.max(0, -likeliest / pathBits), 1),
    facts: { ...chances, likeliest: 2 ** likeliest },
  }
}
