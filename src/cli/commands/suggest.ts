// SPDX-License-Identifier: Apache-2.0

/** The candidate that was probably meant, or undefined if none is near. */
export function suggest(word: string, candidates: readonly string[]): string | undefined {
  const small = word.toLowerCase()
  const started = candidates.filter((one) => small.length > 1 && one.startsWith(small))
  if (started.length === 1) return started[0]
  const most = small.length < 4 ? 1 : 2
  const near = candidates
    .map((candidate) => ({ candidate, steps: distance(small, candidate.toLowerCase()) }))
    .filter(({ steps }) => steps <= most)
    .sort((one, other) => one.steps - other.steps)
  return near[0]?.candidate
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
