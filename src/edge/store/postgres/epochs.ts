// SPDX-License-Identifier: Apache-2.0
import type { Epochs } from '#core/ledger/judged-kinds.ts'
import type { Step } from '../book/packing.ts'
import { changesJudged } from '../epochs.ts'
import type { Asked } from './connect.ts'
import type { Link } from './link.ts'
import { askRepeatable } from './reads.ts'

/**
 * What a transaction does, after its records and before its events are numbered, that changes what releases are
 * judged by: a mark that nobody had before, so that a standby that took over and lost the last commits does not
 * count to the same number again. Of two such transactions the second waits for the end of the first.
 */
export const newMark: Asked = {
  name: 'new_epoch',
  sql: `INSERT INTO "epoch" ("only", "mark") VALUES (1, uuid_send(gen_random_uuid()))
    ON CONFLICT ("only") DO UPDATE SET "mark" = excluded."mark"`,
}

/** What belongs to the transaction of these changes beside their records. */
export function epochStatements(changes: readonly (readonly Step[])[]): readonly Asked[] {
  return changes.some(changesJudged) ? [newMark] : []
}

/**
 * The epochs of all nodes of one database.
 *
 * Each connection that reads and is made anew ends them for this node, too: the one before may have read from a server
 * that another had taken the place of, or from a database that was restored since.
 */
export class SharedEpochs implements Epochs {
  readonly #link: Link
  readonly #readers: readonly Link[]
  #asked: Promise<string> | undefined

  /** @param readers all that records are read by */
  constructor(link: Link, readers: readonly Link[]) {
    this.#link = link
    this.#readers = readers
  }

  /** All who ask in one turn are told by one question, which is asked after the last of them. */
  now(): Promise<string> {
    this.#asked ??= new Promise(setImmediate).then(() => {
      this.#asked = undefined
      return this.#read()
    })
    return this.#asked
  }

  async #read(): Promise<string> {
    const asked = { name: 'epoch', sql: 'SELECT "mark" FROM "epoch"' }
    const [row] = await askRepeatable(this.#link, asked, 'read the epoch')
    const mark = row?.[0]
    const made = this.#readers.map((one) => one.made).join()
    return `${mark instanceof Uint8Array ? mark.toHex() : ''} ${made}`
  }
}
