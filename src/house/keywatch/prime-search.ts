// SPDX-License-Identifier: Apache-2.0
import { existsSync } from 'node:fs'
import { mkdir, readFile } from 'node:fs/promises'
import { join } from 'node:path'
import type { FoundWeakness } from '#core/keywatch/book-findings.ts'
import type { KeyPage, Place, PrimeSearch, Progress } from '#core/keywatch/ports.ts'
import { systemRandomness } from '#edge/chance/system-randomness.ts'
import { replaceFile } from '#edge/keystore/atomic-file.ts'
import type { SharedPrime } from '#trust/weak-keys/shared-primes/shared-prime.ts'
import type { PrimeWatch, PrimeWatchProgress } from './prime-watch.ts'
import type { ThreadedTester } from './threaded-tester.ts'

/** What this node remembers of it between runs; whatever of it is lost or wrong is made anew from the ledger. */
interface Memory {
  readonly place?: Place
  /** Moduli whose findings are booked. */
  readonly booked: number
  readonly moduli: number
  readonly waiting: number
  readonly octetsOnDisk: number
  readonly damaged: readonly string[]
}

const nothing: Memory = { booked: 0, moduli: 0, waiting: 0, octetsOnDisk: 0, damaged: [] }

/**
 * The search for shared primes in a directory of this node. It is opened by the first RSA key, and closed after each
 * run: an installation without such keys has nothing of it, and one at rest none of its memory.
 */
export class DirectorySearch implements PrimeSearch {
  readonly #directory: string
  readonly #tester: Pick<ThreadedTester, 'moduli'>
  #memory: Memory | undefined
  #open: PrimeWatch | undefined
  #tell: ((progress: PrimeWatchProgress) => void) | undefined

  constructor(directory: string, tester: Pick<ThreadedTester, 'moduli'>) {
    this.#directory = directory
    this.#tester = tester
  }

  async place(): Promise<Place | undefined> {
    const { place, moduli } = await this.#remembered()
    if (place === undefined || moduli === 0) return place
    // What was kept is damaged or gone: everything is handed over again.
    const { keys } = await (await this.#opened()).state()
    return keys < moduli ? undefined : place
  }

  async note(place: Place): Promise<void> {
    await this.#remember({ ...(await this.#standing()), place })
  }

  async add(page: KeyPage): Promise<number> {
    const moduli = await this.#tester.moduli(page)
    if (moduli.length === 0) return 0
    return (await this.#opened()).add(moduli)
  }

  async run(progress: Progress, signal: AbortSignal): Promise<readonly FoundWeakness[]> {
    const watch = await this.#opened()
    // A signal that came already is not told again, and a house would wait for the whole run.
    if (signal.aborted) return []
    this.#tell = ({ keysWaiting, share }) => {
      progress({ part: 'primes', done: Math.floor(keysWaiting * share), of: keysWaiting })
    }
    const end = () => void this.close()
    signal.addEventListener('abort', end, { once: true })
    try {
      const shared = await watch.run()
      return shared.flatMap(findingsOf)
    } catch (error) {
      // Cut off, not broken: what it has done so far is kept.
      if (signal.aborted) return []
      throw error
    } finally {
      signal.removeEventListener('abort', end)
      this.#tell = undefined
    }
  }

  async booked(): Promise<void> {
    const standing = await this.#standing()
    await this.#remember({ ...standing, booked: standing.moduli })
  }

  async state(): Promise<{ readonly moduli: number; readonly waiting: number }> {
    const { moduli, booked } = await this.#standing()
    return { moduli, waiting: Math.max(0, moduli - booked) }
  }

  /** How it stood when it was last looked at; it is not opened for this. */
  async shown(): Promise<Omit<Memory, 'place' | 'booked'>> {
    const { moduli, booked, octetsOnDisk, damaged } = await this.#remembered()
    return { moduli, waiting: Math.max(0, moduli - booked), octetsOnDisk, damaged }
  }

  /** Ends what runs, and gives back memory; what is done is kept, and it opens again when it is needed. */
  async close(): Promise<void> {
    const open = this.#open
    this.#open = undefined
    await open?.close()
  }

  async #standing(): Promise<Memory> {
    const before = await this.#remembered()
    if (this.#open === undefined) return before
    const { keys, waiting, octetsOnDisk, damaged } = await this.#open.state()
    // Of a directory that was lost nothing is booked, until a run has looked at it again.
    const booked = keys < before.booked ? 0 : before.booked
    return { ...before, booked, moduli: keys, waiting, octetsOnDisk, damaged }
  }

  async #opened(): Promise<PrimeWatch> {
    if (this.#open !== undefined) return this.#open
    // A library of numbers that a server at rest has no use for.
    const { openPrimeWatch } = await import('./prime-watch.ts')
    this.#open = await openPrimeWatch(join(this.#directory, 'primes'), {
      onProgress: (progress) => this.#tell?.(progress),
    })
    return this.#open
  }

  async #remembered(): Promise<Memory> {
    this.#memory ??= existsSync(this.#file) ? memoryIn(await readFile(this.#file, 'utf8')) : nothing
    return this.#memory
  }

  async #remember(memory: Memory): Promise<void> {
    this.#memory = memory
    await mkdir(this.#directory, { recursive: true, mode: 0o700 })
    const octets = new TextEncoder().encode(JSON.stringify(memory))
    await replaceFile(this.#file, octets, systemRandomness)
  }

  get #file(): string {
    return join(this.#directory, 'handed-over.json')
  }
}

function memoryIn(text: string): Memory {
  try {
    const value: unknown = JSON.parse(text)
    return isMemory(value) ? value : nothing
  } catch (error) {
    if (!(error instanceof SyntaxError)) throw error
    return nothing
  }
}

function isMemory(value: unknown): value is Memory {
  if (typeof value !== 'object' || value === null) return false
  const { place, booked, moduli, waiting, octetsOnDisk, damaged } = value as Partial<
    Record<keyof Memory, unknown>
  >
  const counts = [booked, moduli, waiting, octetsOnDisk]
  return (
    counts.every((count) => Number.isSafeInteger(count)) &&
    Array.isArray(damaged) &&
    damaged.every((one) => typeof one === 'string') &&
    (place === undefined || isPlace(place))
  )
}

const placeShape = /^(key_[0-9a-f]{32})?$/

function isPlace(value: unknown): value is Place {
  if (typeof value !== 'object' || value === null) return false
  const { through, walkedAt } = value as Partial<Record<keyof Place, unknown>>
  return (
    typeof through === 'string' &&
    placeShape.test(through) &&
    typeof walkedAt === 'string' &&
    /^\d{4}-\d\d-\d\dT[\d:.]+Z$/.test(walkedAt)
  )
}

const manyfold = 'its modulus is a multiple of that of another key'

function findingsOf({ kind, cause, members }: SharedPrime): readonly FoundWeakness[] {
  const others = `${members.length - 1} other ${members.length === 2 ? 'key' : 'keys'} as well`
  const said = {
    prime: { kind: 'prime-shared', detail: `one of its primes is that of ${others}` },
    modulus: { kind: 'key-shared', detail: `it is that of ${others}` },
    multiple: { kind: 'modulus-degenerate', detail: manyfold },
  } as const
  return members.map((key) => ({ ...said[kind], key, cause, facts: {} }))
}
