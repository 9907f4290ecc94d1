// SPDX-License-Identifier: Apache-2.0

import type { NonceBias } from '#trust/weak-keys/nonces/biased-nonces.ts'
import type { CurveName } from '#trust/weak-keys/nonces/curve.ts'
import type { EcdsaParts } from '#trust/weak-keys/nonces/ecdsa-signature.ts'
import type { PackedBytes } from '../ledger/ledger.ts'
import type { ActPorts } from '../revocation/acts/ask.ts'
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

/** A key, and what it signed. */
export interface SignedKey {
  readonly fingerprint: Uint8Array
  readonly curve: CurveName
  /** x and y. */
  readonly point: Uint8Array
  /** The newest first. */
  readonly signatures: readonly EcdsaParts[]
}

/** Searches what single keys signed for nonces that give them away; some seconds a key that signed often. */
export interface NonceSearch {
  /** Names what it searches for, and its bounds. */
  readonly tests: string
  /** How long one run may spend on it. */
  readonly budget: Temporal.Duration
  /**
   * What was found and proved; null: nothing. MUST tell nobody the private key.
   *
   * @returns undefined: it was not searched, as the signal came first, or as it signed nothing since it last was
   */
  search(key: SignedKey, signal: AbortSignal): Promise<NonceBias | null | undefined>
}

/** Told of each step forward; MUST NOT throw. */
export type Progress = (step: Step) => void

export interface Step {
  /** `keys`: each by itself; `primes`: all together; `nonces`: what keys signed; `deep`: what takes seconds a key. */
  readonly part: 'keys' | 'primes' | 'nonces' | 'deep'
  readonly done: number
  /** As far as that is known; 0: it is not. */
  readonly of: number
}

export interface WatchPorts extends ActPorts {
  readonly tester: KeyTester
  readonly primes: PrimeSearch
  /** Absent: nothing is searched. */
  readonly nonces?: NonceSearch
  /** Resolves after so many milliseconds. */
  pause(milliseconds: number): Promise<void>
  /** Absent: there are no such tests. */
  readonly deep?: DeepSearch
  /** The name of this node. */
  readonly node: string
  /** How long one run may spend on deep tests. */
  readonly deepBudget: Temporal.Duration
}
