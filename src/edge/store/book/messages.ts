// SPDX-License-Identifier: Apache-2.0
import type { FaultCode } from '#core/fault.ts'
import type { LogAct } from './log-acts.ts'

/** What a store's own thread is started with. */
export interface ThreadData {
  /** The database file. */
  readonly file: string
  readonly settings: BookSettings
}

/** How the book thread keeps its database; only tests and benchmarks choose otherwise. */
export interface BookSettings {
  /** OFF lies about durability: it exists so that the durability tests can be seen to fail. */
  readonly synchronous: 'FULL' | 'OFF'
  /** At most this many pages in the file; 0 is no limit but the disk's. */
  readonly maxPages: number
  /**
   * How many pages the WAL holds before they move into the database: more make fewer moves, of
   * pages that changed often in between; fewer make a quicker start after a crash.
   */
  readonly walPages: number
}

/** What the checkpointing thread is started with. */
export interface CheckpointData {
  readonly file: string
  readonly synchronous: BookSettings['synchronous']
  /** One of the turns of checkpoints.ts. */
  readonly shared: Int32Array
}

/** To the book thread: packed changes, or one act on the log. */
export type BookRequest =
  | { readonly kind: 'changes'; readonly packed: ArrayBuffer }
  | { readonly kind: 'act'; readonly act: LogAct }
  | { readonly kind: 'close' }

/** From the book thread, in the order of the requests. */
export type BookReply =
  | { readonly kind: 'ready' }
  | {
      readonly kind: 'written'
      /** How many changes this resolves, the oldest first. */
      readonly count: number
      /** Those that met a rule: flat triples of place in this reply, step and rule. */
      readonly conflicts: readonly (number | string)[]
    }
  | { readonly kind: 'done'; readonly result: number | boolean | undefined }
  | { readonly kind: 'changes-broken'; readonly count: number; readonly fault: ToldFault }
  | { readonly kind: 'act-broken'; readonly fault: ToldFault }
  | { readonly kind: 'start-broken'; readonly fault: ToldFault }
  | { readonly kind: 'closed' }

/** A Fault as it crosses from one thread to another. */
export interface ToldFault {
  readonly code: FaultCode
  readonly message: string
}
