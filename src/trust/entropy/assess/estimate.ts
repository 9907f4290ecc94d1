// SPDX-License-Identifier: Apache-2.0

/** The estimators of SP 800-90B section 6.3 that are here, by their sections. */
export const estimators = {
  'most-common-value': '6.3.1',
  collision: '6.3.2',
  markov: '6.3.3',
  compression: '6.3.4',
  't-tuple': '6.3.5',
  'longest-repeated-substring': '6.3.6',
} as const

export type EstimatorName = keyof typeof estimators

/** What one estimator makes of a sequence. */
export interface Estimate {
  readonly estimator: EstimatorName
  /** Bits of min-entropy of a sample: at most so much, for a real assessment is the least of more estimators. */
  readonly bits: number
  /** What it found on its way, for who compares with another program. */
  readonly facts: Readonly<Record<string, number>>
}

/** The 99.5th percentile of the normal distribution, as the standard rounds it. */
export const zAlpha = 2.576

/** The upper bound of a proportion at 99 % confidence: steps that three estimators share. */
export function upperBound(proportion: number, length: number): number {
  return Math.min(
    1,
    proportion + zAlpha * Math.sqrt((proportion * (1 - proportion)) / (length - 1)),
  )
}

/** Bits of min-entropy where the likeliest sample comes with this chance; never a negative zero. */
export function bitsOf(chance: number): number {
  return Math.max(0, -Math.log2(chance))
}
