// SPDX-License-Identifier: Apache-2.0
import { sameBytes } from '#format/bytes.ts'
import { encodeCheckpoint } from '#format/tlog/checkpoint.ts'
import type { NoteKey } from '#format/tlog/note-key.ts'
import { commitmentOf, leafHash } from '#trust/tlog/merkle.ts'
import { signNote } from '#trust/tlog/note.ts'
import { type GrownTree, growTree, rootOf, type TileReader } from '#trust/tlog/tiles.ts'
import { Fault } from '../fault.ts'
import type { Clock } from '../ports.ts'
import type { LogHead, LogStore, WaitingEvent } from './log-store.ts'

/** The log's own key; its private half stays with the key store. */
export interface LogSigner {
  /** Its name is the log's origin. */
  readonly key: NoteKey
  /** The plain Ed25519 signature of the bytes. */
  sign(toBeSigned: Uint8Array): Promise<Uint8Array>
}

export interface SequencerPorts {
  readonly store: LogStore
  readonly signer: LogSigner
  readonly clock: Clock
  /** Names this process among those that share the database; another one after each start. */
  readonly holder: string
  /** Whether others share it: then the lease is given back after each run, since any of them may be next. */
  readonly isShared?: boolean
}

export type Sequenced =
  | { readonly kind: 'sequenced'; readonly size: number; readonly added: number }
  /** Another process is the sequencer: nothing to do here. */
  | { readonly kind: 'held-elsewhere' }

/** A batch takes some 50 ms; a checkpoint follows each, so that none waits for a backlog. */
const batchSize = 2048
/** Many times the longest batch, so that a lease is lost by a process that died, not by a busy one. */
const leaseDuration = Temporal.Duration.from({ seconds: 10 })

/**
 * Gives every event that waits its place in the log, and publishes a signed checkpoint. What is committed
 * meanwhile may be left for the next call: under a load without a pause there would be no end.
 *
 * To be called soon after events were written. Among processes the lease decides who works; calls at
 * the same time in one process do no harm, for the store takes each batch once.
 *
 * @throws Fault `ledger-damaged` if the tiles do not give the tree hash that the head has
 */
export async function sequenceOnce(ports: SequencerPorts): Promise<Sequenced> {
  let added = 0
  let isDone = false
  for (;;) {
    const now = ports.clock.now()
    const fence = await ports.store.lease(ports.holder, now, now.add(leaseDuration))
    if (fence === undefined) return { kind: 'held-elsewhere' }
    // A crash may have left a head that is booked and not published: that comes first.
    const head = await ports.store.head()
    // What is refused was done by another, or is another's to do: the next lease tells.
    if (!(await publish(head, fence, ports))) continue
    const batch: readonly WaitingEvent[] = isDone ? [] : await ports.store.waiting(batchSize)
    if (batch.length === 0) {
      if (ports.isShared === true) await ports.store.lease(ports.holder, now, now)
      return { kind: 'sequenced', size: head.size, added }
    }
    // Booked before signed: a checkpoint that was ever signed is one that the tiles will always give.
    if (!(await append(head, batch, fence, ports.store))) continue
    added += batch.length
    isDone = batch.length < batchSize
  }
}

/** Reads tiles for `growTree`, `rootOf` and the proofs. @throws Fault `ledger-damaged` */
export function tileReader(store: Pick<LogStore, 'tile'>): TileReader {
  return async (level, index, width) => {
    const hashes = await store.tile(level, index)
    if (hashes === undefined || hashes.length < width * 32) {
      throw new Fault('ledger-damaged', `tile ${level}/${index} of the log has not ${width} hashes`)
    }
    return hashes
  }
}

/** False if fenced off. The signature is over what is booked durably, and over nothing else. */
async function publish(head: LogHead, fence: number, ports: SequencerPorts): Promise<boolean> {
  if (head.checkpoint !== null && head.checkpoint.size === head.size) return true
  await demandSound(head, ports.store)
  const { key } = ports.signer
  const text = encodeCheckpoint({ origin: key.name, size: head.size, root: head.root })
  const note = await signNote(text, key, (toBeSigned) => ports.signer.sign(toBeSigned))
  return ports.store.publish(fence, { size: head.size, note })
}

async function append(
  head: LogHead,
  batch: readonly WaitingEvent[],
  fence: number,
  store: LogStore,
): Promise<boolean> {
  await demandSound(head, store)
  const events = batch.map(({ id, bytes, salt }) => ({ id, commitment: commitmentOf(salt, bytes) }))
  const leaves = events.map(({ commitment }) => leafHash(commitment))
  const { tiles, root }: GrownTree = await growTree(head.size, leaves, tileReader(store))
  return store.append(fence, { from: head.size, events, tiles, root })
}

/** Nothing is built or signed on tiles that a disk or a hand has changed. */
async function demandSound(head: LogHead, store: LogStore): Promise<void> {
  const root = await rootOf(head.size, tileReader(store))
  if (!sameBytes(root, head.root)) {
    const detail = `they give ${root.toHex()}, the head of ${head.size} events has ${head.root.toHex()}`
    throw new Fault('ledger-damaged', `the tiles of the log were changed: ${detail}`)
  }
}
