// SPDX-License-Identifier: Apache-2.0
import { bitsOf, type Estimate, upperBound } from './estimate.ts'
import { commonPrefixes, suffixArray } from './suffix-array.ts'

/** A tuple is common if it comes at least so often: step 1 of both estimators. */
const usualCutoff = 35

/** What is known of the tuples of each length that come more than once. */
interface Repeated {
  /** How often the commonest tuple of a length comes, from length 1. */
  readonly most: Float64Array
  /** How many pairs of equal tuples of a length there are, from length 1. */
  readonly pairs: Float64Array
}

/**
 * The t-tuple estimate (6.3.5) and that of the longest repeated substring (6.3.6), from one suffix array.
 *
 * @param cutoff another than 35, as the standard's examples have it
 * @returns the second is absent where nothing that is repeated is rare
 */
export function tupleEstimates(
  samples: Uint8Array,
  cutoff = usualCutoff,
): { readonly tTuple: Estimate | undefined; readonly longestRepeated: Estimate | undefined } {
  const repeated = repeatedIn(samples)
  // The first length at which no tuple is common.
  const rare = [...repeated.most.keys()].find((n) => n > 0 && repeated.most[n]! < cutoff)
  const firstRare = rare ?? repeated.most.length
  return {
    tTuple: tTuple(repeated, firstRare - 1, samples.length),
    longestRepeated: longestRepeated(repeated, firstRare, samples.length),
  }
}

function tTuple({ most }: Repeated, longest: number, length: number): Estimate | undefined {
  if (longest < 1) return undefined
  let chance = 0
  for (let n = 1; n <= longest; n++)
    chance = Math.max(chance, (most[n]! / (length - n + 1)) ** (1 / n))
  const bound = upperBound(chance, length)
  return { estimator: 't-tuple', bits: bitsOf(bound), facts: { longest, chance, bound } }
}

function longestRepeated({ pairs }: Repeated, from: number, length: number): Estimate | undefined {
  const longest = pairs.length - 1
  if (longest < from) return undefined
  let chance = 0
  for (let n = from; n <= longest; n++)
    chance = Math.max(chance, (pairs[n]! / pairsOf(length - n + 1)) ** (1 / n))
  const bound = upperBound(chance, length)
  return {
    estimator: 'longest-repeated-substring',
    bits: bitsOf(bound),
    facts: { shortest: from, longest, chance, bound },
  }
}

function pairsOf(count: number): number {
  return (count * (count - 1)) / 2
}

/**
 * All groups of equal tuples at once: neighbours in the suffix array that have at least n values in common are the
 * places of one tuple of n. A group stands for all lengths down to that at which it joins a greater one, so that
 * each is counted once, however long the repetition.
 */
function repeatedIn(samples: Uint8Array): Repeated {
  const order = suffixArray(samples, 256)
  const common = commonPrefixes(samples, order)
  let longest = 0
  for (const length of common) longest = Math.max(longest, length)
  const most = new Float64Array(longest + 1)
  const change = new Float64Array(longest + 2)
  // Groups that are still open, each with what its members have in common and where it began.
  const lengths = new Int32Array(longest + 2)
  const begins = new Int32Array(longest + 2)
  let top = 0
  for (let index = 1; index <= common.length; index++) {
    const here = index < common.length ? common[index]! : 0
    let begin = index - 1
    while (lengths[top]! > here) {
      const length = lengths[top]!
      begin = begins[top]!
      const size = index - begin
      const joined = Math.max(lengths[--top]!, here)
      most[length] = Math.max(most[length]!, size)
      change[joined + 1]! += pairsOf(size)
      change[length + 1]! -= pairsOf(size)
    }
    if (here > lengths[top]!) {
      lengths[++top] = here
      begins[top] = begin
    }
  }
  // What is common at a length is at least as common at a shorter one.
  for (let length = longest; length > 1; length--)
    most[length - 1] = Math.max(most[length - 1]!, most[length]!)
  const pairs = new Float64Array(longest + 1)
  for (let length = 1; length <= longest; length++)
    pairs[length] = pairs[length - 1]! + change[length]!
  return { most, pairs }
}
