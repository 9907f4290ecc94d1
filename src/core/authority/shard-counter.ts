// SPDX-License-Identifier: Apache-2.0
/** A CRL shard closes at this many certificates, so that it stays small enough for any device. */
export const shardCapacity = 3500

/** With so much room left the next shard is claimed, so that nobody waits for it. */
const claimAhead = shardCapacity / 2

/**
 * Gives each new certificate its CRL shard.
 *
 * Each shard is filled by one process alone, which claims it in the ledger when it is first needed: a
 * restart leaves a shard half empty, which costs an almost empty CRL and saves a count at each issue.
 */
export class ShardCounter {
  readonly #claim: () => Promise<number>
  #shard = 0
  #room = 0
  #next: Promise<number> | undefined

  /** `claim` gives a number that it never gave before, to anyone. */
  constructor(claim: () => Promise<number>) {
    this.#claim = claim
  }

  /** @throws as `claim` does; the next call asks it again */
  async next(): Promise<number> {
    while (this.#room === 0) await this.#turn()
    this.#room--
    if (this.#room === claimAhead) this.#prepare()
    return this.#shard
  }

  /** Of several that wait, the first opens the shard for all. */
  async #turn(): Promise<void> {
    const next = this.#prepare()
    const shard = await next
    if (this.#next !== next) return
    this.#next = undefined
    this.#shard = shard
    this.#room = shardCapacity
  }

  #prepare(): Promise<number> {
    if (this.#next !== undefined) return this.#next
    const next = this.#claim()
    this.#next = next
    next.catch(() => {
      if (this.#next === next) this.#next = undefined
    })
    return next
  }
}
