// SPDX-License-Identifier: Apache-2.0
import { Fault } from '#core/fault.ts'
import type { LogAct } from '../book/log-acts.ts'
import type { Step, Written } from '../book/packing.ts'
import { patienceMilliseconds } from './link.ts'
import { doAct } from './log-acts.ts'
import { postgresFault } from './postgres-fault.ts'
import type { Transactions } from './transactions.ts'
import { Writer } from './writer.ts'

type Result = number | boolean | undefined

interface Waiting<T> {
  readonly resolve: (result: T) => void
  readonly reject: (fault: Fault) => void
}
type WaitingChange = { readonly steps: readonly Step[]; readonly bytes: number } & Waiting<Written>
type WaitingAct = { readonly act: LogAct } & Waiting<Result>
type Any = (WaitingChange | WaitingAct) & { isOld?: true }

/** A group ends here, so that its first change does not wait for ever, nor a message grow too large. */
const maxChangesInGroup = 1_000
const maxBytesInGroup = 16_000_000
/** More than a slow database writes within the patience of those who wait. */
const maxWaiting = 10_000

/**
 * All writes of this node, in the order of asking, one transaction at a time.
 *
 * What is asked in a turn of the event loop, or while a transaction is under way, is one group.
 */
export class PostgresBook {
  readonly #transactions: Transactions
  readonly #writer: Writer
  #waiting: Any[] = []
  #running: Promise<void> | undefined
  #closed = false

  constructor(transactions: Transactions) {
    this.#transactions = transactions
    this.#writer = new Writer(transactions)
  }

  /** Writes the steps as one change. Rejects with a Fault; then nothing of it is written. */
  write(steps: readonly Step[]): Promise<Written> {
    return new Promise((resolve, reject) => {
      if (!this.#refusesNow(reject)) this.#take({ steps, bytes: bytesIn(steps), resolve, reject })
    })
  }

  /** Does one act of the log, after all changes asked before it. Rejects like `write`. */
  act(act: LogAct): Promise<Result> {
    return new Promise((resolve, reject) => {
      if (!this.#refusesNow(reject)) this.#take({ act, resolve, reject })
    })
  }

  /** Takes nothing more from now on; resolves once all that was asked is answered. */
  async close(): Promise<void> {
    this.#closed = true
    this.#transactions.close()
    await this.#running
  }

  #refusesNow(reject: (fault: Fault) => void): boolean {
    if (this.#closed) reject(new Fault('store-unreachable', 'the store is closed'))
    else if (this.#waiting.length >= maxWaiting)
      reject(new Fault('store-unreachable', `${maxWaiting} changes wait for the database`))
    else return false
    return true
  }

  #take(waiting: WaitingChange | WaitingAct) {
    this.#waiting.push(waiting)
    this.#running ??= this.#run()
  }

  async #run(): Promise<void> {
    await new Promise(setImmediate)
    const ageing = setInterval(() => this.#age(), patienceMilliseconds)
    while (this.#waiting.length > 0) {
      const first = this.#waiting[0]!
      if ('act' in first) await this.#doAct(this.#waiting.shift() as WaitingAct)
      else await this.#writeGroup(this.#nextGroup())
    }
    clearInterval(ageing)
    this.#running = undefined
  }

  /**
   * Rejects what has waited for a whole turn of the clock and was not sent: the database is slow, or the
   * outcome of the group before is still to be found out.
   */
  #age() {
    const fault = new Fault('store-unreachable', 'the database is slow, or away')
    for (const { isOld, reject } of this.#waiting) if (isOld) reject(fault)
    this.#waiting = this.#waiting.filter(({ isOld }) => !isOld)
    for (const one of this.#waiting) one.isOld = true
  }

  #nextGroup(): WaitingChange[] {
    const group: WaitingChange[] = []
    let bytes = 0
    for (const one of this.#waiting) {
      if ('act' in one || group.length === maxChangesInGroup) break
      bytes += one.bytes
      if (bytes > maxBytesInGroup && group.length > 0) break
      group.push(one)
    }
    this.#waiting.splice(0, group.length)
    return group
  }

  async #writeGroup(group: readonly WaitingChange[]): Promise<void> {
    try {
      const outcomes = await this.#writer.write(group.map(({ steps }) => steps))
      for (const [index, { resolve, reject }] of group.entries()) {
        const outcome = outcomes[index]!
        if (outcome instanceof Fault) reject(outcome)
        else resolve(outcome)
      }
    } catch (error) {
      const fault = postgresFault(error, 'write to the ledger')
      for (const { reject } of group) reject(fault)
      this.#rejectWaiting(error)
    }
  }

  async #doAct({ act, resolve, reject }: WaitingAct): Promise<void> {
    try {
      resolve(await doAct(this.#transactions, act))
    } catch (error) {
      reject(postgresFault(error, 'write to the log'))
      this.#rejectWaiting(error)
    }
  }

  /** The database was not reached in time: those behind have waited for it as well. */
  #rejectWaiting(error: unknown) {
    if (!(error instanceof Fault) || error.code === 'ledger-damaged') return
    for (const { reject } of this.#waiting.splice(0)) reject(error)
  }
}

function bytesIn(steps: readonly Step[]): number {
  let bytes = 0
  for (const { row } of steps)
    for (const cell of row)
      bytes += cell instanceof Uint8Array || typeof cell === 'string' ? cell.length : 8
  return bytes
}
