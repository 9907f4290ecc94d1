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
  /** The same for the same thing wherever it lies, in hexadecimal: what a baseline accepts, and the inventory is asked. */
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

/** Looks at one file, handed to it from front to back in pieces; pieces are not kept by whoever gives them. */
export interface Finder {
  take(piece: Uint8Array, at: number): void
  end(): void
}

/** Begins the look at one file; undefined: nothing in such a file concerns it. */
export type OpenFinder = (
  file: ScannedFile,
  report: (finding: Omit<Finding, 'path'>) => void,
) => Finder | undefined
