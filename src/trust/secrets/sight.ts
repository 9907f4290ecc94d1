// SPDX-License-Identifier: Apache-2.0
import type { RuleName } from './rules.ts'
import type { Needle } from './sweep.ts'

/** What a look at some place of a file found. Never holds the secret. */
export interface Found {
  readonly rule: RuleName
  readonly confidence: 'certain' | 'likely' | 'possible'
  readonly offset: number
  readonly what: string
  /** As `Finding` says. */
  readonly identity: string
  readonly key?: string
  /** Where it ends, if it is a store of keys: those in it that are encrypted are not told again. */
  readonly until?: number
}

/** As `Clue` says. May hold a secret. */
export interface Trace {
  readonly kind: string
  readonly offset: number
  readonly octets: Uint8Array
  readonly facts: Readonly<Record<string, string>>
}

/** The file that is looked at. */
export interface Surroundings {
  readonly now: Temporal.Instant
  /** The name of the innermost file: it may make a finding surer, and never makes one. */
  readonly name: string
  /** Its beginning, at most 65,536 octets. */
  readonly head: Uint8Array
  /** `head` as characters, one an octet. */
  readonly text: string
  readonly isText: boolean
  /** A page of a manual (roff), which is full of settings that nobody made. */
  readonly isManual: boolean
  /** Whether `head` is the whole of it. */
  readonly isWhole: boolean
}

/** Octets that are looked for, and what is done where they stand. */
export interface Look extends Needle {
  look(sight: Sight, tell: Tell): void
}

/** What a small file is looked at for as a whole, once its octets were passed over. */
export interface WholeLook {
  /** Only files are looked at in which one of these stands; absent: every one. */
  readonly cues?: readonly Needle[]
  look(file: Surroundings, tell: Tell): void
}

/** What is seen around a place where something begins. */
export interface Sight {
  readonly file: Surroundings
  /** A view that is overwritten later: `behind` octets before the place and `ahead` from it on, less at the file's ends. */
  readonly octets: Uint8Array
  /** Where the place is in `octets`. */
  readonly at: number
  /** Where `octets` begins in the file. */
  readonly base: number
}

/** How far a look goes. A key with ML-DSA-87 is 5 kB, as lines of text in a program 10 kB; a PKCS #12 file has a chain. */
export const ahead = 65_536
export const behind = 4_096

/** Who is told. */
export interface Tell {
  found(found: Found): void
  trace(trace: Trace): void
  /**
   * Pays for a costly look, in units of some 10 microseconds; false: the file has used up what looking at it may cost,
   * which is told by whoever asks.
   */
  spend(units: number): boolean
  /** Whether default passwords may be tried once more: each time takes up to some tenths of a second. */
  guess(): boolean
}

const latin1 = new TextDecoder('latin1')

/** Octets as characters, one each. */
export function textOf(octets: Uint8Array): string {
  return latin1.decode(octets)
}
