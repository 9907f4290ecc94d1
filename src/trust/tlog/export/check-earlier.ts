// SPDX-License-Identifier: Apache-2.0
import { sameBytes } from '#format/bytes.ts'
import type { Checkpoint } from '#format/tlog/checkpoint.ts'
import type { EventBody } from '#format/tlog/event-body.ts'
import { differing } from './blame.ts'
import type { Head } from './check-head.ts'
import type { Findings } from './findings.ts'
import { nameOfRun } from './runs.ts'

/** A restore, as its event tells it: from there on the log has another name. */
interface Fork {
  readonly position: number
  readonly oldOrigin: string
  /** How many events were restored. */
  readonly size: number
  readonly told: string
}

/**
 * Checks that the log continues an earlier checkpoint, also one of before a restore, under the name that
 * the log had then.
 *
 * The event of a restore stands in the tree, so the names are as sure as the tree. What lies at or below
 * the restored size has to be the history that is here; what lies beyond is of the time that was lost.
 */
export class EarlierCheck {
  readonly #head: Head
  readonly #findings: Findings
  readonly #forks: Fork[] = []
  /** Of the events here, at the size of the earlier checkpoint. */
  #root: Uint8Array | undefined

  constructor(head: Head, findings: Findings) {
    this.#head = head
    this.#findings = findings
  }

  /** At which size the tree hash is asked for. */
  get size(): number | undefined {
    return this.#head.earlier?.size
  }

  takeRoot(root: Uint8Array): void {
    this.#root = root
  }

  takeEvent(position: number, { type, facts }: EventBody): void {
    if (type !== 'installation-restored') return
    const { oldOrigin, newOrigin, logSize, epoch, moment } = facts
    if (typeof oldOrigin !== 'string' || typeof logSize !== 'number') return
    const told = `epoch ${epoch} began there from a backup of ${moment} with ${logSize} events, as ${newOrigin}`
    this.#findings.note('log-restored', `event ${position}`, told)
    // No restore leaves events behind that come after it, whatever it says.
    this.#forks.push({ position, oldOrigin, size: Math.min(logSize, position), told })
  }

  /** All events were taken. */
  finish(): void {
    const { key, givenKey, checkpoint, earlier } = this.#head
    if (key !== undefined && givenKey !== undefined && !this.#hadName(givenKey.name)) {
      const detail = `the export is of ${key.name}, given is the key of ${givenKey.name}, and no event tells that the log had that name`
      this.#findings.wrong('key-differs', 'key', detail)
    }
    if (earlier === undefined || checkpoint === undefined || key === undefined) return
    if (earlier.origin === key.name) this.#compare(earlier, checkpoint.size)
    else this.#compareBeforeFork(earlier)
  }

  #hadName(origin: string): boolean {
    return origin === this.#head.key?.name || this.#forkOf(origin) !== undefined
  }

  #forkOf(origin: string): Fork | undefined {
    return this.#forks.find(({ oldOrigin }) => oldOrigin === origin)
  }

  #compareBeforeFork(earlier: Checkpoint): void {
    const fork = this.#forkOf(earlier.origin)
    if (fork === undefined) {
      const detail = `it is signed with the log's key under the name ${earlier.origin}; no event tells that the log had it: a restore lost that epoch whole, or it is of another history`
      this.#findings.wrong('earlier-checkpoint-wrong', 'earlier checkpoint', detail)
    } else if (earlier.size > fork.size) {
      const lost = `events ${fork.size} to ${earlier.size - 1} of ${earlier.origin}`
      this.#findings.wrong('lost-time', 'earlier checkpoint', `${lost} are lost; ${fork.told}`)
    } else {
      this.#compare(earlier, fork.size)
    }
  }

  #compare(earlier: Checkpoint, size: number): void {
    if (earlier.size > size) {
      const detail = `the export has ${size} events, the earlier checkpoint had ${earlier.size}`
      this.#findings.wrong('rolled-back', 'checkpoint', detail)
    } else if (this.#root !== undefined && !sameBytes(this.#root, earlier.root)) {
      const about =
        earlier.size === 0 ? 'earlier checkpoint' : nameOfRun({ first: 0, last: earlier.size - 1 })
      this.#findings.wrong('history-differs', about, differing(this.#root, earlier.root))
    }
  }
}
