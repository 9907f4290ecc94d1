// SPDX-License-Identifier: Apache-2.0
/** The health tests of SP 800-90B section 4.4, fed with one sample after the other. They keep no sample of a window. */
import { type Claim, proportionCutoff, repetitionCutoff } from './cutoffs.ts'

/** What a test found wrong. `detail` names the rule and both numbers, and never a sample: keys are made of them. */
export interface Unhealthy {
  readonly test: 'repetition-count' | 'adaptive-proportion' | 'repeated-pattern'
  readonly detail: string
}

/** Looks at one sample; undefined: nothing is wrong so far. */
export type HealthTest = (sample: number) => Unhealthy | undefined

/** Equal samples in a row: a source that is stuck. SP 800-90B section 4.4.1. */
export function repetitionCountTest(claim: Claim): HealthTest {
  const cutoff = repetitionCutoff(claim)
  let last: number | undefined
  let times = 0
  return (sample) => {
    times = sample === last ? times + 1 : 1
    last = sample
    return times < cutoff
      ? undefined
      : {
          test: 'repetition-count',
          detail: `one value came ${times} times in a row, ${cutoff} is too often`,
        }
  }
}

/** One value too often within a window: a source that leans to it. SP 800-90B section 4.4.2. */
export function adaptiveProportionTest(claim: Claim, window: number): HealthTest {
  const cutoff = proportionCutoff(claim, window)
  let first = 0
  let seen = 0
  let times = 0
  return (sample) => {
    if (seen === 0) first = sample
    if (sample === first) times++
    seen++
    if (times >= cutoff)
      return {
        test: 'adaptive-proportion',
        detail: `one value came ${times} times in ${seen} samples, ${cutoff} of ${window} is too often`,
      }
    if (seen === window) {
      seen = 0
      times = 0
    }
    return undefined
  }
}

/** The longest pattern whose repetition is looked for: a counter that is seen by its lowest octet comes again after so many. */
const longestPeriod = 256
const mask = longestPeriod - 1

/**
 * Samples that come back after 2 to 256 others, again and again: a counter, or a register that is read too fast.
 *
 * The two tests of the standard pass such a source where little is claimed of it; section 4.5 lets makers add their
 * own. This is the repetition count test over the distance instead of over neighbours, its chance shared among the
 * distances.
 */
export function repeatedPatternTest(claim: Claim): HealthTest {
  const cutoff = patternCutoff(claim)
  // No sample is negative: what was not seen yet equals none.
  const before = new Int32Array(longestPeriod).fill(-1)
  const times = new Int32Array(longestPeriod + 1)
  let at = 0
  return (sample) => {
    let found = 0
    for (let period = 2; period <= longestPeriod; period++) {
      const equal = before[(at - period) & mask] === sample
      const inARow = equal ? times[period]! + 1 : 0
      times[period] = inARow
      if (inARow >= cutoff && found === 0) found = period
    }
    before[at & mask] = sample
    at++
    return found === 0
      ? undefined
      : {
          test: 'repeated-pattern',
          detail: `${cutoff} samples in a row were those of ${found} samples before`,
        }
  }
}

/** With fewer samples than this the longest pattern could not fail, however often it came. */
export function leastForPatterns(claim: Claim): number {
  return longestPeriod + patternCutoff(claim)
}

function patternCutoff({ bitsPerSample, alphaExponent }: Claim): number {
  const shared = alphaExponent + Math.log2(longestPeriod)
  return repetitionCutoff({ bitsPerSample, alphaExponent: shared })
}
