// SPDX-License-Identifier: Apache-2.0

import { certificateStates } from '#format/compact-status/changes.ts'
import type { AuthorityStatus } from '#format/compact-status/status-file.ts'
import { stateIn } from '#trust/compact-status/block-state.ts'
import {
  type BlockRows,
  type BuiltBlock,
  endedBase,
  fineBase,
  serialOctets,
} from '#trust/compact-status/build-block.ts'
import { secondsAfter } from '#trust/compact-status/serial-time.ts'
import type { BlockBook } from '../ledger/tables.ts'
import { allBad, allRows, type CertificateRow, type CertificateRows } from './certificate-rows.ts'
import { drawnBetween } from './serial-ranges.ts'

/** Builds blocks, on whatever thread: `buildBlock`. */
export type BlockBuilder = (
  rows: BlockRows,
  seed: Uint8Array,
  old: BuiltBlock | undefined,
) => Promise<BuiltBlock>

/** A block as it was or will be published, with what is noted of it. */
export interface BookedBlock {
  /** Seconds after `since`. */
  readonly start: number
  readonly built: BuiltBlock
  readonly book: BlockBook
}

export interface Span {
  /** Of authorities that have the same key. */
  readonly authorities: readonly string[]
  /** Seconds since 1970: serial numbers were drawn from one on, and before the other. */
  readonly since: number
  readonly until: number
  /** What expired before this second is left out. */
  readonly livingFrom: number
}

export interface BlockPorts {
  readonly rows: CertificateRows
  readonly build: BlockBuilder
  /** Chance of this making. */
  readonly seed: Uint8Array
  /** Certificates in a block. */
  readonly blockSize: number
}

/** Rows that are asked for at once: memory stays flat whatever there is. */
const pageRows = 8_192

/**
 * The blocks of an authority as of `until`: those that did not change stay as they are, to the byte.
 *
 * A block is proved unchanged by the count of its rows and by the answer of each that is not to be believed; all
 * else is read anew.
 *
 * @param old those of the file before, the last one reached to `oldUntil`
 */
export async function refreshBlocks(
  span: Span,
  old: readonly BookedBlock[],
  oldUntil: number,
  ports: BlockPorts,
): Promise<readonly BookedBlock[]> {
  const bad = await badByBlock(span, old, oldUntil, ports)
  const fresh: BookedBlock[] = []
  for (const [index, block] of old.entries()) {
    const end = old[index + 1]?.start ?? oldUntil - span.since
    const isLast = index === old.length - 1
    const grows = isLast && block.book.rows < ports.blockSize && span.until > oldUntil
    if (grows) fresh.push(...(await read(block.start, span.until - span.since, block, span, ports)))
    else if (await isUnchanged(block, end, bad[index] ?? [], span, ports)) fresh.push(block)
    else fresh.push(...(await read(block.start, end, block, span, ports)))
    if (isLast && !grows && span.until > oldUntil)
      fresh.push(...(await read(end, span.until - span.since, undefined, span, ports)))
  }
  if (old.length === 0)
    fresh.push(...(await read(0, span.until - span.since, undefined, span, ports)))
  return joined(fresh)
}

/** What is not to be believed now, by the old block that it belongs to. */
async function badByBlock(
  { authorities, since }: Span,
  old: readonly BookedBlock[],
  oldUntil: number,
  { rows }: BlockPorts,
): Promise<readonly (readonly CertificateRow[])[]> {
  const bad: CertificateRow[][] = old.map(() => [])
  if (old.length === 0) return bad
  for (const authority of authorities) {
    for await (const page of allBad(rows, authority, pageRows)) {
      for (const row of page) {
        const second = secondsAfter(since, row.serialNumber)
        if (second === undefined || since + second >= oldUntil) continue
        bad[blockAt(old, second)]?.push(row)
      }
    }
  }
  return bad
}

function blockAt(blocks: readonly BookedBlock[], second: number): number {
  let [low, high] = [0, blocks.length]
  while (low < high) {
    const middle = (low + high) >>> 1
    if (blocks[middle]!.start <= second) low = middle + 1
    else high = middle
  }
  return low - 1
}

async function isUnchanged(
  { start, built, book }: BookedBlock,
  end: number,
  bad: readonly CertificateRow[],
  span: Span,
  { rows }: BlockPorts,
): Promise<boolean> {
  const hasEnded = built.base.bad.form === 'ended'
  // Once half of them have expired, what is said of those is thrown out.
  if (!hasEnded && span.livingFrom > book.halfEnd) return false
  const living = bad.filter(({ notAfterMilliseconds }) => notAfterMilliseconds >= book.asOf * 1000)
  if (!hasEnded && living.length !== book.bad) return false
  const changes = built.changes && { block: 0, ...built.changes }
  if (!hasEnded) {
    const differs = living.some(
      ({ serialNumber, state }) => stateIn(built.base, changes, serialNumber) !== state,
    )
    if (differs) return false
  }
  return (await countRows(start, end, span, rows)) === book.rows
}

async function countRows(
  start: number,
  end: number,
  { authorities, since }: Span,
  rows: CertificateRows,
): Promise<number> {
  let count = 0
  for (const authority of authorities) {
    for (const range of drawnBetween(since + start, since + end))
      count += await rows.count(authority, range)
  }
  return count
}

/** Reads a span and cuts it into blocks; an old one is gone on from where it is still the first of them. */
async function read(
  start: number,
  end: number,
  old: BookedBlock | undefined,
  span: Span,
  ports: BlockPorts,
): Promise<readonly BookedBlock[]> {
  if (start >= end) return []
  // Several authorities are read one after the other: their seconds do not ascend, and nothing is cut.
  const size = span.authorities.length === 1 ? ports.blockSize : Number.POSITIVE_INFINITY
  const blocks: BookedBlock[] = []
  let [from, gathered] = [start, new Gathered()]
  const close = async () => {
    const before = blocks.length === 0 ? old?.built : undefined
    blocks.push({ start: from, ...(await gathered.build(span.livingFrom, before, ports)) })
  }
  for await (const page of pagesIn(start, end, span, ports.rows)) {
    for (const row of page) {
      const second = secondsAfter(span.since, row.serialNumber) ?? from
      if (gathered.rows >= size && second > gathered.lastSecond) {
        await close()
        ;[from, gathered] = [second, new Gathered()]
      }
      gathered.add(row, second)
    }
  }
  await close()
  return blocks
}

/** Of each authority in the order of their seconds. */
async function* pagesIn(
  start: number,
  end: number,
  { authorities, since }: Span,
  rows: CertificateRows,
): AsyncGenerator<readonly CertificateRow[]> {
  for (const authority of authorities) {
    for (const range of drawnBetween(since + start, since + end)) {
      const page = (after?: Uint8Array) => rows.inRange(authority, range, pageRows, after)
      yield* allRows(page, pageRows)
    }
  }
}

/** The rows of a block to be, packed. */
class Gathered {
  /** All, also those that have expired and those of another form, which stand in the roster. */
  rows = 0
  lastSecond = -1
  readonly #serials: Uint8Array[] = []
  readonly #states: number[] = []
  readonly #ends: number[] = []

  add({ serialNumber, state, notAfterMilliseconds }: CertificateRow, second: number): void {
    this.rows++
    this.lastSecond = Math.max(this.lastSecond, second)
    if (serialNumber.length !== serialOctets) return
    this.#serials.push(serialNumber)
    this.#states.push(certificateStates.indexOf(state))
    this.#ends.push(notAfterMilliseconds)
  }

  async build(
    livingFrom: number,
    old: BuiltBlock | undefined,
    { build, seed }: BlockPorts,
  ): Promise<Omit<BookedBlock, 'start'>> {
    const living = this.#serials.flatMap((_, index) =>
      this.#ends[index]! >= livingFrom * 1000 ? [index] : [],
    )
    const ends = living.map((index) => Math.floor(this.#ends[index]! / 1000)).sort(ascending)
    const states = Uint8Array.from(living, (index) => this.#states[index]!)
    const book: BlockBook = {
      rows: this.rows,
      bad: states.reduce((sum, state) => sum + Math.min(1, state), 0),
      asOf: livingFrom,
      halfEnd: ends[ends.length >> 1] ?? Number.MAX_SAFE_INTEGER,
    }
    if (living.length === 0) {
      const base = this.#serials.length === 0 ? fineBase : endedBase
      return { built: { base, changes: undefined }, book }
    }
    const serials = new Uint8Array(living.length * serialOctets)
    for (const [at, index] of living.entries())
      serials.set(this.#serials[index]!, at * serialOctets)
    const rows = { count: living.length, serials, states }
    return { built: await build(rows, seed, old), book }
  }
}

function ascending(left: number, right: number): number {
  return left - right
}

/** Neighbours that have ended are one. */
function joined(blocks: readonly BookedBlock[]): readonly BookedBlock[] {
  const whole: BookedBlock[] = []
  for (const block of blocks) {
    const last = whole.at(-1)
    if (last === undefined || !hasEnded(last) || !hasEnded(block)) whole.push(block)
    else {
      const rows = last.book.rows + block.book.rows
      whole[whole.length - 1] = { ...last, book: { ...last.book, rows } }
    }
  }
  return whole
}

function hasEnded({ built }: BookedBlock): boolean {
  return built.base.bad.form === 'ended'
}

/** The blocks of a file with what was noted of them; none, where the two do not belong together. */
export function bookedBlocks(
  authority: AuthorityStatus,
  books: readonly BlockBook[] | undefined,
): readonly BookedBlock[] {
  if (books?.length !== authority.blocks.length) return []
  const changes = new Map(authority.changes.map((one) => [one.block, one]))
  return authority.blocks.map(({ start, base }, index) => {
    return { start, built: { base, changes: changes.get(index) }, book: books[index]! }
  })
}
