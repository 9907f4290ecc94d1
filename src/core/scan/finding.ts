// SPDX-License-Identifier: Apache-2.0

/** Something in an image that should not be there, or that could not be looked into. Never holds the secret itself. */
export interface Finding {
  /** A row of the table of rules. */
  readonly rule: string
  readonly severity: 'notice' | 'warning' | 'critical'
  /** `certain`: proved by its own structure or by another value; `likely`; `possible`: a person has to look. */
  readonly confidence: 'certain' | 'likely' | 'possible'
  /** Outermost file first, then what is inside it, and so on. */
  readonly path: readonly string[]
  /** Octets from the beginning of the innermost; null where it is about the whole of it. */
  readonly offset: number | null
  /** One line: what it is. */
  readonly what: string
  /** The same for the same thing in the next build of the image, in hexadecimal: what a baseline accepts. */
  readonly identity: string
  /** The canonical fingerprint of its public key, hexadecimal, where it is a private key or a certificate. */
  readonly key?: string
}

/** A file of whatever depth, before its octets are read. */
export interface ScannedFile {
  readonly path: readonly string[]
  readonly size: number | undefined
  /** Its first octets, at most 65,536. */
  readonly head: Uint8Array
}

/**
 * What is no finding by itself and may become one beside what lies elsewhere in the same scan: a certificate, the
 * key of one, octets that may be a key. Plain data, which goes from thread to thread. May hold a secret: it is kept
 * in memory alone, and given to `conclude`.
 */
export interface Clue {
  readonly kind: string
  readonly offset: number
  readonly octets: Uint8Array
  readonly facts: Readonly<Record<string, string>>
}

/** Whoever walks adds the path to what it is told. */
export interface Reporter {
  finding(finding: Omit<Finding, 'path'>): void
  clue(clue: Clue): void
}

/** Looks at one file, handed to it from front to back in pieces; pieces are not kept by whoever gives them. */
export interface Finder {
  /** `at` is where the piece begins; it may leap over a hole, and never falls. */
  take(piece: Uint8Array, at: number): void
  /** Always called, also where the rest of the file cannot be read. */
  end(): void
}

/** Begins the look at one file; undefined: nothing in such a file concerns it. */
export type OpenFinder = (file: ScannedFile, reporter: Reporter) => Finder | undefined

/** A set of finders for one scan, or for one thread of it. Several files may be open at the same time. */
export interface Finders {
  readonly open: OpenFinder
}
