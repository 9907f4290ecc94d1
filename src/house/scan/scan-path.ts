// SPDX-License-Identifier: Apache-2.0
import { availableParallelism } from 'node:os'
import { type Budgets, budgetsWith } from '#core/scan/walk/budgets.ts'
import { Board, mostThreads } from './board.ts'
import { Crew } from './crew.ts'
import {
  addCounts,
  type Batch,
  type BatchResult,
  type FinderModule,
  type Found,
  type ListedFile,
  noCounts,
  type ScanCounts,
} from './thread-protocol.ts'
import { listTree, type TreeCounts } from './tree.ts'

export interface ScanOptions {
  readonly finders: FinderModule
  readonly budgets?: Partial<Budgets>
  /** If absent: as many as there are cores, and not more than two, since each has memory of its own. */
  readonly threads?: number
  readonly signal?: AbortSignal
  /** What the one file is called, where its path says nothing to anybody. */
  readonly called?: string
  /** Told a few times a second. */
  readonly onProgress?: (progress: ScanProgress) => void
}

export interface ScanProgress {
  readonly files: number
  readonly octetsIn: number
}

export interface ScanSummary extends ScanCounts, TreeCounts {
  readonly notScanned: number
  readonly milliseconds: number
}

export interface Scan extends AsyncIterable<Found> {
  /** Resolves when all was told. */
  readonly summary: Promise<ScanSummary>
}

/** Enough that asking for the next files costs nothing beside reading them, and few enough to be shared evenly. */
const filesOfBatch = 32
/** How far a thread may be ahead of the one whose results are to be told next. */
const mostWaiting = 4_096

/**
 * Scans files and directory trees on threads of their own.
 *
 * What is found is told in the order of the tree, whichever thread was faster: two scans of the same tree say the
 * same. A scan that is stopped, or runs out of time, says so, and what it had found until then.
 */
export function scanPath(paths: readonly string[], options: ScanOptions): Scan {
  const { promise: summary, resolve, reject } = Promise.withResolvers<ScanSummary>()
  // Whoever iterates hears of it there.
  summary.catch(() => undefined)
  return {
    summary,
    async *[Symbol.asyncIterator]() {
      try {
        resolve(yield* run(paths, options))
      } catch (error) {
        reject(error)
        throw error
      } finally {
        reject(new Error('the scan was left before its end'))
      }
    },
  }
}

async function* run(
  paths: readonly string[],
  options: ScanOptions,
): AsyncGenerator<Found, ScanSummary> {
  const started = performance.now()
  const budgets = budgetsWith(options.budgets)
  const board = new Board()
  const crew = new Crew({
    ...{ finders: options.finders, budgets, board },
    threads: Math.min(mostThreads, options.threads ?? Math.min(2, availableParallelism())),
  })
  const stop = () => board.press('stopped')
  options.signal?.addEventListener('abort', stop)
  if (options.signal?.aborted) stop()
  const outOfTime = setTimeout(() => board.press('too-long'), budgets.minutes * 60_000)
  const counts = noCounts()
  const tree: TreeCounts = { directories: 0, links: 0, special: 0 }
  const progress = progressOf(options, counts)
  let notScanned = 0
  try {
    for await (const found of inOrder(batches(paths, tree, board, options.called), crew, counts)) {
      if ('reason' in found) notScanned++
      yield found
    }
  } finally {
    clearInterval(progress)
    clearTimeout(outOfTime)
    options.signal?.removeEventListener('abort', stop)
    await crew.close()
  }
  return { ...counts, ...tree, notScanned, milliseconds: performance.now() - started }
}

function progressOf({ onProgress }: ScanOptions, counts: ScanCounts) {
  if (onProgress === undefined) return undefined
  return setInterval(() => onProgress({ files: counts.files, octetsIn: counts.octetsIn }), 200)
}

/** A batch, or what the tree itself has to say in its place. */
async function* batches(
  paths: readonly string[],
  tree: TreeCounts,
  board: Board,
  called: string | undefined,
): AsyncGenerator<Batch | Found> {
  let number = 0
  let files: ListedFile[] = []
  for await (const entry of listTree(paths, tree)) {
    if ('reason' in entry) {
      if (files.length > 0) yield { number: number++, files }
      files = []
      yield entry
      continue
    }
    if (board.pressed !== undefined) {
      const because = board.pressed === 'stopped' ? 'the scan was stopped' : 'the time was up'
      yield {
        kind: 'not-scanned',
        reason: board.pressed,
        path: [entry.name],
        offset: null,
        because: `${because}: it and all that follows was not scanned`,
      }
      return
    }
    files.push(called === undefined ? entry : { ...entry, name: called })
    if (files.length < filesOfBatch) continue
    yield { number: number++, files }
    files = []
  }
  if (files.length > 0) yield { number, files }
}

/** Hands out batches as threads become free, and tells their results in the order of the tree. */
async function* inOrder(
  work: AsyncGenerator<Batch | Found>,
  crew: Crew,
  counts: ScanCounts,
): AsyncGenerator<Found> {
  const waiting: (Promise<BatchResult> | Found)[] = []
  const told = async function* (first: Promise<BatchResult> | Found): AsyncGenerator<Found> {
    if (!('then' in first)) return yield first
    yield* (await first).found
  }
  for await (const part of work) {
    if (!('files' in part)) waiting.push(part)
    else {
      await crew.room()
      const result = crew.scan(part).then((done) => {
        addCounts(counts, done.counts)
        return done
      })
      // Heard when it is told; until then nobody else needs to.
      result.catch(() => undefined)
      waiting.push(result)
    }
    while (waiting.length > mostWaiting || (waiting[0] !== undefined && (await isDone(waiting[0]))))
      yield* told(waiting.shift()!)
  }
  for (const rest of waiting) yield* told(rest)
}

const pending = Symbol('pending')

async function isDone(part: Promise<BatchResult> | Found): Promise<boolean> {
  if (!('then' in part)) return true
  return (await Promise.race([part, Promise.resolve(pending)])) !== pending
}
