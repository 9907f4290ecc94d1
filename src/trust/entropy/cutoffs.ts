// SPDX-License-Identifier: Apache-2.0
/** How often is too often: the cutoffs of the health tests, from what is claimed of a source. */

/** What is known of a noise source before it is tested. */
export interface Claim {
  /** Min-entropy that the maker claims of each sample: above 0, at most its width. */
  readonly bitsPerSample: number
  /** A sound source fails a test with a chance of 2 to the minus this: 20 to 40. */
  readonly alphaExponent: number
}

/**
 * So many equal samples in a row fail the repetition count test.
 *
 * In thousandths of a bit, as claims are kept: 21 / 0.7 is a little more than 30 in binary fractions.
 *
 * @see SP 800-90B section 4.4.1: C = 1 + ceil(-log2(alpha) / H)
 */
export function repetitionCutoff({ bitsPerSample, alphaExponent }: Claim): number {
  return 1 + Math.ceil((alphaExponent * 1_000) / Math.round(bitsPerSample * 1_000))
}

/**
 * So many samples of a window that equal its first one fail the adaptive proportion test.
 *
 * The formula can give one more than the window holds, where so little is claimed that nothing could fail; then a
 * whole window of one value does.
 *
 * @see SP 800-90B section 4.4.2: C = 1 + CRITBINOM(W, 2^-H, 1 - alpha)
 */
export function proportionCutoff({ bitsPerSample, alphaExponent }: Claim, window: number): number {
  return Math.min(1 + binomialQuantile(window, 2 ** -bitsPerSample, alphaExponent), window)
}

/**
 * The least k such that more than k of `trials` succeed with a chance of at most 2 to the minus `alphaExponent`.
 *
 * Summed from the rare end, so that a chance of 2^-40 is not lost beside one.
 */
function binomialQuantile(trials: number, chance: number, alphaExponent: number): number {
  const alpha = 2 ** -alphaExponent
  const odds = Math.log(chance) - Math.log1p(-chance)
  let logOfTerm = trials * Math.log(chance)
  let tail = 0
  for (let successes = trials; successes > 0; successes--) {
    tail += Math.exp(logOfTerm)
    if (tail > alpha) return successes
    logOfTerm += Math.log(successes) - Math.log(trials - successes + 1) - odds
  }
  return 0
}
