// SPDX-License-Identifier: Apache-2.0
import type { DatabaseError } from 'pg'
import type { Fault } from '#core/fault.ts'
import { type Kind, tables } from '#core/ledger/tables.ts'
import { eventStep, type Step, type Written } from '../book/packing.ts'
import { kinds, uniqueIndex } from '../schema/schema.ts'
import type { Asked, Told } from './connect.ts'
import { epochStatements } from './epochs.ts'
import { isRefusedStatement, postgresFault, sqlState } from './postgres-fault.ts'
import { recordStatement, recordStatements } from './statements.ts'
import type { EventRow, Transaction, Transactions } from './transactions.ts'

type Change = readonly Step[]

/** What became of one change; a fault is of this change alone. */
export type Outcome = Written | Fault

const written: Outcome = null

/**
 * Writes changes in groups, each group one transaction, one round trip and one wait for the disk.
 *
 * A group is first tried as if nothing could conflict; only if something does is it taken back, and
 * then halved until the conflicting changes stand alone.
 */
export class Writer {
  readonly #transactions: Transactions

  constructor(transactions: Transactions) {
    this.#transactions = transactions
  }

  /**
   * Resolves each change, in order. When it returns, all that is `written` is durable.
   *
   * @throws what PostgreSQL or the connection says; then nothing of any of the changes is written
   */
  async write(changes: readonly Change[]): Promise<readonly Outcome[]> {
    try {
      return await this.#transactions.run(async (transaction) => {
        for (const asked of [...recordStatements(changes), ...epochStatements(changes)])
          void transaction.ask(asked)
        await transaction.commit(changes.flatMap(eventsOf), kindsIn(changes))
        return changes.map(() => written)
      })
    } catch (error) {
      if (!isOfOneChange(error)) throw error
      return await this.#transactions.run((transaction) => writeApart(transaction, changes))
    }
  }
}

async function writeApart(
  transaction: Transaction,
  changes: readonly Change[],
): Promise<readonly Outcome[]> {
  const outcomes = await halve(transaction, changes)
  const done = changes.filter((_, index) => outcomes[index] === written)
  for (const asked of epochStatements(done)) void transaction.ask(asked)
  await transaction.commit(done.flatMap(eventsOf), kindsIn(done))
  return outcomes
}

async function halve(
  transaction: Transaction,
  changes: readonly Change[],
): Promise<readonly Outcome[]> {
  if (changes.length === 1) return [await writeAlone(transaction, changes[0]!)]
  const broken = await tryAll(transaction, recordStatements(changes))
  if (broken === undefined) return changes.map(() => written)
  const middle = changes.length >> 1
  const first = await halve(transaction, changes.slice(0, middle))
  return [...first, ...(await halve(transaction, changes.slice(middle)))]
}

/** Step after step, so that the first that conflicts is the one that is named. */
async function writeAlone(transaction: Transaction, change: Change): Promise<Outcome> {
  const steps = change.flatMap((step, place) => (step.kind === eventStep ? [] : [{ step, place }]))
  const broken = await tryAll(
    transaction,
    steps.map(({ step }) => recordStatement(step)),
  )
  if (broken === undefined) return written
  const { place, error } = broken
  if (!isConflict(error)) return postgresFault(error, 'write the change')
  const { step, place: asked } = steps[place]!
  return { step: asked, rule: ruleOf(kinds[step.kind]!, error.constraint) }
}

interface Broken {
  /** Which of the statements was refused. */
  readonly place: number
  readonly error: DatabaseError
}

/**
 * Writes all, or, if one of them is refused for what it says, nothing.
 *
 * @throws what breaks the transaction for any other reason
 */
async function tryAll(
  transaction: Transaction,
  statements: readonly Asked[],
): Promise<Broken | undefined> {
  const results = await Promise.allSettled<Told>([
    transaction.ask({ sql: 'SAVEPOINT "change"' }),
    ...statements.map((asked) => transaction.ask(asked)),
  ])
  const place = results.findIndex(({ status }) => status === 'rejected')
  if (place < 0) {
    await transaction.ask({ sql: 'RELEASE "change"' })
    return undefined
  }
  const error: unknown = (results[place] as PromiseRejectedResult).reason
  if (!isOfOneChange(error)) throw error
  await transaction.ask({ sql: 'ROLLBACK TO "change"' })
  await transaction.ask({ sql: 'RELEASE "change"' })
  return { place: place - 1, error }
}

function eventsOf(change: Change): EventRow[] {
  return change.flatMap(({ kind, row }) => (kind === eventStep ? [row as unknown as EventRow] : []))
}

function kindsIn(changes: readonly Change[]): ReadonlySet<string> {
  return new Set(changes.flat().flatMap(({ kind }) => (kind === eventStep ? [] : [kinds[kind]!])))
}

/** Whether a record stands against the statement: a unique key is taken, or a version is another. */
function isConflict({ code }: DatabaseError): boolean {
  return code === sqlState.uniqueViolation || code === sqlState.divisionByZero
}

/**
 * Whether the statement was refused for what it says, so that other changes may be written: bad data
 * (class 22), a constraint (23), or more than PostgreSQL can keep, as in an index (54).
 */
function isOfOneChange(error: unknown): error is DatabaseError {
  return isRefusedStatement(error) && /^(?:22|23|54)/.test(error.code ?? '')
}

/** The primary key holds the id: whose record is there already, in this version or a later one. */
function ruleOf(kind: Kind, constraint: string | undefined): string {
  const unique: Readonly<Record<string, unknown>> = tables[kind].unique
  return Object.keys(unique).find((key) => uniqueIndex(kind, key) === constraint) ?? 'version'
}
