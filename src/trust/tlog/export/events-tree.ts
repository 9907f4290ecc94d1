// SPDX-License-Identifier: Apache-2.0
import { tileWidth } from '#format/tlog/tile.ts'
import { TreeAccumulator } from '../merkle.ts'

/** The tree that the events themselves give, with the hashes of its tiles above level 0. */
export class EventsTree {
  readonly #tree = new TreeAccumulator()
  readonly #levels: { readonly hashes: Uint8Array[]; open: TreeAccumulator }[] = []

  get size(): number {
    return this.#tree.size
  }

  root(): Uint8Array {
    return this.#tree.root()
  }

  append(leaf: Uint8Array): void {
    this.#tree.append(leaf)
    this.#appendAt(0, leaf)
  }

  /** The hash of the n-th full tile of the level below; level 1 or more. */
  hashAt(level: number, index: number): Uint8Array | undefined {
    return this.#levels[level]?.hashes[index]
  }

  #appendAt(level: number, hash: Uint8Array): void {
    this.#levels[level] ??= { hashes: [], open: new TreeAccumulator() }
    const row = this.#levels[level]
    if (level > 0) row.hashes.push(hash)
    row.open.append(hash)
    if (row.open.size < tileWidth) return
    this.#appendAt(level + 1, row.open.root())
    row.open = new TreeAccumulator()
  }
}
