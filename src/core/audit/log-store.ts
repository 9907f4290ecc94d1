// SPDX-License-Identifier: Apache-2.0
/** An event as `Ledger.commit` wrote it, waiting for its place in the log. */
export interface WaitingEvent {
  /** `evt_` and a UUIDv7: only a handle of the store; the log's name for an event is its position. */
  readonly id: string
  /** `encodeEvent` of the event: the bytes that are committed to, as stored. */
  readonly bytes: Uint8Array
  /** 32 random bytes that keep the public commitment from being guessed. */
  readonly salt: Uint8Array
}

/** An event in its place. */
export interface LoggedEvent {
  /** Its index in the tree, counted from 0. */
  readonly position: number
  /** The log entry: SHA-256 of salt and bytes, 32 bytes; stays when the body is erased. */
  readonly commitment: Uint8Array
  /** Null once retention has erased it; bytes and salt always go together. */
  readonly body: { readonly bytes: Uint8Array; readonly salt: Uint8Array } | null
}

/** How far the log has come. */
export interface LogHead {
  /** How many events have a position: 0 to `size` - 1 without a gap. */
  readonly size: number
  /** Merkle tree hash over them, 32 bytes; for an empty log SHA-256 of nothing. */
  readonly root: Uint8Array
  /** The newest published checkpoint, a signed note; null before the first. */
  readonly checkpoint: { readonly size: number; readonly note: string } | null
}

/** A batch with everything that follows from it, written whole or not at all. */
export interface Appended {
  /** The head that this batch continues. */
  readonly from: number
  /** In order; the first gets position `from`. */
  readonly events: readonly { readonly id: string; readonly commitment: Uint8Array }[]
  /** Tiles that are new or have grown, each as it now is: 1 to 256 hashes of 32 bytes. */
  readonly tiles: readonly {
    readonly level: number
    readonly index: number
    readonly hashes: Uint8Array
  }[]
  /** The tree hash over `from + events.length` events. */
  readonly root: Uint8Array
}

/** A record as the export shows it: its id, and its columns by name. */
export type SnapshotRecord = { readonly id: string; readonly version: number } & Readonly<
  Record<string, unknown>
>

/** The ledger at one moment. Close it: it may hold resources. */
export interface LogSnapshot {
  /** How many events were committed by then, with and without position. */
  readonly events: number
  /** All records of a kind as they were at that moment, by id. */
  records(kind: string): AsyncIterable<SnapshotRecord>
  close(): Promise<void>
}

/**
 * Where the log is kept: the database of the ledger, since events are written with what they tell of.
 *
 * Once a promise of `append` or `publish` resolves to true, its effect MUST survive a crash of the
 * process and of the machine. Reads MUST see every write that resolved before. Breaks reject with
 * `Fault('store-full')` or `Fault('store-unreachable')`; then nothing of the write is there.
 */
export interface LogStore {
  /**
   * Takes the lease of the one sequencer, or renews it for the same holder.
   *
   * Gives the fence, which MUST rise each time that the holder changes, or undefined while another
   * holds the lease (its `until` is later than `now`). MUST be atomic.
   */
  lease(holder: string, now: Temporal.Instant, until: Temporal.Instant): Promise<number | undefined>

  head(): Promise<LogHead>

  /**
   * The oldest events without position, in the order of their commits (within a commit: of the
   * change's `events`); at most `limit`.
   */
  waiting(limit: number): Promise<readonly WaitingEvent[]>

  /**
   * Gives the events their positions and commitments, replaces the tiles, moves the head: all or
   * nothing. False, and nothing written, if `fence` is not the newest that `lease` gave, or the
   * head's size is not `from`. MUST throw `Fault('ledger-damaged')` if one of the events is unknown
   * or has a position.
   */
  append(fence: number, appended: Appended): Promise<boolean>

  /**
   * Makes this the published checkpoint. False, and nothing written, if `fence` is not the newest,
   * or a checkpoint of this size or more is published already.
   */
  publish(
    fence: number,
    checkpoint: { readonly size: number; readonly note: string },
  ): Promise<boolean>

  /** The tile as it has grown so far (32 bytes a hash); undefined if it has no hash yet. */
  tile(level: number, index: number): Promise<Uint8Array | undefined>

  /** Events by position from `from` on; at most `count`, fewer at the end. */
  events(from: number, count: number): Promise<readonly LoggedEvent[]>

  /**
   * The ledger at this moment, for an export.
   *
   * The events counted in it MUST be those that have, or will get, the first `events` positions.
   */
  snapshot(): Promise<LogSnapshot>
}
