// SPDX-License-Identifier: Apache-2.0

/** Octets that are looked for anywhere. */
export interface Needle {
  /** At least `least` octets. */
  readonly octets: Uint8Array
  /** ASCII letters stand for both cases. */
  readonly anyCase?: boolean
}

/** How short a needle may be: shorter ones would make the sweep slow for all. */
export const least = 3

/** A pair of neighbours of a needle, by which it is found. */
interface Place<N> {
  readonly needle: N
  /** In the order of needles. */
  readonly number: number
  /** Where the pair stands in the needle. */
  readonly pairAt: number
  /** Where from the pair on the octet stands that is compared first, and what it is once `guardFold` is set in it. */
  readonly guardAt: number
  readonly guardFold: number
  readonly guard: number
}

interface Hit<N> {
  readonly needle: N
  readonly number: number
  readonly at: number
}

/** So many pairs are looked up before those are looked at that were met: their list stays in the fastest memory. */
const pairsAtOnce = 4_096
const met = new Uint32Array(pairsAtOnce)

/**
 * Finds many needles in one pass.
 *
 * Memory is read two octets at a time, at even addresses. Of any three neighbours in a needle two lie so, whichever way
 * the needle itself lies: both pairs are noted of the three that are rarest, and wherever one of them stands the needle is
 * compared. No look-up waits for another, and none makes the processor guess.
 */
export class Sweep<N extends Needle> {
  readonly #longest: number
  /** By a pair, as this machine reads it: 1 if it is one of a needle. */
  readonly #pairs = new Uint8Array(65_536)
  /** By a pair of a needle: which list of `#places` it has. */
  readonly #lists = new Uint16Array(65_536)
  readonly #places: Place<N>[][] = []

  constructor(needles: readonly N[]) {
    this.#longest = Math.max(...needles.map(({ octets }) => octets.length))
    for (const [number, needle] of needles.entries()) this.#add(needle, number)
  }

  #add(needle: N, number: number): void {
    if (needle.octets.length < least) throw new RangeError(`a needle of ${needle.octets.length}`)
    const first = rarestThree(needle)
    for (const pairAt of [first, first + 1]) {
      const place = { needle, number, pairAt, ...guardOf(needle, pairAt) }
      for (const pair of pairsAt(needle, pairAt)) {
        if (this.#pairs[pair] === 0) this.#lists[pair] = this.#places.push([]) - 1
        this.#pairs[pair] = 1
        this.#places[this.#lists[pair]!]!.push(place)
      }
    }
  }

  /**
   * Tells each needle that begins from `from` on and before `to`, and lies wholly within `octets`, in the order in which
   * they lie there.
   */
  over(octets: Uint8Array, from: number, to: number, tell: (needle: N, at: number) => void): void {
    const end = Math.min(octets.length, to + this.#longest)
    const first = from + ((octets.byteOffset + from) & 1)
    const count = Math.max(0, (end - first) >> 1)
    const words = new Uint16Array(octets.buffer, octets.byteOffset + first, count)
    const hits: Hit<N>[] = []
    for (let start = 0; start < count; start += pairsAtOnce) {
      const many = this.#meet(words, start, Math.min(count, start + pairsAtOnce))
      for (let index = 0; index < many; index++) {
        const word = met[index]!
        const at = first + 2 * word
        for (const place of this.#places[this.#lists[words[word]!]!]!) {
          if ((octets[at + place.guardAt]! | place.guardFold) !== place.guard) continue
          const start = at - place.pairAt
          if (start >= from && start < to && liesAt(octets, start, place.needle))
            hits.push({ needle: place.needle, number: place.number, at: start })
        }
      }
    }
    hits.sort((left, right) => left.at - right.at || left.number - right.number)
    for (const { needle, at } of hits) tell(needle, at)
  }

  /**
   * Lists in `met` where pairs of needles stand, and gives how many: every place is written down, and the next over it
   * if it is none, since a branch that the processor cannot foresee would cost more.
   */
  #meet(words: Uint16Array, start: number, end: number): number {
    const pairs = this.#pairs
    const fours = start + ((end - start) & ~3)
    let many = 0
    for (let index = start; index < fours; index += 4) {
      met[many] = index
      many += pairs[words[index]!]!
      met[many] = index + 1
      many += pairs[words[index + 1]!]!
      met[many] = index + 2
      many += pairs[words[index + 2]!]!
      met[many] = index + 3
      many += pairs[words[index + 3]!]!
    }
    for (let index = fours; index < end; index++) {
      met[many] = index
      many += pairs[words[index]!]!
    }
    return many
  }
}

function liesAt(octets: Uint8Array, start: number, { octets: wanted, anyCase }: Needle): boolean {
  if (start + wanted.length > octets.length) return false
  for (let index = 0; index < wanted.length; index++) {
    const found = octets[start + index]!
    const due = wanted[index]!
    if (found !== due && !(anyCase && isLetter(due) && (found ^ due) === 0x20)) return false
  }
  return true
}

/** Two octets of a needle from `at` on, in every case that it allows, as this machine reads them. */
function pairsAt({ octets, anyCase }: Needle, at: number): readonly number[] {
  return cases(octets[at]!, anyCase).flatMap((first) =>
    cases(octets[at + 1]!, anyCase).map((second) => wordOf(first, second)),
  )
}

function wordOf(first: number, second: number): number {
  return new Uint16Array(Uint8Array.of(first, second).buffer)[0]!
}

function cases(octet: number, anyCase: boolean | undefined): readonly number[] {
  return anyCase && isLetter(octet) ? [octet, octet ^ 0x20] : [octet]
}

function isLetter(octet: number): boolean {
  const small = octet | 0x20
  return small >= 0x61 && small <= 0x7a
}

/** Where three neighbours begin of which programs and texts have little, so that little is compared in vain. */
function rarestThree(needle: Needle): number {
  const cost = (at: number) => pairCost(needle, at) + pairCost(needle, at + 1)
  let best = 0
  for (let at = 1; at + 3 <= needle.octets.length; at++) if (cost(at) < cost(best)) best = at
  return best
}

function pairCost({ octets, anyCase }: Needle, at: number): number {
  const costOf = (octet: number) =>
    cases(octet, anyCase).reduce((sum, each) => sum + commonness(each), 0)
  return costOf(octets[at]!) * costOf(octets[at + 1]!)
}

/** The rarest octet besides the pair. */
function guardOf({ octets, anyCase }: Needle, pairAt: number) {
  const others = [...octets.keys()].filter((at) => at !== pairAt && at !== pairAt + 1)
  const guardAt = others.reduce((best, at) =>
    commonness(octets[at]!) < commonness(octets[best]!) ? at : best,
  )
  const octet = octets[guardAt]!
  const guardFold = anyCase && isLetter(octet) ? 0x20 : 0
  return { guardAt: guardAt - pairAt, guardFold, guard: octet | guardFold }
}

/** Small letters, the most frequent first, as texts and the names in programs have them. */
const lettersByUse = 'etaoinsrlcdpumhfgbyvwxkjqz'

/** Rough weights: zeros fill programs, spaces and small letters fill texts. */
function commonness(octet: number): number {
  if (octet === 0) return 120
  if (octet === 0x20) return 60
  const rank = lettersByUse.indexOf(String.fromCharCode(octet))
  if (rank !== -1) return rank < 8 ? 50 : rank < 14 ? 25 : rank < 20 ? 14 : 6
  if (octet === 0xff) return 20
  if (octet <= 0x10 || (octet >= 0x28 && octet <= 0x3d)) return 8
  return 4
}
