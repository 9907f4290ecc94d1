// SPDX-License-Identifier: Apache-2.0
/** What the main thread and those that scan say to each other. */
import type { Finding } from '#core/scan/finding.ts'
import type { NotScanned } from '#core/scan/not-scanned.ts'
import type { Budgets } from '#core/scan/walk/budgets.ts'
import type { FoundClue } from '#core/scan/walk/scope.ts'

/** Where a thread gets its finders from: a function cannot be sent. */
export interface FinderModule {
  /** Of a module that exports `openFinders(options): Finders`. */
  readonly url: string
  /** Plain data, handed to it in each thread. */
  readonly options?: unknown
}

export interface ThreadSetup {
  readonly finders: FinderModule
  readonly budgets: Budgets
  readonly board: SharedArrayBuffer
  /** Of the thread, from 0. */
  readonly number: number
}

export interface ListedFile {
  /** As people read it. */
  readonly name: string
  /** Octets of its path, one a character: paths need not be UTF-8. */
  readonly path: string
}

/** Files of a directory tree in their order; its results are told in the order of these numbers. */
export interface Batch {
  readonly number: number
  readonly files: readonly ListedFile[]
}

export type Found = Finding | NotScanned | FoundClue

export interface BatchResult {
  readonly number: number
  readonly found: readonly Found[]
  readonly counts: ScanCounts
}

export interface ScanCounts {
  files: number
  containers: number
  leaves: number
  octetsIn: number
  octetsOut: number
  depth: number
}

export function noCounts(): ScanCounts {
  return { files: 0, containers: 0, leaves: 0, octetsIn: 0, octetsOut: 0, depth: 0 }
}

export function addCounts(to: ScanCounts, from: ScanCounts): void {
  to.files += from.files
  to.containers += from.containers
  to.leaves += from.leaves
  to.octetsIn += from.octetsIn
  to.octetsOut += from.octetsOut
  to.depth = Math.max(to.depth, from.depth)
}
