// SPDX-License-Identifier: Apache-2.0
/** A CRL shard closes at this many certificates, so that it stays small enough for any device. */
export const shardCapacity = 3500

/**
 * Gives each new certificate its CRL shard.
 *
 * Starts with a shard that no certificate has: a restart closes the shard that was open, which costs
 * an almost empty CRL and saves a count at each issue.
 */
export class ShardCounter {
  #shard: number
  #room = shardCapacity

  constructor(firstUnused: number) {
    this.#shard = firstUnused
  }

  next(): number {
    if (this.#room === 0) {
      this.#shard++
      this.#room = shardCapacity
    }
    this.#room--
    return this.#shard
  }
}
