// SPDX-License-Identifier: Apache-2.0
import type { PackedBytes } from '../ledger/ledger.ts'
import type { AlarmPorts } from '../watch/alarm.ts'
import type { FoundWeakness } from './book-findings.ts'

/** Keys of one page, as the ledger keeps them. */
export interface KeyPage {
  readonly ids: readonly string[]
  /** SubjectPublicKeyInfo of each, DER. */
  readonly spkis: PackedBytes
}

/** Tests keys one by one, away from the thread that speaks protocols. */
export interface KeyTester {
  /** Names the checks and the lists that it goes by: another one whenever a check is new or a list changed. */
  tests(): Promise<string>
  /** What is found out about the keys of a page, in part if the signal ends it; unreadable keys are passed over. */
  test(page: KeyPage, signal: AbortSignal): Promise<readonly FoundWeakness[]>
}

/**
 * Looks for what only many keys together show, with a memory of its own on this machine: a node that takes over
 * begins anew and is handed all keys again.
 */
export interface PrimeSearch {
  /** The last place that was noted, as long as all before it is kept; undefined: it is to be handed everything. */
  place(): Promise<Place | undefined>
  /** Notes that everything up to a place was handed over. */
  note(place: Place): Promise<void>
  /**
   * Keeps the RSA keys of a page; what it holds already is passed over. MUST be on disk when it resolves.
   *
   * @returns how many were new
   */
  add(page: KeyPage): Promise<number>
  /**
   * Holds what is new against all that it has, and goes on where an earlier run was cut off.
   *
   * @returns of each cause, the keys that have it; what was found before may be found again
   */
  run(progress: Progress, signal: AbortSignal): Promise<readonly FoundWeakness[]>
  /** Notes that what the last run found is booked: until then those moduli wait, so that no crash loses it. */
  booked(): Promise<void>
  /** How many moduli it holds, and of how many of them it is not booked what they share. */
  state(): Promise<{ readonly moduli: number; readonly waiting: number }>
}

/** How far a walk over all keys came. */
export interface Place {
  /** The newest key that it met. */
  readonly through: string
  /** When it began. */
  readonly walkedAt: string
}

/** Tests that take seconds a key, done little by little. */
export interface DeepSearch {
  /** Names its tests and their bounds. */
  readonly tests: string
  test(page: KeyPage, signal: AbortSignal): Promise<readonly FoundWeakness[]>
}

/** Told of each step forward; MUST NOT throw. */
export type Progress = (step: Step) => void

export interface Step {
  /** `keys`: each by itself; `primes`: all together; `deep`: what takes seconds a key. */
  readonly part: 'keys' | 'primes' | 'deep'
  readonly done: number
  /** As far as that is known; 0: it is not. */
  readonly of: number
}

export interface WatchPorts extends AlarmPorts {
  readonly tester: KeyTester
  readonly primes: PrimeSearch
  /** Absent: there are no such tests. */
  readonly deep?: DeepSearch
  /** The name of this node. */
  readonly node: string
  /** How long one run may spend on deep tests. */
  readonly deepBudget: Temporal.Duration
}
