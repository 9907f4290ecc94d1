// SPDX-License-Identifier: Apache-2.0
import { positive } from '../scalars/short-curve.ts'
import { inverseOf } from './curve.ts'
import { type Row, reduceLattice } from './lattice.ts'

/** A number that is `factor` times the hidden one plus `rest`, modulo a prime. */
export interface Multiple {
  readonly factor: bigint
  readonly rest: bigint
}

/** Of numbers that are drawn evenly below a bound, the root of the mean square is this much of it, in thousandths. */
const meanThousandths = 577n

/**
 * Numbers that may be the hidden one, if all these multiples of it are short: below 2^bits, or as little below the
 * prime.
 *
 * They are where a short vector of the lattice of all multiples points to; mostly there is one, and it means nothing
 * before it is proved.
 *
 * @see Boneh and Venkatesan 1996 (the hidden number problem); Howgrave-Graham and Smart 2001; Breitner and Heninger 2019
 */
export function hiddenNumbers(
  multiples: readonly Multiple[],
  bits: number,
  prime: bigint,
): readonly bigint[] {
  const [first, ...others] = multiples
  const inverse = first && inverseOf(first.factor, prime)
  if (first === undefined || inverse === undefined) return []
  // Each of the others as a multiple of the first, so that all coordinates are short alike.
  const ofFirst = others.map(({ factor, rest }): Multiple => {
    const ratio = positive(factor * inverse, prime)
    return { factor: ratio, rest: positive(rest - first.rest * ratio, prime) }
  })
  const mark = ((1n << BigInt(bits)) * meanThousandths) / 1000n
  const at = others.length
  return reduceLattice(basisOf(ofFirst, mark, prime)).flatMap((row) => {
    const [short, end] = [row[at] ?? 0n, row[at + 1] ?? 0n]
    if (end !== mark && end !== -mark) return []
    return [positive(((end === mark ? short : -short) - first.rest) * inverse, prime)]
  })
}

/** One row for each modulus, one for the hidden number, and one for what is added, which bears the mark. */
function basisOf(multiples: readonly Multiple[], mark: bigint, prime: bigint): readonly Row[] {
  const moduli = multiples.map((_, at) => [
    ...multiples.map((_, to) => (at === to ? prime : 0n)),
    0n,
    0n,
  ])
  return [
    ...moduli,
    [...multiples.map(({ factor }) => factor), 1n, 0n],
    [...multiples.map(({ rest }) => rest), 0n, mark],
  ]
}
