// SPDX-License-Identifier: Apache-2.0

/** So far from its mean, in deviations, a statistic of good chance does not go in any file that is ever made. */
const mostDeviations = 6

/** Words that are expected in each cell, at the least, for the statistic to mean something. */
const leastInCell = 5

/**
 * Whether nothing tells these bits from perfect chance: all words of 8 bits equally common, and of 16 where there
 * are enough bits, at both halves of an octet.
 *
 * Raw noise leans somewhere. What leans nowhere has passed a conditioner, or a cipher; of such output no estimate says
 * anything of the noise behind it, for even a counter that is encrypted looks so.
 *
 * @returns undefined where there are too few bits to tell
 */
export function looksConditioned(bits: Uint8Array): boolean | undefined {
  if (!isEnough(bits, 8)) return undefined
  const widths = isEnough(bits, 16) ? [8, 16] : [8]
  return widths.every((width) => [0, width / 2].every((from) => isEven(bits, from, width)))
}

function isEnough(bits: Uint8Array, width: number): boolean {
  return bits.length / width >= leastInCell * 2 ** width
}

/** Pearson's statistic against the even distribution, far from its mean on neither side. */
function isEven(bits: Uint8Array, from: number, width: number): boolean {
  const counts = new Float64Array(2 ** width)
  let words = 0
  for (let at = from; at + width <= bits.length; at += width) {
    let word = 0
    for (let bit = at; bit < at + width; bit++) word = 2 * word + bits[bit]!
    counts[word]!++
    words++
  }
  const expected = words / counts.length
  let statistic = 0
  for (const count of counts) statistic += (count - expected) ** 2 / expected
  const freedom = counts.length - 1
  return Math.abs(statistic - freedom) / Math.sqrt(2 * freedom) < mostDeviations
}
