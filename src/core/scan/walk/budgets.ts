// SPDX-License-Identifier: Apache-2.0
import type { NotScannedReason } from '../not-scanned.ts'
import type { Scope } from './scope.ts'

const [mebibyte, gibibyte] = [2 ** 20, 2 ** 30]

/** What one scan may cost. Hostile images run out of budget, not we out of memory or patience. */
export const budgetRows = {
  depth: {
    ...{ standard: 16, flag: 'max-depth', reason: 'too-deep', unit: 'containers' },
    says: 'containers in one another; real images have up to eight (a key in a package in a file system in a bundle)',
  },
  octets: {
    ...{ standard: 64 * gibibyte, flag: 'max-octets', reason: 'too-many-octets', unit: 'octets' },
    says: 'octets that come out of one outermost file in all',
  },
  ratio: {
    ...{ standard: 200, flag: 'max-ratio', reason: 'too-many-octets', unit: 'times' },
    says: 'octets that come out for one that goes in; the first GiB is free, since images are full of zeros',
  },
  members: {
    ...{ standard: 5_000_000, flag: 'max-members', reason: 'too-many-members', unit: 'members' },
    says: 'members in one outermost file in all',
  },
  memberOctets: {
    ...{ standard: 32 * gibibyte, flag: 'max-member', reason: 'member-too-large', unit: 'octets' },
    says: 'octets of one member; the rest of it is passed by',
  },
  spoolOctets: {
    ...{ standard: 8 * gibibyte, flag: 'max-spool', reason: 'spool-full', unit: 'octets' },
    says: 'octets in temporary files at one time, for each thread',
  },
  minutes: {
    ...{ standard: 120, flag: 'max-minutes', reason: 'too-long', unit: 'minutes' },
    says: 'time of the whole scan',
  },
} as const satisfies Record<string, BudgetRow>

interface BudgetRow {
  readonly standard: number
  /** The option of the command line that changes it. */
  readonly flag: string
  readonly reason: NotScannedReason
  readonly unit: string
  readonly says: string
}

export type BudgetName = keyof typeof budgetRows
export type Budgets = Readonly<Record<BudgetName, number>>

/** All at their standard, but for those that are given. */
export function budgetsWith(given: Partial<Budgets> = {}): Budgets {
  const { depth, octets, ratio, members, memberOctets, spoolOctets, minutes } = budgetRows
  return {
    depth: given.depth ?? depth.standard,
    octets: given.octets ?? octets.standard,
    ratio: given.ratio ?? ratio.standard,
    members: given.members ?? members.standard,
    memberOctets: given.memberOctets ?? memberOctets.standard,
    spoolOctets: given.spoolOctets ?? spoolOctets.standard,
    minutes: given.minutes ?? minutes.standard,
  }
}

/** Octets that come out of any file, however small: a GiB. */
const freeOctets = 1024 * mebibyte

/** Thrown when a budget of an outermost file is spent: nothing more of that file is looked into. */
export class BudgetSpent extends Error {
  override readonly name = 'BudgetSpent'
  readonly reason: NotScannedReason
  /** Where in the file it was spent. */
  scope: Scope | undefined

  constructor(reason: NotScannedReason, message: string) {
    super(message)
    this.reason = reason
  }
}

/** What one outermost file has spent. */
export class Spending {
  octets = 0
  members = 0
  readonly #budgets: Budgets
  readonly #outMost: number
  readonly #pressed: () => 'too-long' | 'stopped' | undefined

  /** @param size of the outermost file; @param pressed whether the time of the scan is up */
  constructor(
    budgets: Budgets,
    size: number | undefined,
    pressed: () => 'too-long' | 'stopped' | undefined,
  ) {
    this.#budgets = budgets
    const byRatio = Math.max(freeOctets, budgets.ratio * (size ?? 0))
    this.#outMost = Math.min(budgets.octets, byRatio)
    this.#pressed = pressed
  }

  /** @throws BudgetSpent when more came out than may */
  spendOctets(count: number): void {
    this.octets += count
    if (this.octets > this.#outMost)
      throw new BudgetSpent(
        'too-many-octets',
        `more than ${this.#outMost} octets came out of one file`,
      )
    this.look()
  }

  /** @throws BudgetSpent */
  spendMember(): void {
    this.members++
    if (this.members > this.#budgets.members)
      throw new BudgetSpent('too-many-members', `it has more than ${this.#budgets.members} members`)
    if (this.members % 64 === 0) this.look()
  }

  /** @throws BudgetSpent when the scan is to end */
  look(): void {
    const reason = this.#pressed()
    if (reason === 'too-long')
      throw new BudgetSpent(reason, `the scan took more than ${this.#budgets.minutes} minutes`)
    if (reason === 'stopped') throw new BudgetSpent(reason, 'the scan was stopped')
  }
}
