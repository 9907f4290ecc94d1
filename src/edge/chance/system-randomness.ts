// SPDX-License-Identifier: Apache-2.0
import { randomFillSync } from 'node:crypto'
import type { Randomness } from '#core/ports.ts'

/** A call of the generator costs far more than the few bytes that most callers want. */
const poolBytes = 4096

/**
 * The generator of node:crypto, drawn in pools.
 *
 * What has been given out is wiped from the pool, so that no secret lingers in it.
 */
export function makeSystemRandomness(): Randomness {
  const pool = new Uint8Array(poolBytes)
  let used = poolBytes
  return {
    bytes: (count) => {
      if (count > poolBytes / 16) return randomFillSync(new Uint8Array(count))
      if (used + count > poolBytes) {
        randomFillSync(pool)
        used = 0
      }
      const bytes = pool.slice(used, used + count)
      pool.fill(0, used, used + count)
      used += count
      return bytes
    },
  }
}

export const systemRandomness: Randomness = makeSystemRandomness()
