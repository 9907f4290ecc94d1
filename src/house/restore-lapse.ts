// SPDX-License-Identifier: Apache-2.0
import type { Cell, Row } from '#edge/store/rows.ts'
import type { Manifest } from '#format/backup/line.ts'

/**
 * Lets lapse what must not live on in another epoch: what may have been spent in the lost time, and what
 * belonged to processes that are no more. Everything else stays byte for byte.
 */
export class Lapsing {
  readonly #now: number
  readonly #places = new Map<string, ReadonlyMap<string, number>>()
  /** Rows that were not restored, by table. */
  readonly dropped = new Map<string, number>()
  codes = 0
  invitations = 0
  sessions = 0
  /** The highest number of a revocation list, by the authority's id in hexadecimal. */
  readonly crlNumbers = new Map<string, number>()

  constructor(now: Temporal.Instant) {
    this.#now = now.epochMilliseconds
  }

  begin({ tables }: Manifest): void {
    for (const { name, columns } of tables) {
      this.#places.set(name, new Map(columns.map((column, place) => [column, place])))
    }
  }

  /** The rows as they are to be written. */
  take(table: string, rows: readonly Row[]): readonly Row[] {
    const rule = this.#rules[table]
    if (rule === undefined) return rows
    return rows.flatMap((row) => {
      const kept = rule(row)
      if (kept === undefined) this.#drop(table)
      return kept === undefined ? [] : [kept]
    })
  }

  readonly #rules: Readonly<Record<string, (row: Row) => Row | undefined>> = {
    // The answers that they promise may be of the lost time, and nobody waits for them any more.
    repetition: () => undefined,
    node: () => undefined,
    session: (row) => {
      if (this.#cell('session', row, 'endedAt') !== null) return row
      this.sessions++
      return this.#changed('session', row, { endedAt: this.#now })
    },
    // Spent in the lost time, one would be good a second time.
    code: (row) => {
      if (!this.#isOpen('code', row)) return row
      this.codes++
      return this.#changed('code', row, { expiresAt: this.#now })
    },
    application: (row) => {
      if (!this.#isOpen('application', row, 'code')) return row
      this.codes++
      return this.#changed('application', row, { codeExpiresAt: this.#now })
    },
    invitation: (row) => {
      if (!this.#isOpen('invitation', row)) return row
      this.invitations++
      return this.#changed('invitation', row, { expiresAt: this.#now })
    },
    job: (row) => this.#changed('job', row, { holder: null, heldUntil: null }),
    log: (row) => this.#with('log', row, { holder: null, heldUntil: null }),
    crl: (row) => {
      const authority = this.#cell('crl', row, 'authority')
      const id = authority instanceof Uint8Array ? authority.toHex() : ''
      const number = Number(this.#cell('crl', row, 'number'))
      this.crlNumbers.set(id, Math.max(number, this.crlNumbers.get(id) ?? 0))
      return row
    },
  }

  #drop(table: string): void {
    this.dropped.set(table, (this.dropped.get(table) ?? 0) + 1)
  }

  /** @param of whose end and use it is, where the record is no code itself */
  #isOpen(table: string, row: Row, of?: 'code'): boolean {
    const [ends, used] = of ? [`${of}ExpiresAt`, `${of}UsedAt`] : ['expiresAt', 'usedAt']
    const expiresAt = Number(this.#cell(table, row, ends))
    return this.#cell(table, row, used) === null && expiresAt > this.#now
  }

  #cell(table: string, row: Row, column: string): Cell {
    return row[this.#places.get(table)?.get(column) ?? -1] ?? null
  }

  /** A record with other values, one version on. */
  #changed(table: string, row: Row, values: Readonly<Record<string, Cell>>): Row {
    const version = Number(this.#cell(table, row, 'version')) + 1
    return this.#with(table, row, { ...values, version })
  }

  #with(table: string, row: Row, values: Readonly<Record<string, Cell>>): Row {
    const changed = [...row]
    for (const [column, value] of Object.entries(values)) {
      const place = this.#places.get(table)?.get(column)
      if (place !== undefined) changed[place] = value
    }
    return changed
  }
}
