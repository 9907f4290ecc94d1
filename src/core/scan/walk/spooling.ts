// SPDX-License-Identifier: Apache-2.0
import type { Spool } from './ports.ts'
import type { Scope } from './scope.ts'
import type { Walk } from './walk.ts'

/** A spool within what the walk may still keep; undefined, and told, if that is nothing. */
export function spoolOf(walk: Walk, scope: Scope): Spool | undefined {
  if (walk.spooled >= walk.budgets.spoolOctets) {
    tell(walk, scope, 0)
    return undefined
  }
  return new CountedSpool(walk, scope)
}

/** What does not fit any more is passed by: what was kept until then can still be looked into. */
class CountedSpool implements Spool {
  readonly #walk: Walk
  readonly #scope: Scope
  readonly #spool: Spool
  #full = false

  constructor(walk: Walk, scope: Scope) {
    this.#walk = walk
    this.#scope = scope
    this.#spool = walk.spool()
  }

  get size(): number {
    return this.#spool.size
  }

  async read(at: number, length: number): Promise<Uint8Array> {
    this.#walk.spending.look()
    return await this.#spool.read(at, length)
  }

  async append(piece: Uint8Array): Promise<void> {
    if (this.#full) return
    if (this.#walk.spooled + piece.length > this.#walk.budgets.spoolOctets) {
      this.#full = true
      tell(this.#walk, this.#scope, this.size)
      return
    }
    this.#walk.spooled += piece.length
    await this.#spool.append(piece)
  }

  async close(): Promise<void> {
    this.#walk.spooled -= this.#spool.size
    await this.#spool.close()
  }
}

function tell(walk: Walk, scope: Scope, offset: number): void {
  const because = `it must be kept to be read, and more than ${walk.budgets.spoolOctets} octets are kept already`
  scope.notScanned('spool-full', offset, because)
}
