// SPDX-License-Identifier: Apache-2.0

/**
 * What one validation may cost. A stranger chooses the intermediates, and with them how many ways there are to try;
 * webpki found that each of these needs a bound of its own (RUSTSEC-2023-0053, its `Budget`).
 */
export interface PathLimits {
  /** Certificates between leaf and anchor, the leaf not counted. */
  readonly intermediates: number
  /** Signatures that are checked; the dearest of ours (SLH-DSA-SHAKE-256f) costs some two milliseconds. */
  readonly signatures: number
  /** Candidate issuers that are looked at. */
  readonly steps: number
  /** Names compared with name constraints. */
  readonly nameComparisons: number
  /** Links between policies of neighbouring certificates. */
  readonly policyLinks: number
}

export const pathLimits: PathLimits = {
  intermediates: 6,
  signatures: 32,
  steps: 512,
  nameComparisons: 50_000,
  policyLinks: 10_000,
}

type Cost = Exclude<keyof PathLimits, 'intermediates'>

/** Thrown by `PathBudget.spend`, caught by `validatePath` alone. */
export class PathBudgetSpent extends Error {
  override readonly name = 'PathBudgetSpent'
  readonly cost: Cost
  readonly limit: number

  constructor(cost: Cost, limit: number) {
    super(`path budget spent: ${limit} ${cost}`)
    this.cost = cost
    this.limit = limit
  }
}

/** What the validation in hand may still cost. */
export class PathBudget {
  readonly limits: PathLimits
  readonly #spent = { signatures: 0, steps: 0, nameComparisons: 0, policyLinks: 0 }

  constructor(limits: PathLimits) {
    this.limits = limits
  }

  /** @throws PathBudgetSpent */
  spend(cost: Cost): void {
    this.#spent[cost] += 1
    if (this.#spent[cost] > this.limits[cost]) throw new PathBudgetSpent(cost, this.limits[cost])
  }
}
