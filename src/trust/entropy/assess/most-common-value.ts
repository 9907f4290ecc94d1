// SPDX-License-Identifier: Apache-2.0
import { bitsOf, type Estimate, upperBound } from './estimate.ts'

/** How often the commonest sample comes. SP 800-90B section 6.3.1. */
export function mostCommonValue(samples: Uint8Array): Estimate {
  const counts = new Uint32Array(256)
  for (const sample of samples) counts[sample]!++
  return mostCommonValueOf(Math.max(...counts), samples.length)
}

/** The same from the count. */
export function mostCommonValueOf(count: number, length: number): Estimate {
  const proportion = count / length
  const bound = upperBound(proportion, length)
  return {
    estimator: 'most-common-value',
    bits: bitsOf(bound),
    facts: { count, proportion, bound },
  }
}
