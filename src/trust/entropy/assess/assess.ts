// SPDX-License-Identifier: Apache-2.0
import { collision } from './collision.ts'
import { compression } from './compression.ts'
import { type Estimate, type EstimatorName, estimators } from './estimate.ts'
import { looksConditioned } from './looks-conditioned.ts'
import { markov } from './markov.ts'
import { mostCommonValue } from './most-common-value.ts'
import { tupleEstimates } from './tuples.ts'

/** SP 800-90B section 3.1.1: an assessment takes at least so many consecutive samples. */
export const fullLength = 1_000_000

/** With fewer samples the bounds say nothing. */
export const leastLength = 100

/** Of longer strings of bits the beginning is looked at, so that memory is bounded: all bits of a million octets. */
const mostBits = 8_000_000

export interface Assessed extends Estimate {
  /** The samples as they came, or the string of their bits. */
  readonly of: 'samples' | 'bits'
  readonly section: string
}

/** The least of six estimators, as an upper bound: an assessment of the standard takes the least of ten. */
export interface Assessment {
  readonly samples: number
  readonly symbolBits: number
  /** How many different samples there are. */
  readonly distinct: number
  readonly estimates: readonly Assessed[]
  /** Estimators that the sequence gave nothing to work on. */
  readonly without: readonly Pick<Assessed, 'of' | 'estimator'>[]
  /** The least of the samples; H_original of section 3.1.3. */
  readonly ofSamples: number
  /** The least of the bits, for one bit; H_bitstring. Undefined: the samples are bits. */
  readonly ofBits: number | undefined
  /** The min-entropy of a sample is at most this: min(H_original, n * H_bitstring). */
  readonly atMostBits: number
  /** The estimate that gave it. */
  readonly least: Pick<Assessed, 'of' | 'estimator'>
  /** Undefined: there are too few samples to tell. */
  readonly looksConditioned: boolean | undefined
}

/**
 * Estimates the min-entropy of a sample of a noise source, from its raw output.
 *
 * All six estimators look at bits; those that can look at the samples, too (section 3.1.3).
 *
 * @param samples one in each octet, below 2^symbolBits; at least `leastLength`
 * @param tell hears what is done next; a million samples take a second or two
 */
export function assess(
  samples: Uint8Array,
  symbolBits: number,
  tell: (step: string) => void = () => {},
): Assessment {
  const isBinary = symbolBits === 1
  const bits = isBinary
    ? samples
    : bitsIn(samples.subarray(0, Math.floor(mostBits / symbolBits)), symbolBits)
  const found = [
    ...look('samples', samples, isBinary, tell),
    ...(isBinary ? [] : look('bits', bits, true, tell)),
  ]
  const estimates = found.filter((one): one is Assessed => 'bits' in one)
  tell('whether it looks conditioned')
  const scaled = estimates.map((one) => ({
    one,
    atMost: one.of === 'bits' ? one.bits * symbolBits : one.bits,
  }))
  const [first] = scaled
  if (first === undefined) throw new TypeError('the most common value is always known')
  const { one: least, atMost } = scaled.reduce((a, b) => (b.atMost < a.atMost ? b : a), first)
  return {
    samples: samples.length,
    symbolBits,
    distinct: new Set(samples).size,
    estimates,
    without: found.filter((one) => !('bits' in one)),
    ofSamples: leastOf(estimates, 'samples'),
    ofBits: isBinary ? undefined : leastOf(estimates, 'bits'),
    atMostBits: atMost,
    least: { of: least.of, estimator: least.estimator },
    looksConditioned: looksConditioned(bits),
  }
}

type Found = Assessed | Pick<Assessed, 'of' | 'estimator'>

/** Looks at one sequence with all estimators that are for such; those for bits alone only where it is of bits. */
function look(
  of: Assessed['of'],
  sequence: Uint8Array,
  isBinary: boolean,
  tell: (step: string) => void,
): readonly Found[] {
  const found: Found[] = []
  const note = (estimator: EstimatorName, estimate: Estimate | undefined) =>
    found.push(
      estimate === undefined
        ? { of, estimator }
        : { of, section: estimators[estimator], ...estimate },
    )
  const next = (estimator: EstimatorName) => tell(`${estimator} of the ${of}`)
  next('most-common-value')
  note('most-common-value', mostCommonValue(sequence))
  if (isBinary) {
    next('collision')
    note('collision', collision(sequence))
    next('markov')
    note('markov', markov(sequence))
    next('compression')
    note('compression', compression(sequence))
  }
  next('t-tuple')
  const { tTuple, longestRepeated } = tupleEstimates(sequence)
  note('t-tuple', tTuple)
  note('longest-repeated-substring', longestRepeated)
  return found
}

function leastOf(estimates: readonly Assessed[], of: Assessed['of']): number {
  return Math.min(...estimates.filter((one) => one.of === of).map(({ bits }) => bits))
}

/** Each sample as its bits, the highest first. */
function bitsIn(samples: Uint8Array, symbolBits: number): Uint8Array {
  const bits = new Uint8Array(samples.length * symbolBits)
  let at = 0
  for (const sample of samples)
    for (let bit = symbolBits - 1; bit >= 0; bit--) bits[at++] = (sample >> bit) & 1
  return bits
}
