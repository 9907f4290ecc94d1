// SPDX-License-Identifier: Apache-2.0
import { createHash } from 'node:crypto'
import { Fault } from '#core/fault.ts'
import type { Manifest } from '#format/backup/line.ts'
import type { Cell } from '#format/backup/row-text.ts'
import { FormatError } from '#format/format-error.ts'
import { commitmentOf, leafHash, TreeAccumulator } from '#trust/tlog/merkle.ts'
import { noteKeyOf } from '#trust/tlog/note.ts'
import { verifyCheckpoint } from '#trust/tlog/verify-checkpoint.ts'

/**
 * Checks the log of a backup as its rows pass by, events first, then entries, with memory for one hash a
 * level: what the entries commit to are the events, the entries give the root, the checkpoint signs it.
 */
export class LogCheck {
  readonly #log: Manifest['log']
  readonly #fromEvents = createHash('sha256')
  readonly #fromEntries = createHash('sha256')
  /** Sequence numbers of events whose bodies retention has erased, as runs. */
  readonly #erased: { first: number; last: number }[] = []
  readonly #tree = new TreeAccumulator()

  constructor({ log }: Manifest) {
    this.#log = log
  }

  /** Takes a row of the table `event`. */
  event([sequence, bytes, salt]: readonly Cell[]): void {
    const number = Number(sequence)
    if (number > this.#log.lastEvent) return
    if (bytes instanceof Uint8Array && salt instanceof Uint8Array)
      this.#fromEvents.update(commitmentOf(salt, bytes))
    else this.#erase(number)
  }

  /** Takes a row of the table `entry`. */
  entry([position, event, commitment]: readonly Cell[]): void {
    if (!(commitment instanceof Uint8Array) || Number(position) !== this.#tree.size)
      throw damaged(`entry ${position} stands where ${this.#tree.size} is expected`)
    this.#tree.append(leafHash(commitment))
    if (!this.#isErased(Number(event))) this.#fromEntries.update(commitment)
  }

  /** @throws Fault `backup-damaged` */
  finish(): void {
    const { size, root, origin, publicKey, checkpoint } = this.#log
    if (this.#fromEvents.digest('hex') !== this.#fromEntries.digest('hex'))
      throw damaged('its log commits to other events than it holds')
    const found = this.#tree.root().toHex()
    if (this.#tree.size !== size || found !== root)
      throw damaged(`its log gives ${this.#tree.size} ${found}, its head says ${size} ${root}`)
    if (checkpoint === null) return
    const verdict = verified(checkpoint, origin, publicKey)
    if (verdict.kind === 'refused') throw damaged(`its checkpoint: ${verdict.detail}`)
    const signed = verdict.checkpoint
    if (signed.size > size || (signed.size === size && signed.root.toHex() !== root))
      throw damaged(
        `its checkpoint signs ${signed.size} ${signed.root.toHex()}, not ${size} ${root}`,
      )
  }

  #erase(number: number): void {
    const last = this.#erased.at(-1)
    if (last !== undefined && last.last + 1 === number) last.last = number
    else this.#erased.push({ first: number, last: number })
  }

  #isErased(number: number): boolean {
    return this.#erased.some(({ first, last }) => first <= number && number <= last)
  }
}

function verified(note: string, origin: string, publicKey: string) {
  try {
    return verifyCheckpoint(note, noteKeyOf(origin, Uint8Array.fromHex(publicKey)))
  } catch (cause) {
    if (!(cause instanceof FormatError || cause instanceof RangeError)) throw cause
    throw damaged(`its checkpoint: ${cause.message}`)
  }
}

function damaged(why: string): Fault {
  return new Fault('backup-damaged', `the backup is damaged: ${why}`)
}
