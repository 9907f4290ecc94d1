// SPDX-License-Identifier: Apache-2.0
/** Numbered changes, and how to tell from a database whether each is there whole or not at all. */

import type { Change } from '#core/ledger/ledger.ts'
import { openBook } from '#edge/store/book/open-book.ts'
import { added, type TestPorts } from '#edge/store/store-testing.ts'

/** Three records and an event, each of which bears the number; the encoding needs a page of its own. */
export function numberedChange(ports: TestPorts, number: number): Change {
  const name = nameOf(number)
  const at = ports.clock.now()
  const der = new Uint8Array(3_000)
  new TextEncoder().encodeInto(name, der)
  const reason = 'durability'
  const columns = { rule: name, subject: name, grantedBy: name, reason, until: null, createdAt: at }
  return {
    puts: [
      added(ports, 'party', { name, role: 'customer', createdAt: at }),
      added(ports, 'exception', columns),
      added(ports, 'encoding', { der }),
    ],
    events: [
      {
        type: 'party-added',
        at,
        actor: { kind: 'house', id: 'test' },
        subjects: [name],
        facts: {},
      },
    ],
  }
}

/** The text that every part of the change holds, and no other change. */
export function nameOf(number: number): string {
  return `change ${String(number).padStart(6, '0')}.`
}

/** What is wrong with the database if these changes were acknowledged; nothing if nothing. */
export function wrongsOf(file: string, acknowledged: Iterable<number>): string[] {
  const database = openBook(file, { synchronous: 'OFF', maxPages: 0, walPages: 1_000 })
  try {
    const check = database.prepare('PRAGMA integrity_check').all()
    const wrongs = check.map((row) => String(row.integrity_check)).filter((told) => told !== 'ok')
    const names = (sql: string) =>
      new Set(
        database
          .prepare(`SELECT ${sql}`)
          .all()
          .map((row) => String(row.name)),
      )
    const whole = names('"name" FROM "party"')
    const parts = [
      names('"rule" AS "name" FROM "exception"'),
      names('CAST(substr("der", 1, 14) AS TEXT) AS "name" FROM "encoding"'),
      names(`json_extract(CAST("bytes" AS TEXT), '$.subjects[0]') AS "name" FROM "event"`),
    ]
    for (const part of parts)
      for (const name of part.symmetricDifference(whole)) wrongs.push(`${name} is there half`)
    for (const number of acknowledged)
      if (!whole.has(nameOf(number))) wrongs.push(`${nameOf(number)} was acknowledged and is lost`)
    return wrongs
  } finally {
    database.close()
  }
}
