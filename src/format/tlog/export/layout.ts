// SPDX-License-Identifier: Apache-2.0
import { tileWidth } from '../tile.ts'

/** What stands at a place of an export's first part, which the size of the tree fixes entirely. */
export type Slot =
  | {
      readonly kind: 'tile'
      readonly level: number
      readonly index: number
      readonly width: number
    }
  | { readonly kind: 'event'; readonly position: number }

/**
 * The order of tiles and events in an export: tiles of level 1 and up, highest first; then each
 * level 0 tile before its events.
 */
export class ExportLayout {
  readonly size: number
  /** How many tiles and events there are. */
  readonly slots: number
  /** For each level: how many hashes it has in all, and the slot of its first tile. */
  readonly #levels: readonly { readonly hashes: number; readonly first: number }[]

  constructor(size: number) {
    this.size = size
    const hashes: number[] = []
    for (let count = size; count > 0; count = Math.floor(count / tileWidth)) hashes.push(count)
    const firsts = hashes.map((_, level) =>
      hashes.slice(level + 1).reduce((slots, count) => slots + Math.ceil(count / tileWidth), 0),
    )
    this.#levels = hashes.map((count, level) => ({ hashes: count, first: firsts[level] ?? 0 }))
    this.slots = (firsts[0] ?? 0) + Math.ceil(size / tileWidth) + size
  }

  /** The slot of a level 0 tile, or of one above; undefined if the tree has no such tile. */
  slotOfTile(level: number, index: number): number | undefined {
    const row = this.#levels[level]
    if (row === undefined || index * tileWidth >= row.hashes) return undefined
    return row.first + (level === 0 ? index * (tileWidth + 1) : index)
  }

  slotOfEvent(position: number): number | undefined {
    const tile = this.slotOfTile(0, Math.floor(position / tileWidth))
    return position >= this.size || tile === undefined
      ? undefined
      : tile + 1 + (position % tileWidth)
  }

  /** @throws RangeError unless 0 <= slot < slots */
  at(slot: number): Slot {
    const base = this.#levels[0]?.first ?? 0
    if (!(slot >= 0 && slot < this.slots)) throw new RangeError(`no slot ${slot} of ${this.slots}`)
    if (slot >= base) {
      const index = Math.floor((slot - base) / (tileWidth + 1))
      const offset = (slot - base) % (tileWidth + 1)
      return offset === 0
        ? this.#tile(0, index)
        : { kind: 'event', position: index * tileWidth + offset - 1 }
    }
    const level = this.#levels.findIndex(({ first }) => first <= slot)
    return this.#tile(level, slot - (this.#levels[level]?.first ?? 0))
  }

  #tile(level: number, index: number): Slot {
    const hashes = this.#levels[level]?.hashes ?? 0
    return { kind: 'tile', level, index, width: Math.min(tileWidth, hashes - index * tileWidth) }
  }
}
