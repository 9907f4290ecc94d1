// SPDX-License-Identifier: Apache-2.0
import type { AuditEvent } from '#core/audit/event.ts'
import type { LogStore } from '#core/audit/log-store.ts'
import type { Fault } from '#core/fault.ts'
import type { Epochs } from '#core/ledger/judged-kinds.ts'
import type { Ledger } from '#core/ledger/ledger.ts'
import type { CertificateRows } from '#core/status-files/certificate-rows.ts'
import type { Dump } from './portable/portable.ts'

/** The database with everything that is kept in it. */
export interface Store {
  readonly ledger: Ledger
  /** Certificates by the million, narrow. */
  readonly rows: CertificateRows
  readonly log: LogStore
  readonly elsewhere: Elsewhere
  readonly epochs: Epochs
  /** What several nodes share beside ledger and log; absent where only this process has the database. */
  readonly shared?: Shared
  /** The whole of it at this moment, for a backup or a move. Close it: it holds resources. */
  dump(): Promise<Dump>
  /** Resolves if booking broke for good: the process should end, and be started again. */
  readonly broken: Promise<Fault>
  /**
   * To be called when closing begins: from now on a database that is away is waited for only shortly, also by
   * a commit whose outcome is unknown since the database went in its midst.
   */
  readonly hasten?: () => void
  /** Finishes every commit that was asked for, then ends; what is asked later rejects. */
  close(): Promise<void>
}

export interface Shared {
  readonly sealed: SealedTexts
  /** What the database's clock says, for what nodes with different clocks must agree on. */
  now(): Promise<Temporal.Instant>
}

/**
 * Keys, sealed under the passphrase, by name: no records, and so neither in the log nor in its export.
 *
 * Once a promise resolves, its effect MUST survive a crash. Breaks reject as `Ledger.commit` does.
 */
export interface SealedTexts {
  /** Sorted. */
  names(): Promise<readonly string[]>
  read(name: string): Promise<string | undefined>
  /** False, and nothing written, if the name is taken by another text. MUST be atomic. */
  add(name: string, text: string): Promise<boolean>
  /** In the place of what these names hold: all of them or none. */
  replace(texts: ReadonlyMap<string, string>): Promise<void>
  /** Nothing happens if it is not there. */
  remove(name: string): Promise<void>
}

/** What the other nodes of the same database committed. */
export type News =
  | {
      readonly kind: 'events'
      readonly events: readonly AuditEvent[]
      /** The kinds of all records that were written in the same commits. */
      readonly kinds: ReadonlySet<string>
    }
  /** Some may have been missed, as when the connection was cut: whatever is remembered is to be read anew. */
  | { readonly kind: 'missed' }

/** Every act that changes trust leaves an event in its commit, so that the events tell what to forget. */
export interface Elsewhere {
  /**
   * Hears of commits of other nodes, in their order, soon after they became durable.
   *
   * @returns ends the following
   */
  follow(listener: (news: News) => void): () => void
  /** Whether everything was told that was committed longer than `hearingSeconds` ago. */
  hears(): boolean
}

/** So long a connection that was cut without a word may go unnoticed. */
export const hearingSeconds = 20

/** Of a database that only this process writes. */
export const alone: Elsewhere = { follow: () => () => {}, hears: () => true }
