// SPDX-License-Identifier: Apache-2.0
import type { Doors } from '#core/enrolment/doors.ts'
import { Fault } from '#core/fault.ts'
import { type Elsewhere, hearingSeconds } from '#edge/store/store.ts'

/** So long the doors may take to be read anew; a database that is well takes milliseconds. */
const readingSeconds = 10
const againMilliseconds = 1_000

/** How long this node may sign by what another node has changed. */
export const mostBehindSeconds = hearingSeconds + readingSeconds

export interface KeeperPorts {
  readonly doors: Pick<Doors, 'reload'>
  readonly elsewhere: Pick<Elsewhere, 'hears'>
  /** Hears why they could not be read; MUST NOT throw. */
  readonly report: (what: string, cause: unknown) => void
  readonly pause: (milliseconds: number) => Promise<void>
  /** Milliseconds that nobody sets. */
  readonly now?: () => number
}

/**
 * Keeps the doors in memory as the ledger has them, and knows when they may not be: a node that cannot hear
 * of the others, or cannot read what it heard of, signs nothing after `mostBehindSeconds`.
 */
export class DoorKeeper {
  readonly #ports: KeeperPorts
  readonly #now: () => number
  /** When each reading that is not done was asked for; the oldest first. */
  readonly #unread = new Set<{ readonly since: number }>()
  #isClosed = false

  constructor(ports: KeeperPorts) {
    this.#ports = ports
    this.#now = ports.now ?? (() => performance.now())
  }

  /** Reads the doors anew; if that breaks, again and again. Resolves after the first try, and never rejects. */
  async renew(): Promise<void> {
    const reading = { since: this.#now() }
    this.#unread.add(reading)
    if (!(await this.#read(reading))) void this.#readAtLast(reading)
  }

  /** Whether the doors are those of the ledger, but for the last `mostBehindSeconds`. */
  get isCurrent(): boolean {
    const [oldest] = this.#unread
    const isReading = oldest !== undefined && this.#now() - oldest.since > readingSeconds * 1000
    return this.#ports.elsewhere.hears() && !isReading
  }

  /** @throws Fault 'store-unreachable' if they may be of before */
  readonly demandCurrent = (): void => {
    if (this.isCurrent) return
    throw new Fault(
      'store-unreachable',
      `for more than ${hearingSeconds} s nothing was heard of what other nodes changed, or it could not be read`,
    )
  }

  close(): void {
    this.#isClosed = true
  }

  async #read(reading: { readonly since: number }): Promise<boolean> {
    try {
      await this.#ports.doors.reload()
      this.#unread.delete(reading)
      return true
    } catch (cause) {
      this.#ports.report('the doors could not be read anew', cause)
      return false
    }
  }

  async #readAtLast(reading: { readonly since: number }): Promise<void> {
    do await this.#ports.pause(againMilliseconds)
    while (!this.#isClosed && !(await this.#read(reading)))
  }
}
