// SPDX-License-Identifier: Apache-2.0
/** Positions from `first` to `last`, both included. */
export interface Run {
  readonly first: number
  last: number
}

/** Beyond this many, the last run swallows what comes: memory stays bounded, names get coarser. */
const maxRuns = 1000

/** Adds a position, which is above all those before. */
export function extendRuns(runs: Run[], position: number): void {
  const last = runs.at(-1)
  if (last !== undefined && (last.last === position - 1 || runs.length === maxRuns)) {
    last.last = position
  } else {
    runs.push({ first: position, last: position })
  }
}

export function nameOfRun({ first, last }: Run): string {
  return first === last ? `event ${first}` : `events ${first} to ${last}`
}
