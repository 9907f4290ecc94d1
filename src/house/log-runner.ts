// SPDX-License-Identifier: Apache-2.0
import { setTimeout as sleep } from 'node:timers/promises'
import { type SequencerPorts, sequenceOnce } from '#core/audit/sequencer.ts'
import type { SigningKeys } from '#core/authority/signing-key.ts'
import { noteKeyOf } from '#trust/tlog/note.ts'
import type { Feed } from './feed.ts'
import type { Installation } from './foundation.ts'
import type { ThisNode } from './nodes/this-node.ts'

/** After a commit, events wait so long for company before they are numbered and a checkpoint is signed. */
const gatherMilliseconds = 200
/** After a failure, as on a full disk, it is tried again this much later even if nothing more happens. */
const retryMilliseconds = 5000

/** While another node numbers, or died at it, one looks again after this. */
const againMilliseconds = 250
/** Longer than the lease of a sequencer that died. */
const mostTries = 80

/** The sequencer of this node. */
export function sequencerOf(
  installation: Installation,
  store: SequencerPorts['store'],
  keys: SigningKeys,
  node: ThisNode,
): SequencerPorts {
  const key = noteKeyOf(installation.logOrigin, Uint8Array.fromHex(installation.logPublicKey))
  return {
    ...{ store, clock: node.sharedClock, isShared: node.isShared },
    signer: { key, sign: (toBeSigned) => keys.sign(installation.logKey, toBeSigned) },
    // In a directory of its own the lock lets one process in: whoever holds it takes up where another died.
    holder: node.isShared ? node.name : 'embedded',
  }
}

/**
 * Numbers what waits, or waits until another node did.
 *
 * @throws Fault as `sequenceOnce` does
 */
export async function sequenceAnywhere(ports: SequencerPorts): Promise<void> {
  for (let tries = 0; tries < mostTries; tries++) {
    if ((await sequenceOnce(ports)).kind === 'sequenced') return
    if ((await ports.store.waiting(1)).length === 0) return
    await sleep(againMilliseconds)
  }
}

/**
 * Runs the sequencer soon after events were committed; one run at a time, another if more came.
 *
 * `close` waits for the run under way and makes a last one, so that a stopped server leaves a log that
 * is numbered to its end.
 */
export class LogRunner {
  readonly #sequence: () => Promise<unknown>
  readonly #report: (error: unknown) => void
  readonly #unfollow: readonly (() => void)[]
  #timer: NodeJS.Timeout | undefined
  #running: Promise<void> = Promise.resolve()
  #closed = false

  constructor(feed: Feed, sequence: () => Promise<unknown>, report: (error: unknown) => void) {
    this.#sequence = sequence
    this.#report = report
    this.#unfollow = [
      feed.follow(({ events }) => {
        if (events.length > 0) this.wake()
      }),
      // The node that committed numbers them itself, if it lives.
      feed.followElsewhere(() => this.wake()),
    ]
  }

  wake(milliseconds = gatherMilliseconds): void {
    if (this.#closed || this.#timer !== undefined) return
    this.#timer = setTimeout(() => {
      this.#timer = undefined
      void this.run()
    }, milliseconds)
  }

  /** Numbers what waits, now. */
  run(): Promise<void> {
    this.#running = this.#running.then(async () => {
      try {
        await this.#sequence()
      } catch (error) {
        this.#report(error)
        this.wake(retryMilliseconds)
      }
    })
    return this.#running
  }

  async close(): Promise<void> {
    this.#closed = true
    for (const end of this.#unfollow) end()
    clearTimeout(this.#timer)
    await this.run()
  }
}
