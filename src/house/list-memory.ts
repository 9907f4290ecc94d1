// SPDX-License-Identifier: Apache-2.0
import type { CrlRecord } from '#core/ledger/tables.ts'

/** So much of lists stays in memory: all shards of a million revoked, or thousands of usual ones. */
const mostBytes = 67_108_864

/** Lists by key; those that nobody read for the longest are forgotten first, full ones and deltas never. */
export class ListMemory {
  readonly #lists = new Map<string, CrlRecord>()
  #bytes = 0

  get(key: string): CrlRecord | undefined {
    const list = this.#lists.get(key)
    if (list === undefined) return undefined
    // A Map keeps the order of setting: what was read goes to its end.
    this.#lists.delete(key)
    this.#lists.set(key, list)
    return list
  }

  set(key: string, list: CrlRecord): void {
    this.delete(key)
    this.#lists.set(key, list)
    this.#bytes += weight(list)
    for (const [old, { shard }] of this.#lists) {
      if (this.#bytes <= mostBytes) break
      if (shard >= 0 && old !== key) this.delete(old)
    }
  }

  delete(key: string): void {
    const list = this.#lists.get(key)
    if (list === undefined) return
    this.#bytes -= weight(list)
    this.#lists.delete(key)
  }

  keys(): Iterable<string> {
    return this.#lists.keys()
  }

  values(): Iterable<CrlRecord> {
    return this.#lists.values()
  }
}

function weight({ shard, der }: CrlRecord): number {
  return shard >= 0 ? der.length : 0
}
