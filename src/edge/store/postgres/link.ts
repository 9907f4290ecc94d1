// SPDX-License-Identifier: Apache-2.0
import { Fault } from '#core/fault.ts'
import { type Connection, connect } from './connect.ts'
import { postgresFault } from './postgres-fault.ts'
import type { Target } from './target.ts'

interface Waiter {
  readonly resolve: (connection: Connection) => void
  readonly reject: (fault: Fault) => void
}

/** How long a request waits for a database that is away, before it hears so. */
export const patienceMilliseconds = 5_000
const firstPause = 50
const longestPause = 2_000

/** One connection that is made again, by itself, whenever it ends. */
export class Link {
  readonly #target: Target
  readonly #silence: number | undefined
  readonly #prepare: (connection: Connection) => Promise<void>
  readonly #waiters = new Set<Waiter>()
  #current: Connection | undefined
  #connecting = false
  #lastFault = new Fault('store-unreachable', 'the database was not reached yet')
  #endPause = () => {}
  #closed = false
  #made = 0

  /** @param prepare what each new connection is to do before anybody else is given it */
  constructor(
    target: Target,
    prepare: (connection: Connection) => Promise<void> = async () => {},
    silence?: number,
  ) {
    this.#target = target
    this.#prepare = prepare
    this.#silence = silence
  }

  /** How many connections it has had: each may be to another server, or to another database of the same name. */
  get made(): number {
    return this.#made
  }

  /**
   * The connection, once there is one.
   *
   * @param patience milliseconds to wait for it; absent: until the link is closed
   * @throws Fault why there is none
   */
  connection(patience?: number): Promise<Connection> {
    if (this.#closed) return Promise.reject(closed())
    if (this.#current?.isOpen) return Promise.resolve(this.#current)
    return new Promise((resolve, reject) => {
      let timer: NodeJS.Timeout | undefined
      const waiter: Waiter = {
        resolve: (connection) => {
          clearTimeout(timer)
          resolve(connection)
        },
        reject: (fault) => {
          clearTimeout(timer)
          reject(fault)
        },
      }
      this.#waiters.add(waiter)
      if (patience !== undefined)
        timer = setTimeout(() => {
          this.#waiters.delete(waiter)
          reject(this.#lastFault)
        }, patience)
      void this.#connect()
    })
  }

  /** Ends the connection after what was asked of it. */
  async close(): Promise<void> {
    this.#closed = true
    this.#endPause()
    this.#tell(({ reject }) => reject(closed()))
    await this.#current?.close()
  }

  async #connect(): Promise<void> {
    if (this.#connecting) return
    this.#connecting = true
    let pause = firstPause
    while (!this.#closed && !this.#current?.isOpen) {
      try {
        await this.#hold(await connect(this.#target, this.#silence))
      } catch (error) {
        this.#lastFault = postgresFault(error, 'reach the database')
        await this.#rest(pause)
        pause = Math.min(2 * pause, longestPause)
      }
    }
    this.#connecting = false
  }

  async #hold(connection: Connection): Promise<void> {
    try {
      await this.#prepare(connection)
    } catch (error) {
      connection.cut()
      throw error
    }
    if (this.#closed) return connection.close()
    this.#current = connection
    this.#made++
    void connection.ended.then(() => {
      if (this.#current === connection && !this.#closed) void this.#connect()
    })
    this.#tell(({ resolve }) => resolve(connection))
  }

  #tell(how: (waiter: Waiter) => void) {
    for (const waiter of this.#waiters) how(waiter)
    this.#waiters.clear()
  }

  #rest(milliseconds: number): Promise<void> {
    if (this.#closed) return Promise.resolve()
    return new Promise((resolve) => {
      const end = () => {
        clearTimeout(timer)
        resolve()
      }
      const timer = setTimeout(end, milliseconds)
      this.#endPause = end
    })
  }
}

function closed(): Fault {
  return new Fault('store-unreachable', 'the store is closed')
}
