// SPDX-License-Identifier: Apache-2.0
/** The directory of the watch on primes: subsets of keys, and one list of which of them count. */
import { mkdir, readdir, readFile, rm, stat } from 'node:fs/promises'
import { join } from 'node:path'
import { systemRandomness } from '#edge/chance/system-randomness.ts'
import { replaceFile } from '#edge/keystore/atomic-file.ts'
import { sha256 } from '#trust/digest.ts'
import { encodeFramed, readFramed, UnusableFile } from './framed-file.ts'
import { type KeysBody, parseKeys } from './keys-file.ts'
import type { SubsetFiles } from './thread-messages.ts'

/** Keys that were put down together. */
export interface Subset {
  /** Of its files, without their endings. */
  readonly name: string
  /** SHA-256 of its keys as they stand in their file, hexadecimal. */
  readonly digest: string
  /** `tested`: held against all that were tested before it, and its product is kept. */
  readonly state: 'waiting' | 'tested'
  readonly keys: number
  /** Of its product; an upper bound. */
  readonly bits: number
}

export interface Counting {
  readonly subsets: readonly Subset[]
  /** The keys that share something with another, so that they are named again by each run. */
  readonly sharing: Subset | undefined
}

interface List extends Counting {
  readonly version: 1
  /** The number that the next name is made of. */
  readonly next: number
}

const listName = 'subsets.json'
const ofSubset = /^[0-9]{8}\.(keys|product|branches)$/
const unfinished = /^([0-9]{8}\.(keys|product|branches)|subsets\.json)\.[0-9a-f]{12}\.tmp$/
const empty: List = { version: 1, next: 1, subsets: [], sharing: undefined }

/**
 * All that counts stands in the list, which is replaced as a whole and after what it names: a crash at any moment
 * leaves the list before or the list after, and files that no list names, which the next opening removes.
 */
export class WatchDirectory {
  readonly path: string
  readonly #damaged: string[] = []
  #list: List = empty
  #next = empty.next
  #turn: Promise<void> = Promise.resolve()

  private constructor(path: string) {
    this.path = path
  }

  /** @param take is given the keys of every subset that is whole */
  static async open(path: string, take: (keys: KeysBody) => void): Promise<WatchDirectory> {
    const directory = new WatchDirectory(path)
    await mkdir(path, { recursive: true, mode: 0o700 })
    directory.#list = await directory.#readList()
    directory.#next = directory.#list.next
    const { subsets, sharing } = directory.#list
    const whole: Subset[] = []
    for (const subset of subsets) {
      const keys = await directory.#wholeKeys(subset)
      if (keys === undefined) continue
      take(keys)
      whole.push(subset)
    }
    const kept = sharing && (await directory.#wholeKeys(sharing))
    const lost = sharing !== undefined && kept === undefined
    if (whole.length < subsets.length || lost)
      await directory.change(() => ({
        // Which keys share something is known no more: all are to be held against each other anew.
        subsets: lost ? whole.map((subset) => ({ ...subset, state: 'waiting' })) : whole,
        sharing: lost ? undefined : sharing,
      }))
    await directory.#removeOthers()
    return directory
  }

  get subsets(): readonly Subset[] {
    return this.#list.subsets
  }

  get sharing(): Subset | undefined {
    return this.#list.sharing
  }

  /** What was found unusable since the opening, and was or will be made anew; for the log. */
  get damaged(): readonly string[] {
    return this.#damaged
  }

  noteDamaged(what: string): void {
    this.#damaged.push(what)
  }

  filesOf({ name, digest }: Subset): SubsetFiles {
    return { path: join(this.path, name), digest }
  }

  keysFile({ name }: Subset): string {
    return join(this.path, `${name}.keys`)
  }

  async readKeys(subset: Subset): Promise<KeysBody> {
    return parseKeys((await readFramed('keys', this.keysFile(subset))).body)
  }

  /** Writes keys to a file that no list names yet. */
  async writeKeys(body: Uint8Array, state: Subset['state']): Promise<Subset> {
    const name = String(this.#next).padStart(8, '0')
    this.#next += 1
    const file = encodeFramed('keys', body)
    await replaceFile(join(this.path, `${name}.keys`), file, systemRandomness)
    const digest = sha256(body).toHex()
    const keys = parseKeys(body)
    let bits = 0
    for (let at = 0; at < keys.count; at++) bits += keys.modulus(at).length * 8
    return { name, digest, state, keys: keys.count, bits }
  }

  /**
   * Makes others count from now on; the files of those that no longer do are removed. Changes are made one after the
   * other, each from what the one before it left.
   */
  change(update: (counting: Counting) => Counting): Promise<void> {
    const changed = this.#turn.then(async () => {
      const before = this.#list
      await this.#replaceList(update(before))
      const counting = namesOf(this.#list)
      for (const name of namesOf(before)) if (!counting.has(name)) await this.#removeFiles(name)
    })
    this.#turn = changed.catch(() => undefined)
    return changed
  }

  async octets(): Promise<number> {
    const names = await readdir(this.path)
    const sizes = await Promise.all(
      names.map(async (name) => (await stat(join(this.path, name)).catch(() => undefined))?.size),
    )
    return sizes.reduce<number>((sum, size) => sum + (size ?? 0), 0)
  }

  async #readList(): Promise<List> {
    const file = join(this.path, listName)
    const text = await readFile(file, 'utf8').catch((cause: NodeJS.ErrnoException) => {
      if (cause.code === 'ENOENT') return undefined
      throw cause
    })
    if (text === undefined) return empty
    const list = parseList(text)
    if (list === undefined) this.noteDamaged(`${file} is no list of this watch`)
    return list ?? empty
  }

  async #replaceList({ subsets, sharing }: Counting): Promise<void> {
    const list: List = { version: 1, next: this.#next, subsets, sharing }
    const octets = new TextEncoder().encode(`${JSON.stringify(list, null, 2)}\n`)
    await replaceFile(join(this.path, listName), octets, systemRandomness)
    this.#list = list
  }

  async #wholeKeys(subset: Subset): Promise<KeysBody | undefined> {
    const file = this.keysFile(subset)
    try {
      const { body, digest } = await readFramed('keys', file)
      if (digest !== subset.digest) throw new UnusableFile(file, 'has other keys than it had')
      return parseKeys(body)
    } catch (error) {
      if (!(error instanceof UnusableFile)) throw error
      this.noteDamaged(error.message)
      return undefined
    }
  }

  /** What a crash left between a file and the list that was to name it. */
  async #removeOthers(): Promise<void> {
    const counting = namesOf(this.#list)
    for (const file of await readdir(this.path))
      if (unfinished.test(file) || (ofSubset.test(file) && !counting.has(file.slice(0, 8))))
        await rm(join(this.path, file), { force: true })
  }

  async #removeFiles(name: string): Promise<void> {
    for (const kind of ['keys', 'product', 'branches'])
      await rm(join(this.path, `${name}.${kind}`), { force: true })
  }
}

function namesOf({ subsets, sharing }: Counting): ReadonlySet<string> {
  return new Set([...subsets, ...(sharing ? [sharing] : [])].map(({ name }) => name))
}

function parseList(text: string): List | undefined {
  let value: unknown
  try {
    value = JSON.parse(text)
  } catch (error) {
    if (error instanceof SyntaxError) return undefined
    throw error
  }
  if (typeof value !== 'object' || value === null) return undefined
  const { version, next, subsets, sharing } = value as Partial<Record<keyof List, unknown>>
  if (version !== 1 || !isCount(next) || !Array.isArray(subsets)) return undefined
  if (!subsets.every(isSubset) || (sharing !== undefined && !isSubset(sharing))) return undefined
  return { version, next, subsets, sharing }
}

function isSubset(value: unknown): value is Subset {
  if (typeof value !== 'object' || value === null) return false
  const { name, digest, state, keys, bits } = value as Partial<Record<keyof Subset, unknown>>
  return (
    typeof name === 'string' &&
    /^[0-9]{8}$/.test(name) &&
    typeof digest === 'string' &&
    /^[0-9a-f]{64}$/.test(digest) &&
    (state === 'waiting' || state === 'tested') &&
    isCount(keys) &&
    isCount(bits)
  )
}

function isCount(value: unknown): value is number {
  return typeof value === 'number' && Number.isSafeInteger(value) && value >= 0
}
