// SPDX-License-Identifier: Apache-2.0
import type { ByteSource } from '#format/archive/byte-source.ts'
import type { Ledger } from '../ledger/ledger.ts'
import type { Clock, Randomness } from '../ports.ts'

export interface ReleasePorts {
  readonly ledger: Ledger
  readonly clock: Clock
  readonly random: Randomness
  readonly artefacts: ArtefactStore
  /** The environment of this installation: nothing of another is released here. */
  readonly environment: 'trial' | 'test' | 'production'
}

/** Octets that are open for reading, until they are closed. */
export interface OpenOctets {
  readonly source: ByteSource
  readonly octets: number
  close(): Promise<void>
}

export interface KeptOctets {
  readonly sha256: Uint8Array
  readonly octets: number
}

/**
 * Where octets of any size are kept by their digest.
 *
 * Whatever `keep` and `finish` resolve with MUST survive a crash of the machine, and so MUST what `append` says.
 * Space that runs out rejects with `Fault('store-full')`, and other breaks with `Fault('store-unreachable')`.
 */
export interface ArtefactStore {
  /** The octets with this digest; undefined: they are not here. MUST be closed. */
  open(sha256: Uint8Array): Promise<OpenOctets | undefined>
  /** A file with the octets, for who needs a path; undefined: they are not here. MUST be closed, and not be changed. */
  file(sha256: Uint8Array): Promise<{ readonly path: string; close(): Promise<void> } | undefined>
  /** How many octets have this digest; undefined: they are not here. */
  size(sha256: Uint8Array): Promise<number | undefined>
  /** Keeps what comes, whatever it is; the same octets are kept once. */
  keep(chunks: AsyncIterable<Uint8Array> | Iterable<Uint8Array>): Promise<KeptOctets>
  /** How many more octets there is room for; undefined: nobody knows. */
  room(): Promise<number | undefined>

  /** How far an upload has come; undefined: nothing of it is here. */
  offset(upload: string): Promise<number | undefined>
  /** Makes room for an upload that has nothing yet. */
  begin(upload: string): Promise<void>
  /**
   * Adds what comes to an upload, and says how far it is then. What came before the sender broke off stays.
   *
   * @param most no more than so many octets are taken; whether there were more is said
   */
  append(
    upload: string,
    offset: number,
    chunks: AsyncIterable<Uint8Array>,
    most: number,
  ): Promise<Appended>
  /**
   * Takes away what an upload has after so many octets.
   *
   * What is here of it MUST then be durable.
   */
  cut(upload: string, octets: number): Promise<void>
  /**
   * Keeps an upload under its digest if that is `sha256`; what it has instead is said, and nothing is kept.
   *
   * @param how `anew`: what is kept MUST be octets that were read for this, and that no other process can have open
   * @param guard what is read goes through it, which may take minutes; where it ends early nothing is kept
   */
  finish(
    upload: string,
    sha256: Uint8Array,
    how: 'as-it-is' | 'anew',
    guard?: OctetsGuard,
  ): Promise<KeptOctets>
  /** Removes what is here of an upload. */
  abandon(upload: string): Promise<void>

  /** Removes what crashes left of octets that were being kept, if it was last touched before this. */
  tidy(before: Temporal.Instant): Promise<void>
  /** Every digest that is here, with the instant of its keeping. */
  all(): AsyncIterable<{ readonly sha256: Uint8Array; readonly keptAt: Temporal.Instant }>
  /** Every upload that something is here of, with the instant of its last octet. */
  uploads(): AsyncIterable<{ readonly upload: string; readonly touchedAt: Temporal.Instant }>
  /**
   * Removes octets unless `isWanted` says, once nobody can open them any more, that they are needed after all; then
   * they are put back.
   */
  remove(sha256: Uint8Array, isWanted: () => Promise<boolean>): Promise<void>
}

/** Passes octets on for as long as whoever reads them may, and ends early where it may not. */
export type OctetsGuard = (chunks: AsyncIterable<Uint8Array>) => AsyncIterable<Uint8Array>

export type Appended =
  | { readonly kind: 'appended'; readonly offset: number; readonly wasMore: boolean }
  /** Another append is under way, or this one does not begin where the upload ends. */
  | { readonly kind: 'elsewhere'; readonly offset: number }
  | { readonly kind: 'busy' }
