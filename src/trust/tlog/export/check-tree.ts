// SPDX-License-Identifier: Apache-2.0
import { sameBytes } from '#format/bytes.ts'
import type { Checkpoint } from '#format/tlog/checkpoint.ts'
import { encodeEventBody } from '#format/tlog/event-body.ts'
import { ExportLayout, type Slot } from '#format/tlog/export/layout.ts'
import type { ErasedEventLine, EventLine, TileLine } from '#format/tlog/export/line.ts'
import { tileWidth } from '#format/tlog/tile.ts'
import { commitmentOf, emptyTreeHash, leafHash, TreeAccumulator } from '../merkle.ts'
import { hashesOf, hashOfTile } from '../tiles.ts'
import type { Findings } from './findings.ts'
import { extendRuns, nameOfRun, type Run } from './runs.ts'

export type TreeLine = TileLine | EventLine | ErasedEventLine

/** Stands in the tree for an event that is missing with its tile: never a hash of anything. */
const noHash = new Uint8Array(32)
/** Runs of differing events longer than this are told as one. */
const longestSpelled = 8
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
  readonly #earlier: Checkpoint | undefined
  readonly #layout: ExportLayout
  /** The next slot of the layout. */
  #next = 0
  /** Tiles of level 1 and up as the export has them, by slot; the level 0 tile at hand. */
  readonly #upper = new Map<number, Uint8Array>()
  #tile: readonly Uint8Array[] = []
  /** The events' own tree, and its hashes at each tile level above 0. */
  readonly #tree = new TreeAccumulator()
  readonly #blocks: { readonly hashes: Uint8Array[]; open: TreeAccumulator }[] = []
  /** Where event and tile differ. */
  readonly #differing: Run[] = []

  constructor(checkpoint: Checkpoint, earlier: Checkpoint | undefined, findings: Findings) {
    this.#checkpoint = checkpoint
    this.#earlier = earlier
    this.#layout = new ExportLayout(checkpoint.size)
    this.#findings = findings
    this.#compareWithEarlier()
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
    this.#next = this.#layout.slots
    if (sameBytes(this.#tree.root(), this.#checkpoint.root)) {
      this.#blameTiles()
    } else {
      this.#blameEvents()
    }
  }

  /** The slot that a line fills: its own, or the next one if it bears a wrong number. */
  #place(line: TreeLine): number | undefined {
    const own = this.#ownSlot(line)
    if (own === this.#next) return own
    const fits = this.#fitsNext(line)
    const belongsHere = fits && this.#isGenuine(line, this.#next)
    const belongsThere = own !== undefined && this.#isGenuine(line, own)
    if (!belongsHere && belongsThere && own > this.#next) return own
    const [code, name] = line.line === 'tile' ? tileWords(line) : eventWords(line)
    this.#findings.wrong(code, name, `where ${this.expected} is expected`)
    const isChanged = fits && !belongsThere && (own ?? this.#layout.slots) > this.#next
    return belongsHere || isChanged ? this.#next : undefined
  }

  #fitsNext(line: TreeLine): boolean {
    if (this.#next >= this.#layout.slots) return false
    return (this.#layout.at(this.#next).kind === 'tile') === (line.line === 'tile')
  }

  #ownSlot(line: TreeLine): number | undefined {
    if (line.line === 'tile') return this.#layout.slotOfTile(line.level, line.index)
    return this.#layout.slotOfEvent(line.position)
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

  /** Index of the level 0 tile whose events are expected. */
  #tileAtHand(): number {
    if (this.#next >= this.#layout.slots) return -1
    const place = this.#layout.at(this.#next)
    return place.kind === 'event' ? Math.floor(place.position / tileWidth) : -1
  }

  #statedParent(level: number, index: number): Uint8Array | undefined {
    const slot = this.#layout.slotOfTile(level + 1, Math.floor(index / tileWidth))
    const tile = slot === undefined ? undefined : this.#upper.get(slot)
    const at = (index % tileWidth) * 32
    return tile === undefined || tile.length < at + 32 ? undefined : tile.subarray(at, at + 32)
  }

  /** Reports the slots from the next one up to `slot` as missing. */
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
        this.#append(this.#tile[place.position % tileWidth] ?? noHash)
      }
    }
    for (const run of events) {
      this.#findings.wrong('event-missing', nameOfRun(run), 'not in the export')
    }
  }

  /** Passes over more than can be filled in; what follows is not compared with the tree. */
  #skip(slot: number): void {
    const [first, last] = [this.#next, slot - 1].map((at) => nameOf(this.#layout.at(at)))
    this.#findings.wrong('event-missing', `${first} to ${last}`, 'not in the export')
    this.#tile = []
    this.#next = slot
  }

  #takeTile(slot: number, place: Slot & { kind: 'tile' }, hashes: Uint8Array): void {
    if (hashes.length !== place.width * 32) {
      const detail = `it has ${hashes.length / 32} hashes, the tree has ${place.width} there`
      this.#findings.wrong('tile-changed', nameOf(place), detail)
    }
    if (place.level === 0) this.#tile = hashesOf(hashes)
    else this.#upper.set(slot, hashes)
  }

  #takeLeaf(position: number, leaf: Uint8Array): void {
    const stated = this.#tile[position % tileWidth]
    if (stated !== undefined && !sameBytes(stated, leaf)) extendRuns(this.#differing, position)
    this.#append(leaf)
  }

  #append(leaf: Uint8Array): void {
    this.#tree.append(leaf)
    this.#appendBlock(0, leaf)
    this.#compareWithEarlier()
  }

  /** Keeps the hash of each full tile at the level above it. */
  #appendBlock(level: number, hash: Uint8Array): void {
    this.#blocks[level] ??= { hashes: [], open: new TreeAccumulator() }
    const block = this.#blocks[level]
    if (level > 0) block.hashes.push(hash)
    block.open.append(hash)
    if (block.open.size < tileWidth) return
    this.#appendBlock(level + 1, block.open.root())
    block.open = new TreeAccumulator()
  }

  #compareWithEarlier(): void {
    const earlier = this.#earlier
    if (earlier === undefined || earlier.size !== this.#tree.size) return
    if (!sameBytes(this.#tree.root(), earlier.root)) {
      const about = earlier.size === 0 ? 'earlier checkpoint' : `events 0 to ${earlier.size - 1}`
      this.#findings.wrong('history-differs', about, differing(this.#tree.root(), earlier.root))
    }
  }

  /** The events are those that were signed: whatever differs from them is a tile's fault. */
  #blameTiles(): void {
    for (const run of this.#differing) {
      const about = `tile 0/${Math.floor(run.first / tileWidth)}`
      this.#findings.wrong('tile-changed', about, `it has another hash for ${nameOfRun(run)}`)
    }
    this.#compareUpper((level, index) => {
      const about = `tile ${level}/${Math.floor(index / tileWidth)}`
      const detail = `it has another hash for tile ${level - 1}/${index}`
      this.#findings.wrong('tile-changed', about, detail)
    })
  }

  #blameEvents(): void {
    for (const run of this.#differing) {
      const detail = 'salt and body do not give the hash that its tile has'
      if (run.last - run.first >= longestSpelled) {
        this.#findings.wrong('events-changed', nameOfRun(run), detail)
        continue
      }
      for (let position = run.first; position <= run.last; position++) {
        this.#findings.wrong('event-changed', `event ${position}`, detail)
      }
    }
    this.#compareUpper((level, index) => {
      const width = tileWidth ** level
      const run = { first: index * width, last: (index + 1) * width - 1 }
      const known = this.#differing.some(
        ({ first, last }) => first <= run.last && last >= run.first,
      )
      if (known) return
      const detail = `they do not give hash ${index % tileWidth} of tile ${level}/${Math.floor(index / tileWidth)}`
      this.#findings.wrong('events-changed', nameOfRun(run), detail)
    })
    const { root, size } = this.#checkpoint
    const about = size === 0 ? 'checkpoint' : nameOfRun({ first: 0, last: size - 1 })
    this.#findings.wrong('root-differs', about, differing(this.#tree.root(), root))
  }

  /** Calls for each hash of a stated upper tile that the events do not give. */
  #compareUpper(differs: (level: number, index: number) => void): void {
    for (const [slot, stated] of this.#upper) {
      const place = this.#layout.at(slot)
      if (place.kind !== 'tile') continue
      const own = this.#blocks[place.level]?.hashes ?? []
      for (const [at, hash] of hashesOf(stated).entries()) {
        const index = place.index * tileWidth + at
        const given = own[index]
        if (given !== undefined && !sameBytes(given, hash)) differs(place.level, index)
      }
    }
  }
}

function leafOf(line: EventLine | ErasedEventLine): Uint8Array {
  return leafHash(
    line.line === 'event' ? commitmentOf(line.salt, encodeEventBody(line.event)) : line.commitment,
  )
}

function nameOf(slot: Slot): string {
  return slot.kind === 'tile' ? `tile ${slot.level}/${slot.index}` : `event ${slot.position}`
}

function tileWords({ level, index }: TileLine) {
  return ['tile-out-of-place', `tile ${level}/${index}`] as const
}

function eventWords({ position }: EventLine | ErasedEventLine) {
  return ['event-out-of-place', `event ${position}`] as const
}

function differing(found: Uint8Array, signed: Uint8Array): string {
  const given = sameBytes(found, emptyTreeHash) ? 'no event gives' : 'they give'
  return `${given} ${found.toHex()}, signed is ${signed.toHex()}`
}
