// SPDX-License-Identifier: Apache-2.0
import type { SharedPrime, WatchedModulus } from '#trust/weak-keys/shared-primes/shared-prime.ts'
import { encodeKeys, idAt, idFrom, idOctets, type KeysBody, withoutZeros } from './keys-file.ts'
import { KnownIds } from './known-ids.ts'
import { PrimeThreads } from './prime-threads.ts'
import type { GrownTree, KeysPart, SharingKey } from './thread-messages.ts'
import { type Subset, WatchDirectory } from './watch-directory.ts'

export interface PrimeWatchOptions {
  /** Told of each step of a run, some hundred times an hour of work. */
  readonly onProgress?: (progress: PrimeWatchProgress) => void
  /** Ends the run that is on, and each after it. */
  readonly signal?: AbortSignal
  /** How much is worked on at once: the memory that a run takes is about 40 times these bits. */
  readonly chunkBits?: number
}

export interface PrimeWatchProgress {
  readonly keysTested: number
  readonly keysWaiting: number
  /** Of the keys that are being tested at the moment, 0 to 1. */
  readonly share: number
}

export interface PrimeWatchState {
  /** All that the directory knows. */
  readonly keys: number
  /** Of them, those that no run has looked at. */
  readonly waiting: number
  /** How many products stand for all that was tested. */
  readonly subsets: number
  /** Keys that share something with another. */
  readonly sharing: number
  readonly octetsOnDisk: number
  readonly running: boolean
  readonly paused: boolean
  /** Products that this process made, and those of them that it had to make anew. */
  readonly productsMade: number
  readonly productsRemade: number
  /** Files that were found damaged, foreign or missing, each with what is wrong; what they held is made anew. */
  readonly damaged: readonly string[]
}

/**
 * Looks for primes that keys of a fleet have in common, over all keys that it was ever given.
 *
 * What it keeps on disk can be made anew from the keys, and none of it is secret: a prime that was found is never
 * written down.
 */
export interface PrimeWatch {
  /**
   * Takes keys that are not known yet, durably; they are looked at by the next run. Known ids are passed over, so
   * giving all keys of a ledger again is how a directory that was lost is filled.
   *
   * @returns how many were new
   * @throws RangeError for an id or a modulus that none is; then none is taken
   */
  add(keys: readonly WatchedModulus[]): Promise<number>
  /**
   * Tests the keys that wait, against each other and against all before them.
   *
   * @returns everything that any keys of this directory have in common, what earlier runs found too: who lost an
   *   answer, by a crash perhaps, gets it again
   */
  run(): Promise<readonly SharedPrime[]>
  state(): Promise<PrimeWatchState>
  pause(): void
  resume(): void
  /** Ends a run that is on; what it has tested so far is kept. */
  close(): Promise<void>
}

/** An eighth of the largest number that V8 can make (2^30 bits): a third of it may be under way besides. */
const mostChunkBits = 2 ** 27
/** Products are joined up to a quarter of that. */
const mostSubsetBits = 2 ** 28
/** With fewer keys a second thread costs more than it saves. */
const fewestForTwo = 512

/** Opens the directory, which is made if it is not there; one process at a time. */
export async function openPrimeWatch(
  directory: string,
  options: PrimeWatchOptions = {},
): Promise<PrimeWatch> {
  const known = new KnownIds()
  const place = await WatchDirectory.open(directory, (keys) => {
    for (let at = 0; at < keys.count; at++) known.add(idOf(keys, at))
  })
  return new DirectoryWatch(place, known, options)
}

function idOf({ ids }: KeysBody, at: number): Uint8Array {
  return ids.subarray(at * idOctets, (at + 1) * idOctets)
}

class DirectoryWatch implements PrimeWatch {
  readonly #place: WatchDirectory
  readonly #known: KnownIds
  readonly #options: PrimeWatchOptions
  readonly #closing = new AbortController()
  readonly #stopped: AbortSignal
  #adding: Promise<unknown> = Promise.resolve()
  #running: Promise<unknown> = Promise.resolve()
  #threads: PrimeThreads | undefined
  #paused: PromiseWithResolvers<void> | undefined
  #work = { done: 0, all: 1 }
  #made = 0
  #remade = 0

  constructor(place: WatchDirectory, known: KnownIds, options: PrimeWatchOptions) {
    this.#place = place
    this.#known = known
    this.#options = options
    const { signal } = options
    this.#stopped = AbortSignal.any([this.#closing.signal, ...(signal ? [signal] : [])])
  }

  add(keys: readonly WatchedModulus[]): Promise<number> {
    // Beside a run, which may last for hours: what is added now waits for the next one, or for its end.
    const added = this.#adding.then(async () => {
      const fresh: WatchedModulus[] = []
      const ids = new Set<string>()
      for (const { id, modulus } of keys) {
        if (this.#known.has(idFrom(id)) || ids.has(id)) continue
        ids.add(id)
        fresh.push({ id, modulus: withoutZeros(modulus) })
      }
      for (const some of chunksOf(fresh, this.#chunkBits)) {
        const subset = await this.#place.writeKeys(encodeKeys(some), 'waiting')
        await this.#place.change(({ subsets, sharing }) => ({
          subsets: [...subsets, subset],
          sharing,
        }))
        for (const { id } of some) this.#known.add(idFrom(id))
      }
      return fresh.length
    })
    this.#adding = added.catch(() => undefined)
    return added
  }

  run(): Promise<readonly SharedPrime[]> {
    const shared = this.#running.then(async () => {
      this.#stopped.throwIfAborted()
      const threads = new PrimeThreads((bits) => this.#tell(bits))
      this.#threads = threads
      if (this.#paused) threads.pause()
      const end = () => {
        this.#paused?.resolve()
        void threads.end()
      }
      this.#stopped.addEventListener('abort', end, { once: true })
      try {
        return await this.#runOn(threads)
      } catch (error) {
        // What its threads were asked is broken because they were ended.
        this.#stopped.throwIfAborted()
        throw error
      } finally {
        this.#stopped.removeEventListener('abort', end)
        this.#threads = undefined
        await threads.end()
      }
    })
    this.#running = shared.catch(() => undefined)
    return shared
  }

  async state(): Promise<PrimeWatchState> {
    const { subsets, sharing, damaged } = this.#place
    const waiting = subsets.filter(({ state }) => state === 'waiting')
    return {
      ...{ keys: this.#known.count, waiting: keysIn(waiting) },
      ...{ subsets: subsets.length - waiting.length, sharing: sharing?.keys ?? 0 },
      octetsOnDisk: await this.#place.octets(),
      ...{ running: this.#threads !== undefined, paused: this.#paused !== undefined },
      ...{ productsMade: this.#made, productsRemade: this.#remade, damaged: [...damaged] },
    }
  }

  pause(): void {
    this.#paused ??= Promise.withResolvers()
    this.#threads?.pause()
  }

  resume(): void {
    this.#paused?.resolve()
    this.#paused = undefined
    this.#threads?.resume()
  }

  async close(): Promise<void> {
    this.#closing.abort(new Error('the watch on primes was closed'))
    this.resume()
    await Promise.all([this.#adding, this.#running])
  }

  get #chunkBits(): number {
    return Math.min(this.#options.chunkBits ?? mostChunkBits, mostChunkBits)
  }

  async #runOn(threads: PrimeThreads): Promise<readonly SharedPrime[]> {
    for (let some = this.#nextWaiting(); some.length > 0; some = this.#nextWaiting()) {
      await this.#paused?.promise
      this.#stopped.throwIfAborted()
      await this.#test(some, threads)
      await this.#joinAlike(threads)
    }
    const { sharing } = this.#place
    if (sharing === undefined) return []
    return (await threads.ask(0, 'name', { file: this.#place.keysFile(sharing) })).shared
  }

  /** As many of those that wait as are worked on at once. */
  #nextWaiting(): Subset[] {
    const some: Subset[] = []
    let bits = 0
    for (const subset of this.#place.subsets) {
      if (subset.state !== 'waiting') continue
      bits += subset.bits
      if (some.length > 0 && bits > this.#chunkBits) break
      some.push(subset)
    }
    return some
  }

  async #test(some: readonly Subset[], threads: PrimeThreads): Promise<void> {
    const old = this.#place.subsets.filter(({ state }) => state === 'tested')
    for (const subset of old) await this.#mend(subset, threads)
    const halves = halvesOf(some, this.#place)
    const keys = keysIn(some)
    this.#work = { done: 0, all: bitsIn(some) * (2 * Math.ceil(Math.log2(keys + 1)) + 4) }
    const others = old.map((subset) => this.#place.filesOf(subset))
    const trees = await both(halves, (parts, at) => threads.ask(at, 'grow', { parts }))
    const found = await both(halves, (_, at) =>
      threads.ask(at, 'find', { sibling: trees[1 - at]?.product, others }),
    )
    const sharing = found.flatMap(({ sharing: here }) => here)
    if (sharing.length > 0) {
      const factors = found.map(({ divisors }) => divisors)
      const older = old.map((subset, at) => {
        const files = this.#place.filesOf(subset)
        return threads.ask(at % 2 === 0 ? 0 : 1, 'descend', { subset: files, factors })
      })
      for (const { sharing: there } of await Promise.all(older)) sharing.push(...there)
    }
    const tested = await this.#settle(some, trees, threads)
    const shared = await this.#withSharing(sharing)
    await this.#place.change(({ subsets }) => ({
      subsets: [...old, tested, ...subsets.filter((one) => isNeither(one, old, some))],
      sharing: shared,
    }))
    this.#tell(0)
  }

  /** One subset of those that were tested together, with the product that their trees gave. */
  async #settle(
    some: readonly Subset[],
    trees: readonly GrownTree[],
    threads: PrimeThreads,
  ): Promise<Subset> {
    const [only] = some
    const subset =
      some.length === 1 && only
        ? only
        : await this.#place.writeKeys(await this.#joinedKeys(some), 'tested')
    await threads.ask(0, 'join', { subset: this.#place.filesOf(subset), parts: trees })
    this.#made += 1
    return { ...subset, state: 'tested' }
  }

  /** While the last two are about alike: so each key is multiplied anew only as often as their number has digits. */
  async #joinAlike(threads: PrimeThreads): Promise<void> {
    for (;;) {
      const tested = this.#place.subsets.filter(({ state }) => state === 'tested')
      const [before, last] = tested.slice(-2)
      if (before === undefined || last === undefined) return
      if (before.bits > 2 * last.bits || before.bits + last.bits > mostSubsetBits) return
      for (const part of [before, last]) await this.#mend(part, threads)
      const body = await this.#joinedKeys([before, last])
      const subset = await this.#place.writeKeys(body, 'tested')
      const parts = [before, last].map((part) => this.#place.filesOf(part))
      await threads.ask(1, 'join', { subset: this.#place.filesOf(subset), parts })
      this.#made += 1
      await this.#place.change(({ subsets, sharing }) => ({
        subsets: [
          ...tested.slice(0, -2),
          subset,
          ...subsets.filter(({ state }) => state === 'waiting'),
        ],
        sharing,
      }))
    }
  }

  /** Makes the product of a subset anew from its keys, if its file cannot be used. */
  async #mend(subset: Subset, threads: PrimeThreads): Promise<void> {
    const files = this.#place.filesOf(subset)
    const { unusable } = await threads.ask(0, 'check', { subset: files })
    if (unusable === undefined) return
    this.#place.noteDamaged(unusable)
    const halves = halvesOf([subset], this.#place)
    const parts = await both(halves, (half, at) => threads.ask(at, 'grow', { parts: half }))
    await threads.ask(0, 'join', { subset: files, parts })
    this.#made += 1
    this.#remade += 1
  }

  async #joinedKeys(subsets: readonly Subset[]): Promise<Uint8Array> {
    const keys: WatchedModulus[] = []
    for (const subset of subsets) {
      const body = await this.#place.readKeys(subset)
      for (let at = 0; at < body.count; at++)
        keys.push({ id: idAt(body, at), modulus: body.modulus(at) })
    }
    return encodeKeys(keys)
  }

  async #withSharing(sharing: readonly SharingKey[]): Promise<Subset | undefined> {
    const before = this.#place.sharing
    if (sharing.length === 0) return before
    const byId = new Map(sharing.map((key) => [key.id, key]))
    if (before !== undefined) {
      const body = await this.#place.readKeys(before)
      for (let at = 0; at < body.count; at++)
        byId.set(idAt(body, at), { id: idAt(body, at), modulus: body.modulus(at) })
    }
    return this.#place.writeKeys(encodeKeys([...byId.values()]), 'tested')
  }

  #tell(bits: number): void {
    this.#work.done += bits
    const { subsets } = this.#place
    const waiting = keysIn(subsets.filter(({ state }) => state === 'waiting'))
    this.#options.onProgress?.({
      ...{ keysTested: keysIn(subsets) - waiting, keysWaiting: waiting },
      share: Math.min(1, this.#work.done / this.#work.all),
    })
  }
}

function isNeither(one: Subset, old: readonly Subset[], some: readonly Subset[]): boolean {
  return !old.includes(one) && !some.includes(one)
}

function keysIn(subsets: readonly Subset[]): number {
  return subsets.reduce((sum, { keys }) => sum + keys, 0)
}

function bitsIn(subsets: readonly Subset[]): number {
  return subsets.reduce((sum, { bits }) => sum + bits, 0)
}

function* chunksOf(keys: readonly WatchedModulus[], mostBits: number): Generator<WatchedModulus[]> {
  let some: WatchedModulus[] = []
  let bits = 0
  for (const key of keys) {
    bits += key.modulus.length * 8
    if (bits > mostBits && some.length > 0) {
      yield some
      some = []
      bits = key.modulus.length * 8
    }
    some.push(key)
  }
  if (some.length > 0) yield some
}

/** The keys of subsets in two parts of about as many keys, one for each thread; in one part if they are few. */
function halvesOf(subsets: readonly Subset[], place: WatchDirectory): readonly KeysPart[][] {
  const keys = keysIn(subsets)
  const middle = keys < fewestForTwo ? keys : keys >> 1
  const halves: KeysPart[][] = [[], []]
  let before = 0
  for (const subset of subsets) {
    const cut = Math.max(0, Math.min(subset.keys, middle - before))
    const file = place.keysFile(subset)
    if (cut > 0) halves[0]?.push({ file, from: 0, to: cut })
    if (cut < subset.keys) halves[1]?.push({ file, from: cut, to: subset.keys })
    before += subset.keys
  }
  return halves.filter((parts) => parts.length > 0)
}

function both<Result>(
  halves: readonly KeysPart[][],
  ask: (parts: KeysPart[], at: 0 | 1) => Promise<Result>,
): Promise<Result[]> {
  return Promise.all(halves.map((parts, at) => ask(parts, at === 0 ? 0 : 1)))
}
