// SPDX-License-Identifier: Apache-2.0
import type { DatabaseSync, StatementSync } from 'node:sqlite'
import { type Kind, tables } from '#core/ledger/tables.ts'
import { type Cell, columnNames, type Row } from '../rows.ts'
import { kinds } from '../schema/schema.ts'
import { isConstraint } from '../sqlite-fault.ts'
import { eventStep, type Step, type Written } from './packing.ts'

const written: Written = null

/**
 * Writes changes in groups, each group one transaction and one wait for the disk.
 *
 * A group is first tried as if nothing could conflict, which costs no savepoints; only if
 * something does is it taken back and written again change by change.
 */
export class Writer {
  readonly #database: DatabaseSync
  readonly #writers = new Map<number, RecordWriter>()
  readonly #insertEvent: StatementSync
  readonly #begin: StatementSync
  readonly #commit: StatementSync

  constructor(database: DatabaseSync) {
    this.#database = database
    this.#begin = database.prepare('BEGIN IMMEDIATE')
    this.#commit = database.prepare('COMMIT')
    this.#insertEvent = database.prepare('INSERT INTO "event" ("bytes", "salt") VALUES (?, ?)')
  }

  /**
   * Resolves each change, in order. When it returns, all that is `written` is durable.
   *
   * @throws what SQLite throws; then nothing of any of the changes is written
   */
  write(changes: readonly (readonly Step[])[]): readonly Written[] {
    try {
      return this.transaction(() => this.#hopefully(changes))
    } catch (error) {
      if (!(error instanceof Conflict)) throw error
      return this.transaction(() => changes.map((steps) => this.#separately(steps)))
    }
  }

  /** Runs it as one durable transaction, or not at all. */
  transaction<T>(work: () => T): T {
    this.#begin.run()
    try {
      const result = work()
      this.#commit.run()
      return result
    } catch (error) {
      // A full disk makes SQLite take the transaction back by itself.
      if (this.#database.isTransaction) this.#database.exec('ROLLBACK')
      throw error
    }
  }

  #hopefully(changes: readonly (readonly Step[])[]): readonly Written[] {
    for (const steps of changes) this.#apply(steps)
    return changes.map(() => written)
  }

  /** One change that leaves its neighbours alone if it cannot be written. */
  #separately(steps: readonly Step[]): Written {
    this.#database.exec('SAVEPOINT change')
    try {
      this.#apply(steps)
      return written
    } catch (error) {
      if (!(error instanceof Conflict)) throw error
      this.#database.exec('ROLLBACK TO change')
      return { step: error.step, rule: error.rule }
    } finally {
      if (this.#database.isTransaction) this.#database.exec('RELEASE change')
    }
  }

  #apply(steps: readonly Step[]) {
    for (let index = 0; index < steps.length; index++) {
      const { kind, row } = steps[index]!
      if (kind === eventStep) this.#insertEvent.run(...row)
      else {
        const rule = this.#writer(kind).put(row)
        if (rule !== undefined) throw new Conflict(index, rule)
      }
    }
  }

  #writer(kind: number): RecordWriter {
    let writer = this.#writers.get(kind)
    if (writer === undefined) {
      writer = new RecordWriter(this.#database, kinds[kind]!)
      this.#writers.set(kind, writer)
    }
    return writer
  }
}

class Conflict extends Error {
  readonly step: number
  readonly rule: string

  constructor(step: number, rule: string) {
    super(rule)
    this.step = step
    this.rule = rule
  }
}

/** Writes the records of one kind. */
class RecordWriter {
  readonly #database: DatabaseSync
  readonly #kind: Kind
  readonly #names: readonly string[]
  readonly #insert: StatementSync
  readonly #select: StatementSync
  readonly #updates = new Map<string, StatementSync>()
  readonly #owners: readonly { rule: string; places: readonly number[]; select: StatementSync }[]

  constructor(database: DatabaseSync, kind: Kind) {
    this.#database = database
    this.#kind = kind
    this.#names = columnNames(kind)
    const columns = this.#names.map((name) => `"${name}"`).join(', ')
    const marks = this.#names.map(() => '?').join(', ')
    this.#insert = database.prepare(`INSERT INTO "${kind}" (${columns}) VALUES (${marks})`)
    this.#select = database.prepare(`SELECT ${columns} FROM "${kind}" WHERE "id" = ?`)
    this.#select.setReturnArrays(true)
    const unique: Readonly<Record<string, readonly string[]>> = tables[kind].unique
    this.#owners = Object.entries(unique).map(([rule, names]) => ({
      rule,
      places: names.map((name) => this.#names.indexOf(name)),
      select: database.prepare(
        `SELECT 1 FROM "${kind}" WHERE ${names.map((name) => `"${name}" = ?`).join(' AND ')} AND "id" <> ?`,
      ),
    }))
  }

  /** Writes it; or tells the rule that stands against it. */
  put(row: Row): string | undefined {
    try {
      return row[1] === 1 ? this.#add(row) : this.#replace(row)
    } catch (error) {
      if (!isConstraint(error)) throw error
      const rule = this.#ruleAgainst(row)
      if (rule === undefined) throw error
      return rule
    }
  }

  #add(row: Row): undefined {
    this.#insert.run(...row)
  }

  /** Writes the cells that differ, since each one that an index holds costs two walks of it. */
  #replace(row: Row): string | undefined {
    const before = this.#select.get(row[0]!) as unknown as Row | undefined
    if (before === undefined || Number(before[1]) + 1 !== row[1]) return 'version'
    const places: number[] = []
    for (let place = 1; place < row.length; place++)
      if (!sameCell(row[place]!, before[place]!)) places.push(place)
    this.#update(places).run(...places.map((place) => row[place]!), row[0]!)
    return undefined
  }

  #update(places: readonly number[]): StatementSync {
    const key = places.join()
    let update = this.#updates.get(key)
    if (update === undefined) {
      const sets = places.map((place) => `"${this.#names[place]}" = ?`).join(', ')
      update = this.#database.prepare(`UPDATE "${this.#kind}" SET ${sets} WHERE "id" = ?`)
      this.#updates.set(key, update)
    }
    return update
  }

  #ruleAgainst(row: Row): string | undefined {
    if (row[1] === 1 && this.#select.get(row[0]!) !== undefined) return 'version'
    return this.#owners.find(
      ({ places, select }) =>
        select.get(...places.map((place) => row[place]!), row[0]!) !== undefined,
    )?.rule
  }
}

function sameCell(left: Cell, right: Cell): boolean {
  if (left instanceof Uint8Array && right instanceof Uint8Array)
    return Buffer.compare(left, right) === 0
  return left === right
}
