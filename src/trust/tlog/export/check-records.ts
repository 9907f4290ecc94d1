// SPDX-License-Identifier: Apache-2.0
import type { EventBody, Fact } from '#format/tlog/event-body.ts'
import type { RecordLine } from '#format/tlog/export/line.ts'
import {
  boundColumns,
  eventTypesOf,
  type RecordRule,
  recordRules,
  withoutPauses,
} from '#format/tlog/export/record-rules.ts'
import type { Findings } from './findings.ts'

/** What the log says of one record. */
interface History {
  readonly types: string[]
  readonly positions: number[]
  /** Column -> what the newest event that binds it says, and which event that is. */
  readonly columns: Map<string, { readonly value: Fact; readonly position: number }>
}

const rules = Object.entries(recordRules).map(([kind, rule]) => ({
  kind,
  rule,
  types: eventTypesOf(rule),
}))

/**
 * Matches the records of the ledger with the events of the log, one to one, by `recordRules`.
 *
 * Memory grows with the number of records: some 500 bytes each.
 */
export class RecordCheck {
  readonly #findings: Findings
  readonly #histories = new Map<string, History>()
  #erased = 0
  #last = ''
  #count = 0

  constructor(findings: Findings) {
    this.#findings = findings
  }

  /** How many records were taken. */
  get count(): number {
    return this.#count
  }

  /** An event whose body was erased: it may be what a record lacks. */
  takeErased(): void {
    this.#erased++
  }

  takeEvent(position: number, event: EventBody): void {
    const [subject = '', ...further] = event.subjects
    for (const { rule, types } of rules) {
      if (!types.has(event.type) || !subject.startsWith(`${rule.prefix}_`)) continue
      const history = this.#histories.get(subject) ?? newHistory()
      this.#histories.set(subject, history)
      history.types.push(event.type)
      history.positions.push(position)
      for (const [column, value] of boundBy(rule, event, further)) {
        history.columns.set(column, { value, position })
      }
    }
  }

  takeRecord(record: RecordLine): void {
    this.#count++
    const about = aboutOf(record)
    const order = `${record.kind} ${record.id}`
    if (order <= this.#last) {
      this.#findings.wrong('record-out-of-place', about, `it stands after ${this.#last}`)
      return
    }
    this.#last = order
    const rule = Object.hasOwn(recordRules, record.kind) ? recordRules[record.kind] : undefined
    const history = this.#histories.get(record.id)
    this.#histories.delete(record.id)
    if (rule === undefined || !record.id.startsWith(`${rule.prefix}_`)) {
      this.#findings.wrong(
        'record-without-event',
        about,
        `no event makes a ${record.kind} of this id`,
      )
    } else if (this.#matchStates(rule, record, history)) {
      this.#matchColumns(rule, record, history)
    }
  }

  /** What the log told of and no record was there for. */
  finish(): void {
    for (const [id, { types, positions }] of this.#histories) {
      const told = types.map((type, at) => `event ${positions[at]} (${type})`).join(', ')
      this.#findings.wrong('record-missing', `record ${id}`, `the log tells of it in ${told}`)
    }
  }

  #matchStates(rule: RecordRule, record: RecordLine, history: History | undefined): boolean {
    const state = record.state ?? 'any'
    const allowed = Object.hasOwn(rule.states, state) ? (rule.states[state] ?? []) : []
    const types = history?.types ?? []
    const lasting = withoutPauses(rule, types).join()
    if (allowed.some((wanted) => wanted.join() === lasting)) return true
    const told = types.length === 0 ? 'no event tells of it' : `the log says ${types.join(', ')}`
    const wanted = allowed.map((one) => one.join(', ')).join(' or ') || 'no such state'
    const detail = `it is ${state}, which asks for ${wanted}; ${told}`
    if (this.#couldBeErased(rule, types, allowed)) {
      this.#erased--
      this.#findings.note('record-unmatched', aboutOf(record), detail)
    } else {
      this.#findings.wrong('record-without-event', aboutOf(record), detail)
    }
    return false
  }

  /** Whether erased events could be the whole difference; each excuses one record only. */
  #couldBeErased(
    { pauses = ['', ''] }: RecordRule,
    types: readonly string[],
    allowed: readonly (readonly string[])[],
  ): boolean {
    if (this.#erased === 0) return false
    const lasts = (type: string) => !pauses.includes(type)
    return allowed.some((wanted) => {
      const rest = types.filter(lasts)
      for (const type of wanted.filter(lasts)) if (rest[0] === type) rest.shift()
      return rest.length === 0
    })
  }

  #matchColumns(rule: RecordRule, record: RecordLine, history: History | undefined): void {
    const expected = boundColumns(rule, record.state) ?? []
    const columns = Object.keys(record.columns)
    for (const column of new Set([...expected, ...columns])) {
      const said = history?.columns.get(column)
      const value = Object.hasOwn(record.columns, column) ? record.columns[column] : undefined
      if (value === (said?.value ?? null)) continue
      const source = said === undefined ? 'no event' : `event ${said.position}`
      const detail = `${column} is ${shown(value)}, ${source} says ${shown(said?.value)}`
      this.#findings.wrong('record-changed', aboutOf(record), detail)
    }
  }
}

function newHistory(): History {
  return { types: [], positions: [], columns: new Map() }
}

function* boundBy(
  rule: RecordRule,
  event: EventBody,
  subjects: readonly string[],
): Generator<readonly [string, Fact]> {
  const binding = Object.hasOwn(rule.binds, event.type) ? rule.binds[event.type] : undefined
  for (const [at, column] of (binding?.subjects ?? []).entries()) {
    yield [column, subjects[at] ?? null]
  }
  for (const [column, fact] of Object.entries(binding?.facts ?? {})) {
    yield [column, Object.hasOwn(event.facts, fact) ? (event.facts[fact] ?? null) : null]
  }
}

function aboutOf({ kind, id }: RecordLine): string {
  return `record ${id} (${kind})`
}

function shown(value: Fact | undefined): string {
  return value === undefined ? 'nothing' : JSON.stringify(value)
}
