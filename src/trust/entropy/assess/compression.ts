// SPDX-License-Identifier: Apache-2.0
import { bitsOf, type Estimate, zAlpha } from './estimate.ts'

/** Bits of a block, and blocks that fill the dictionary before any counts; step 1 and 2 of the standard. */
const blockBits = 6
const usualDictionary = 1_000

/** The factor by which the deviation of dependent distances is corrected, for blocks of six bits. */
const correction = 0.5907

/**
 * How long ago each block of six bits was seen last (Maurer's statistic). SP 800-90B section 6.3.4.
 *
 * @param dictionary another number of blocks, as the standard's example has it
 * @returns undefined where fewer than two blocks are left to be looked at
 */
export function compression(bits: Uint8Array, dictionary = usualDictionary): Estimate | undefined {
  const blocks = Math.floor(bits.length / blockBits)
  const looked = blocks - dictionary
  if (looked < 2) return undefined
  const lastSeen = new Int32Array(1 << blockBits)
  let sum = 0
  let sumOfSquares = 0
  for (let block = 1; block <= blocks; block++) {
    let value = 0
    for (let at = (block - 1) * blockBits; at < block * blockBits; at++)
      value = 2 * value + bits[at]!
    if (block > dictionary) {
      const distance = Math.log2(block - lastSeen[value]!)
      sum += distance
      sumOfSquares += distance * distance
    }
    lastSeen[value] = block
  }
  const mean = sum / looked
  const deviation = correction * Math.sqrt(Math.max(0, sumOfSquares / (looked - 1) - mean * mean))
  return compressionOf({ mean, deviation, blocks, dictionary })
}

/** The same from the mean of the logarithms of the distances. */
export function compressionOf(found: {
  readonly mean: number
  readonly deviation: number
  readonly blocks: number
  readonly dictionary?: number
}): Estimate {
  const { mean, deviation, blocks, dictionary = usualDictionary } = found
  const bound = mean - (zAlpha * deviation) / Math.sqrt(blocks - dictionary)
  const chance = chanceFor(bound, new Expected(blocks, dictionary))
  return {
    estimator: 'compression',
    bits: bitsOf(chance) / blockBits,
    facts: { mean, deviation, bound, chance },
  }
}

/** Solves X' = G(p) + (2^b - 1) G(q) for p; 2^-b where even that expects less. Step 7. */
function chanceFor(bound: number, expected: Expected): number {
  const others = 2 ** blockBits - 1
  const statistic = (chance: number) =>
    expected.logarithmAt(chance) + others * expected.logarithmAt((1 - chance) / others)
  let [low, high] = [2 ** -blockBits, 1]
  if (statistic(low) <= bound) return low
  // The statistic falls as the chance grows; doubles have no more than 53 halvings.
  for (let halving = 0; halving < 53 && high - low > Number.EPSILON; halving++) {
    const middle = (low + high) / 2
    if (statistic(middle) > bound) low = middle
    else high = middle
  }
  return (low + high) / 2
}

/** G of the standard, with its double sum over (t, u) turned into one walk. */
class Expected {
  readonly #logarithms: Float64Array
  readonly #dictionary: number

  constructor(blocks: number, dictionary: number) {
    this.#dictionary = dictionary
    this.#logarithms = Float64Array.from({ length: blocks + 1 }, (_, u) => Math.log2(u))
  }

  logarithmAt(chance: number): number {
    const logarithms = this.#logarithms
    const blocks = logarithms.length - 1
    const stays = 1 - chance
    let power = 1 // (1 - z)^(u - 1)
    let before = 0 // the sum over u < t
    let total = 0
    for (let t = 1; t <= blocks; t++) {
      const term = logarithms[t]! * power * chance
      if (t > this.#dictionary) total += before + term
      before += term * chance
      power *= stays
    }
    return total / (blocks - this.#dictionary)
  }
}
