// SPDX-License-Identifier: Apache-2.0
import { sameBytes } from '#format/bytes.ts'
import type { Checkpoint } from '#format/tlog/checkpoint.ts'
import { encodeEventBody } from '#format/tlog/event-body.ts'
import { ExportLayout, type Slot } from '#format/tlog/export/layout.ts'
import type { ErasedEventLine, EventLine, TileLine } from '#format/tlog/export/line.ts'
import { tileWidth } from '#format/tlog/tile.ts'
import { commitmentOf, leafHash } from '../merkle.ts'
import { hashesOf, hashOfTile, type Tile } from '../tiles.ts'
import { blame } from './blame.ts'
import type { EarlierCheck } from './check-earlier.ts'
import { EventsTree } from './events-tree.ts'
import type { Findings } from './findings.ts'
import { extendRuns, nameOfRun, type Run } from './runs.ts'

export type TreeLine = TileLine | EventLine | ErasedEventLine

/** Stands in the tree for an event that is missing with its tile: never a hash of anything. */
const noHash = new Uint8Array(32)
/** A gap longer than this is not filled in: only a made-up tree size has one. */
const longestGap = 10_000_000

/**
 * Checks tiles and events against the signed tree hash, in the order of the export.
 *
 * The events alone decide whether the log is whole: their own tree hash is compared with the signed
 * one. The tiles say which event it was if it is not; they take no part in the proof.
 */
export class TreeCheck {
  readonly #findings: Findings
  readonly #checkpoint: Checkpoint
  readonly #earlier: EarlierCheck
  readonly #layout: ExportLayout
  readonly #tree = new EventsTree()
  /** The slot of the layout that comes next. */
  #next = 0
  /** Tiles of level 1 and up as the export has them, by slot. */
  readonly #upper = new Map<number, Tile>()
  /** The hashes of the level 0 tile at hand. */
  #tile: readonly Uint8Array[] = []
  /** Where event and tile differ, and where there is no event. */
  readonly #differing: Run[] = []
  readonly #missing: Run[] = []

  constructor(checkpoint: Checkpoint, earlier: EarlierCheck, findings: Findings) {
    this.#checkpoint = checkpoint
    this.#earlier = earlier
    this.#layout = new ExportLayout(checkpoint.size)
    this.#findings = findings
    this.#tellEarlier()
  }

  /** What the next line should be, for a message. */
  get expected(): string {
    return this.#next < this.#layout.slots ? nameOf(this.#layout.at(this.#next)) : 'a record'
  }

  /**
   * Takes a line at its place.
   *
   * @returns the position that an event turned out to have; undefined for a tile, or a line that
   *   does not belong there and was passed over
   */
  take(line: TreeLine): number | undefined {
    const slot = this.#place(line)
    if (slot === undefined) return undefined
    this.#miss(slot)
    this.#next = slot + 1
    const place = this.#layout.at(slot)
    if (place.kind === 'tile') {
      if (line.line === 'tile') this.#takeTile(slot, place, line.hashes)
      return undefined
    }
    if (line.line !== 'tile') this.#takeLeaf(place.position, leafOf(line))
    return place.position
  }

  /** No more tiles and events come. */
  finish(): void {
    this.#miss(this.#layout.slots)
    const evidence = {
      checkpoint: this.#checkpoint,
      tree: this.#tree,
      upper: [...this.#upper.values()],
      differing: this.#differing,
      missing: this.#missing,
    }
    blame(evidence, this.#findings)
  }

  /** The slot that a line fills: its own, or the next one if it bears a wrong number. */
  #place(line: TreeLine): number | undefined {
    const own = this.#ownSlot(line)
    if (own === this.#next) return own
    const fits = this.#fitsNext(line)
    const belongsHere = fits && this.#isGenuine(line, this.#next)
    const belongsThere = own !== undefined && this.#isGenuine(line, own)
    if (!belongsHere && belongsThere && own > this.#next) return own
    const code = line.line === 'tile' ? 'tile-out-of-place' : 'event-out-of-place'
    this.#findings.wrong(code, nameOfLine(line), `where ${this.expected} is expected`)
    const isChanged = fits && !belongsThere && (own ?? this.#layout.slots) > this.#next
    return belongsHere || isChanged ? this.#next : undefined
  }

  #ownSlot(line: TreeLine): number | undefined {
    if (line.line === 'tile') return this.#layout.slotOfTile(line.level, line.index)
    return this.#layout.slotOfEvent(line.position)
  }

  #fitsNext(line: TreeLine): boolean {
    if (this.#next >= this.#layout.slots) return false
    return (this.#layout.at(this.#next).kind === 'tile') === (line.line === 'tile')
  }

  /** Whether the tile above has this line's hash at this slot, as far as that can be known. */
  #isGenuine(line: TreeLine, slot: number): boolean {
    const place = this.#layout.at(slot)
    if (line.line === 'tile') {
      if (place.kind !== 'tile' || line.hashes.length !== place.width * 32) return false
      const parent = this.#statedParent(place.level, place.index)
      return parent === undefined || sameBytes(parent, hashOfTile(line))
    }
    if (place.kind !== 'event') return false
    const isAtHand = Math.floor(place.position / tileWidth) === this.#tileAtHand()
    const stated = isAtHand ? this.#tile[place.position % tileWidth] : undefined
    // Without the hash of its tile, as for a later one, its number has to be believed.
    if (stated === undefined) return line.position === place.position
    return sameBytes(stated, leafOf(line))
  }

  /** Index of the level 0 tile whose events are expected; -1 if none is. */
  #tileAtHand(): number {
    if (this.#next >= this.#layout.slots) return -1
    const place = this.#layout.at(this.#next)
    return place.kind === 'event' ? Math.floor(place.position / tileWidth) : -1
  }

  #statedParent(level: number, index: number): Uint8Array | undefined {
    const slot = this.#layout.slotOfTile(level + 1, Math.floor(index / tileWidth))
    const tile = slot === undefined ? undefined : this.#upper.get(slot)
    const at = (index % tileWidth) * 32
    if (tile === undefined || tile.hashes.length < at + 32) return undefined
    return tile.hashes.subarray(at, at + 32)
  }

  /** Reports the slots from the next one up to `slot` as missing, and goes there. */
  #miss(slot: number): void {
    if (slot - this.#next > longestGap) this.#skip(slot)
    const events: Run[] = []
    for (; this.#next < slot; this.#next++) {
      const place = this.#layout.at(this.#next)
      if (place.kind === 'tile') {
        this.#findings.wrong('tile-missing', nameOf(place), 'its line is not there')
        if (place.level === 0) this.#tile = []
      } else {
        extendRuns(events, place.position)
        extendRuns(this.#missing, place.position)
        this.#append(this.#tile[place.position % tileWidth] ?? noHash)
      }
    }
    for (const run of events) {
      this.#findings.wrong('event-missing', nameOfRun(run), 'not in the export')
    }
  }

  /** Passes over more than can be filled in; what follows is not compared with the tree. */
  #skip(slot: number): void {
    const detail = `${slot - this.#next} lines are not in the export`
    this.#findings.wrong('event-missing', `${this.expected} and after`, detail)
    this.#tile = []
    this.#next = slot
  }

  #takeTile(slot: number, place: Slot & { kind: 'tile' }, hashes: Uint8Array): void {
    const { level, index, width } = place
    if (hashes.length !== width * 32) {
      const detail = `it has ${hashes.length / 32} hashes, the tree has ${width} there`
      this.#findings.wrong('tile-changed', nameOf(place), detail)
    }
    if (level === 0) this.#tile = hashesOf(hashes)
    else this.#upper.set(slot, { level, index, hashes })
  }

  #takeLeaf(position: number, leaf: Uint8Array): void {
    const stated = this.#tile[position % tileWidth]
    if (stated !== undefined && !sameBytes(stated, leaf)) extendRuns(this.#differing, position)
    this.#append(leaf)
  }

  #append(leaf: Uint8Array): void {
    this.#tree.append(leaf)
    this.#tellEarlier()
  }

  #tellEarlier(): void {
    if (this.#earlier.size === this.#tree.size) this.#earlier.takeRoot(this.#tree.root())
  }
}

function leafOf(line: EventLine | ErasedEventLine): Uint8Array {
  const commitment =
    line.line === 'event' ? commitmentOf(line.salt, encodeEventBody(line.event)) : line.commitment
  return leafHash(commitment)
}

function nameOf(slot: Slot): string {
  return slot.kind === 'tile' ? `tile ${slot.level}/${slot.index}` : `event ${slot.position}`
}

function nameOfLine(line: TreeLine): string {
  return line.line === 'tile' ? `tile ${line.level}/${line.index}` : `event ${line.position}`
}
