// SPDX-License-Identifier: Apache-2.0
import { join } from 'node:path'
import { performance } from 'node:perf_hooks'
import { Worker } from 'node:worker_threads'
import { newId } from '#core/ledger/ids.ts'
import type { Job } from '#edge/clock/run-jobs.ts'
import {
  type KeyListFault,
  markOfDirectory,
  type OpenDirectory,
  openKeyListDirectory,
} from '#edge/key-lists/key-list-directory.ts'
import type { PublicKey } from '#trust/public-key.ts'
import type { KeyLists } from '#trust/weak-keys/key-lists.ts'
import type { KeyList } from '#trust/weak-keys/lists/key-list.ts'
import { searchScalars } from '#trust/weak-keys/scalars/check-scalar.ts'
import { scalarListName } from '#trust/weak-keys/scalars/scalar-list.ts'
import type { KeyWeakness } from '#trust/weak-keys/weaknesses.ts'
import type { Configuration } from './configuration.ts'
import type { Core } from './core.ts'
import { factsOf } from './nodes/this-node.ts'

/** Where the lists of an installation lie. */
export function keyListPlace(data: string): string {
  return join(data, 'weak-keys')
}

/** The list of small private keys is made by a server that has run so long: others are stopped again before. */
const quietMilliseconds = 180_000

/**
 * The lists of this node, as its gate asks them. They lie in its directory, so that each node needs its own; what
 * comes, goes or is replaced there is noticed within a minute.
 *
 * Where the list of small private keys is not there, or is broken, each key is searched for them: the gate stands from
 * the first moment, and the list only makes it fast.
 */
export class HouseKeyLists implements KeyLists {
  readonly #place: string
  readonly #openedAt = performance.now()
  #mark = ''
  #opened: OpenDirectory
  #making: Worker | undefined
  readonly #searched = new WeakMap<PublicKey, readonly KeyWeakness[]>()

  private constructor(place: string, mark: string, opened: OpenDirectory) {
    this.#place = place
    this.#mark = mark
    this.#opened = opened
  }

  static async open(data: string): Promise<HouseKeyLists> {
    const place = keyListPlace(data)
    const mark = markOfDirectory(place)
    return new HouseKeyLists(place, mark, await openKeyListDirectory(place))
  }

  find(key: PublicKey): readonly KeyWeakness[] {
    const listed = this.#opened.lists.find(key)
    return this.#hasScalars || listed.length > 0 ? listed : this.#search(key)
  }

  /** A key is asked about when it comes in and again before it is certified. */
  #search(key: PublicKey): readonly KeyWeakness[] {
    const found = this.#searched.get(key) ?? searchScalars(key)
    this.#searched.set(key, found)
    return found
  }

  get #hasScalars(): boolean {
    return this.lists.some(({ head }) => head.name === scalarListName)
  }

  get digest(): string {
    return this.#opened.lists.digest
  }

  get lists(): readonly KeyList[] {
    return this.#opened.lists.lists
  }

  get faults(): readonly KeyListFault[] {
    return this.#opened.faults
  }

  get isMaking(): boolean {
    return this.#making !== undefined
  }

  /** Looks whether the directory is another one. @returns whether the lists are */
  async refresh(): Promise<boolean> {
    const mark = markOfDirectory(this.#place)
    if (mark === this.#mark) return false
    const before = this.#opened
    const opened = await openKeyListDirectory(this.#place)
    this.#mark = mark
    this.#opened = opened
    before.close()
    return opened.lists.digest !== before.lists.digest
  }

  /** Starts to make the list that every installation should have, on a thread of its own. */
  makeMissing(failed: (cause: unknown) => void): void {
    const isYoung = performance.now() - this.#openedAt < quietMilliseconds
    if (this.#hasScalars || isYoung || this.isMaking || this.faults.length > 0) return
    const thread = new Worker(new URL('key-list-thread.ts', import.meta.url), {
      workerData: { directory: this.#place },
    })
    this.#making = thread
    thread.unref()
    thread.on('error', failed)
    thread.on('exit', () => {
      this.#making = undefined
    })
  }

  async close(): Promise<void> {
    await this.#making?.terminate()
    this.#opened.close()
  }
}

/** Each node looks at its own directory, and tells the log of what its gate asks from now on. */
export function keyListJob(
  lists: HouseKeyLists,
  core: Core,
  configuration: Configuration,
  report: (what: string, cause: unknown) => void,
): Job {
  return {
    name: 'key-lists',
    everyNode: true,
    every: Temporal.Duration.from({ minutes: 1 }),
    run: async () => {
      await lists.refresh()
      await noteKeyLists(lists, core, configuration)
      lists.makeMissing((cause) => report('the list of small private keys was not made', cause))
    },
  }
}

/** Tells the log of the lists of this node if they are others than those that it told last. */
async function noteKeyLists(lists: HouseKeyLists, core: Core, configuration: Configuration) {
  const { host, directory } = factsOf(configuration)
  const name = `key-lists ${host} ${directory}`
  const before = await core.ledger.find('setting', 'name', [name])
  const told = before === undefined ? '' : digestOf(before.value)
  if (told === lists.digest) return
  const at = core.clock.now()
  await core.ledger.commit({
    puts: [
      {
        kind: 'setting',
        record: {
          ...{ id: before?.id ?? newId('setting', core), version: (before?.version ?? 0) + 1 },
          ...{ name, value: { sha256: lists.digest }, changedAt: at },
        },
      },
    ],
    events: [
      {
        ...{ type: 'key-lists-changed', at, actor: { kind: 'house', id: 'key-lists' } },
        subjects: [core.thisNode.id],
        facts: {
          ...{ node: core.thisNode.name, digest: lists.digest },
          ...Object.fromEntries(
            lists.lists.map(({ head }) => [
              `list ${head.name}`,
              `${head.count} entries, ${head.from}, sha256 ${head.sha256.toHex()}`,
            ]),
          ),
        },
      },
    ],
  })
}

function digestOf(value: unknown): string {
  return typeof value === 'object' && value !== null && 'sha256' in value
    ? String(value.sha256)
    : ''
}
