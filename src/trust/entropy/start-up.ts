// SPDX-License-Identifier: Apache-2.0
import type { Claim } from './cutoffs.ts'
import {
  adaptiveProportionTest,
  repeatedPatternTest,
  repetitionCountTest,
  type Unhealthy,
} from './health-tests.ts'

/** How a raw source is tested before a key is made. */
export interface StartUp extends Claim {
  /** The width of a sample, 1 to 8. */
  readonly symbolBits: number
  /** Consecutive samples that are looked at: never fewer than the 1,024 of SP 800-90B section 4.3. */
  readonly samples: number
}

/** The least and the most of each number, and what stands where nobody says one. */
export const startUpBounds = {
  symbolBits: { least: 1, most: 8, usual: 8 },
  samples: { least: 1_024, most: 1_048_576, usual: 1_024 },
  alphaExponent: { least: 20, most: 40, usual: 30 },
} as const

/**
 * What is claimed where the maker claims nothing: a bit of each sample, half a bit of one that has only one. Less would
 * let more pass; more is for a maker to say who has assessed the source.
 */
export function usualClaim(symbolBits: number): number {
  return Math.min(1, symbolBits / 2)
}

/** SP 800-90B section 4.4.2: 1,024 for binary samples, else 512. */
export function windowOf(symbolBits: number): number {
  return symbolBits === 1 ? 1_024 : 512
}

/**
 * Tests samples as they come, until as many were good as the start-up asks for.
 *
 * @see SP 800-90B section 4.3
 */
export class StartUpTest {
  readonly #tests
  readonly #wanted: number
  #seen = 0

  constructor(startUp: StartUp) {
    this.#wanted = startUp.samples
    this.#tests = [
      repetitionCountTest(startUp),
      adaptiveProportionTest(startUp, windowOf(startUp.symbolBits)),
      repeatedPatternTest(startUp),
    ]
  }

  /** How many samples are still to come; the source is good once none is. */
  get missing(): number {
    return this.#wanted - this.#seen
  }

  /** The first thing that is wrong; afterwards the source is not to be used. */
  take(sample: number): Unhealthy | undefined {
    this.#seen++
    for (const test of this.#tests) {
      const wrong = test(sample)
      if (wrong !== undefined) return wrong
    }
    return undefined
  }
}
