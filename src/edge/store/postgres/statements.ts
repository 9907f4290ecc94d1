// SPDX-License-Identifier: Apache-2.0
import { type Kind, tables } from '#core/ledger/tables.ts'
import { eventStep, type Step } from '../book/packing.ts'
import { columnNames, type Row } from '../rows.ts'
import { postgres } from '../schema/dialect.ts'
import { columnOf, kinds } from '../schema/schema.ts'
import { type ElementType, encodeArray } from './arrays.ts'
import type { Asked } from './connect.ts'

/**
 * The statements that write the records of these changes, few whatever their number.
 *
 * A record that is written twice is written in the order of the changes. For all others, replacing
 * comes before adding: so the statements may succeed where step after step would not (a name that a
 * later change sets free), but if they succeed, every expectation held and every rule holds.
 */
export function recordStatements(changes: readonly (readonly Step[])[]): readonly Asked[] {
  const asked: Asked[] = []
  let wave = new Wave()
  for (const step of changes.flat()) {
    if (step.kind === eventStep) continue
    if (!wave.takes(step)) {
      asked.push(...wave.statements())
      wave = new Wave()
    }
    wave.add(step)
  }
  return [...asked, ...wave.statements()]
}

/** The statement that writes one record. */
export function recordStatement({ kind, row }: Step): Asked {
  return row[1] === 1 ? writing(kind).add([row]) : writing(kind).replace([row])
}

/** Writes of different records. */
class Wave {
  readonly #ids = new Set<string>()
  readonly #kinds = new Map<number, { readonly added: Row[]; readonly replaced: Row[] }>()

  takes(step: Step): boolean {
    return !this.#ids.has(idOf(step))
  }

  add(step: Step): void {
    this.#ids.add(idOf(step))
    let rows = this.#kinds.get(step.kind)
    if (rows === undefined) {
      rows = { added: [], replaced: [] }
      this.#kinds.set(step.kind, rows)
    }
    rows[step.row[1] === 1 ? 'added' : 'replaced'].push(step.row)
  }

  statements(): readonly Asked[] {
    return Array.from(this.#kinds, ([kind, { added, replaced }]) => [
      ...(replaced.length === 0 ? [] : [writing(kind).replace(replaced)]),
      ...(added.length === 0 ? [] : [writing(kind).add(added)]),
    ]).flat()
  }
}

function idOf({ kind, row }: Step): string {
  const [id] = row
  return `${kind} ${id instanceof Uint8Array ? id.toHex() : id}`
}

interface Writing {
  add(rows: readonly Row[]): Asked
  /** Breaks by a division by zero if one of the records is not of the version before. */
  replace(rows: readonly Row[]): Asked
}

const writings = new Map<number, Writing>()

function writing(kind: number): Writing {
  let made = writings.get(kind)
  if (made === undefined) {
    made = makeWriting(kinds[kind]!)
    writings.set(kind, made)
  }
  return made
}

function makeWriting(kind: Kind): Writing {
  const names = columnNames(kind)
  const types = names.map((name) => elementType(kind, name))
  const quoted = names.map((name) => `"${name}"`).join(', ')
  const arrays = types.map((type, index) => `$${index + 1}::${type}[]`).join(', ')
  const sets = names.slice(1).map((name) => `"${name}" = "new"."${name}"`)
  const add = `INSERT INTO "${kind}" (${quoted}) SELECT * FROM unnest(${arrays})`
  // PostgreSQL has no other way to say in a statement that all rows must be there.
  const replace = `WITH "done" AS (
    UPDATE "${kind}" AS "old" SET ${sets.join(', ')} FROM unnest(${arrays}) AS "new" (${quoted})
    WHERE "old"."id" = "new"."id" AND "old"."version" = "new"."version" - 1 RETURNING 1
  ) SELECT 1 / (count(*) = $${names.length + 1}::bigint)::int FROM "done"`
  const columns = (rows: readonly Row[]) =>
    types.map((type, place) =>
      encodeArray(
        type,
        rows.map((row) => row[place]!),
      ),
    )
  return {
    add: (rows) => ({ sql: add, values: columns(rows), name: `add_${kind}` }),
    replace: (rows) => ({
      sql: replace,
      values: [...columns(rows), rows.length],
      name: `replace_${kind}`,
    }),
  }
}

function elementType(kind: Kind, name: string): ElementType {
  if (name === 'id') return 'bytea'
  if (name === 'version') return 'bigint'
  const type = postgres.types[columnOf(tables[kind], name).kind]
  return type === 'bytea' || type === 'bigint' ? type : 'text'
}
