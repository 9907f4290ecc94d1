// SPDX-License-Identifier: Apache-2.0
import { join } from 'node:path'
import type { Clock, Randomness } from '#core/ports.ts'
import { Book } from './book/book.ts'
import type { BookSettings } from './book/messages.ts'
import { SqlCertificateRows } from './certificate-rows.ts'
import { OwnEpochs } from './epochs.ts'
import { SqlLedger } from './ledger.ts'
import { type Moment, SqlLogStore } from './log-store.ts'
import { beginDump } from './portable/dump.ts'
import { openReading } from './reading/open-reading.ts'
import { Points } from './reading/points.ts'
import { Reader } from './reading/reader.ts'
import { sqlite } from './schema/dialect.ts'
import { sqliteFault } from './sqlite-fault.ts'
import { alone, type Store } from './store.ts'

/** The database's file in a data directory; beside it SQLite keeps `-wal` and `-shm`. */
export const databaseName = 'ledger.sqlite'

/** 16,000 pages are 64 MB: measured, twice the commits of 1,000 pages under 64 committers. */
const bookSettings: BookSettings = { synchronous: 'FULL', maxPages: 0, walPages: 16_000 }

/**
 * Opens the store of a data directory, made or brought up to date if need be.
 *
 * The directory exists and its lock is held by the caller (`holdDirectory`).
 *
 * @throws Fault 'schema-newer', 'ledger-damaged', 'store-full' or 'store-unreachable'
 */
export async function openStore(
  directory: string,
  { random }: { readonly clock: Clock; readonly random: Randomness },
  settings: Partial<BookSettings> = {},
): Promise<Store> {
  const file = join(directory, databaseName)
  const book = await Book.open(file, { ...bookSettings, ...settings })
  const points = await readable(file, book)
  const lists = new Reader(file)
  const counts = new Reader(file)
  const epochs = new OwnEpochs()
  const closeReaders = async () => {
    await Promise.all([lists.close(), counts.close()])
    points.close()
  }
  let closing: Promise<void> | undefined
  return {
    ledger: new SqlLedger({
      ...{ dialect: sqlite, points, lists, counts, random },
      book: { write: (steps) => epochs.around(steps, (all) => book.write(all)) },
    }),
    rows: new SqlCertificateRows({ lists, counts }, sqlite),
    log: new SqlLogStore({ book, points, lists, moment: () => momentOf(file) }),
    elsewhere: alone,
    epochs,
    dump: async () => beginDump(await momentOf(file)),
    broken: book.broken,
    close: () => {
      closing ??= book.close(closeReaders)
      return closing
    },
  }
}

async function readable(file: string, book: Book): Promise<Points> {
  try {
    const points = new Points(openReading(file))
    book.beforeTelling(() => points.refresh())
    return points
  } catch (error) {
    await book.close(async () => {})
    throw sqliteFault(error, 'open the ledger for reading')
  }
}

/** A reading thread of its own, whose one transaction is the moment. */
async function momentOf(file: string): Promise<Moment> {
  const reader = new Reader(file)
  await reader.all('BEGIN')
  return reader
}
