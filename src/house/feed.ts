// SPDX-License-Identifier: Apache-2.0
import type { Change, Ledger } from '#core/ledger/ledger.ts'

/** What just became durable in this process. */
export type Listener = (change: Change) => void | Promise<void>

/**
 * The ledger, told on: whoever follows hears of each change right after it became durable, and the
 * committer goes on when they have taken note.
 */
export class Feed {
  readonly #listeners = new Set<Listener>()

  /** @returns a function that ends the following */
  follow(listener: Listener): () => void {
    this.#listeners.add(listener)
    return () => this.#listeners.delete(listener)
  }

  /** The same ledger; its commits are told on. */
  announcing(ledger: Ledger): Ledger {
    return {
      read: (kind, id) => ledger.read(kind, id),
      find: (kind, key, values) => ledger.find(kind, key, values),
      list: (kind, query) => ledger.list(kind, query),
      count: (kind, query) => ledger.count(kind, query),
      commit: async (change) => {
        const committed = await ledger.commit(change)
        if (committed.kind === 'committed') await this.#tell(change)
        return committed
      },
    }
  }

  async #tell(change: Change): Promise<void> {
    for (const listener of this.#listeners) {
      const heard = listener(change)
      if (heard !== undefined) await heard
    }
  }
}
