// SPDX-License-Identifier: Apache-2.0
import { DatabaseSync } from 'node:sqlite'
import { migrate } from '../schema/migrate.ts'
import type { BookSettings } from './messages.ts'

/**
 * Opens the database for its one writer, made or brought up to date if need be.
 *
 * WAL with synchronous=FULL waits for the disk at every commit (https://sqlite.org/pragma.html
 * #pragma_synchronous); fullfsync makes macOS mean it.
 *
 * @throws what SQLite throws, or the Faults of `migrate`
 */
export function openBook(file: string, settings: BookSettings): DatabaseSync {
  const database = new DatabaseSync(file, { timeout: 5_000 })
  try {
    database.exec(`
      PRAGMA journal_mode = WAL;
      PRAGMA synchronous = ${settings.synchronous};
      PRAGMA fullfsync = ON;
      PRAGMA checkpoint_fullfsync = ON;
      PRAGMA cache_size = -65536;
      PRAGMA wal_autocheckpoint = 0;
      PRAGMA journal_size_limit = 268435456;
      PRAGMA trusted_schema = OFF;
      PRAGMA temp_store = MEMORY;
    `)
    if (settings.maxPages > 0) database.exec(`PRAGMA max_page_count = ${settings.maxPages}`)
    migrate(database)
    return database
  } catch (error) {
    database.close()
    throw error
  }
}
