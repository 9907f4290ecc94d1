// SPDX-License-Identifier: Apache-2.0

/** The candidate that was probably meant, or undefined if none is near. */
export function suggest(word: string, candidates: readonly string[]): string | undefined {
  const small = word.toLowerCase()
  const most = small.length < 4 ? 1 : 2
  const [near] = candidates
    .map((candidate) => ({ candidate, steps: distance(small, candidate.toLowerCase()) }))
    .filter(({ steps }) => steps <= most)
    .sort((one, other) => one.steps - other.steps)
  if (near !== undefined) return near.candidate
  const begun = candidates.filter((one) => small.length > 1 && one.toLowerCase().startsWith(small))
  return begun.length === 1 ? begun[0] : undefined
}

/** `did you mean "…"?`, or what to do instead. */
export function didYouMean(word: string, candidates: readonly string[], instead: string): string {
  const meant = suggest(word, candidates)
  return meant === undefined ? instead : `did you mean "${meant}"?`
}

/** Letters put in, left out, changed or swapped with their neighbour (optimal string alignment). */
function distance(one: string, other: string): number {
  let beforeLast: readonly number[] = []
  let last: readonly number[] = Array.from({ length: other.length + 1 }, (_, index) => index)
  for (let row = 1; row <= one.length; row++) {
    const next = [row]
    for (let column = 1; column <= other.length; column++) {
      const same = one[row - 1] === other[column - 1]
      const swapped = one[row - 2] === other[column - 1] && one[row - 1] === other[column - 2]
      next[column] = Math.min(
        (last[column] ?? 0) + 1,
        (next[column - 1] ?? 0) + 1,
        (last[column - 1] ?? 0) + (same ? 0 : 1),
        swapped && row > 1 && column > 1 ? (beforeLast[column - 2] ?? 0) + 1 : Infinity,
      )
    }
    beforeLast = last
    last = next
  }
  return last[other.length] ?? 0
}
