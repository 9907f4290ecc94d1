// SPDX-License-Identifier: Apache-2.0
import type { ArchiveForm, Member } from '#format/archive/archive.ts'
import { type ByteSource, lookBack } from '#format/archive/byte-source.ts'
import type { Carver } from './carver.ts'
import { tellDamage } from './damage.ts'
import { RawPass } from './raw-pass.ts'
import type { Scope } from './scope.ts'
import type { Walk } from './walk.ts'

/** `embedded`: the octets were handed over already, with the blob that the container lies in. */
type Leftover = NonNullable<ArchiveForm['leftover']> | 'embedded'

/**
 * What a container has besides the content of its members: headers, padding, blocks that are free and were not always,
 * octets behind its end. Keys were found in all of them.
 */
export class Gaps {
  /** What the form is to read from: it is watched how far. */
  readonly source: ByteSource
  /** Where the last member ends, as far as is known, and all before was handed over or is a member's. */
  end = 0
  readonly #walk: Walk
  readonly #scope: Scope
  readonly #access: ArchiveForm['access']
  #leftover: Leftover
  #carver: Carver | undefined
  #pass: RawPass
  readonly #head: Uint8Array
  /** How far anybody has read. */
  #reached = 0
  /** Whether members lie in pieces here and there, so that what is between them cannot be told. */
  #scattered = false

  constructor(
    walk: Walk,
    scope: Scope,
    source: ByteSource,
    access: ArchiveForm['access'],
    head: Uint8Array,
    leftover: Leftover,
  ) {
    this.#walk = walk
    this.#scope = scope
    this.#access = access
    this.#head = head
    this.#leftover = leftover
    this.source = access === 'ranged' ? source : this.#watched(source)
    this.#carver = leftover === 'carved' ? walk.carver(scope, access) : undefined
    this.#pass = new RawPass(walk, scope, { size: source.size, head }, this.#carver)
  }

  /**
   * It cannot be read as what it seems to be: what was to be meaningless may be anything, as behind a mark that
   * somebody put before it.
   */
  mistrust(): void {
    if (this.#leftover !== 'meaningless') return
    this.#leftover = 'carved'
    this.#carver = this.#walk.carver(this.#scope, this.#access)
    const file = { size: this.source.size, head: this.#head }
    this.#pass = new RawPass(this.#walk, this.#scope, file, this.#carver)
  }

  #watched(source: ByteSource): ByteSource {
    return {
      ...{ size: source.size },
      read: async (at, length) => {
        const bytes = await source.read(at, length)
        if (at + bytes.length > this.#reached) this.#reached = at + bytes.length
        return bytes
      },
    }
  }

  async before(member: Member): Promise<void> {
    if (member.offset === undefined) {
      if (member.type === 'file') this.#scattered = true
    } else if (member.offset > this.end && !this.#scattered) await this.#over(member.offset)
  }

  /** @param taken octets of the container that were the member's content */
  after(member: Member, taken: number | undefined): void {
    if (member.offset === undefined) return
    this.end = Math.max(this.end, member.offset + (taken ?? 0))
  }

  /** Hands over all that is left. */
  async finish(): Promise<void> {
    await this.#over(Number.POSITIVE_INFINITY)
    this.#pass.end()
    if (this.#carver !== undefined) await this.#walk.carve(this.#scope, this.#carver, this.source)
  }

  /** Tells what was found, whether or not all could be handed over. */
  async close(): Promise<void> {
    this.#pass.end()
    this.#pass.tell()
    await this.#carver?.close()
  }

  async #over(to: number): Promise<void> {
    if (this.#leftover === 'embedded' || this.#leftover === 'meaningless') return
    // What came once and is gone by more than can be looked back was read by the form itself.
    const from = this.#access === 'ranged' ? this.end : Math.max(this.end, this.#reached - lookBack)
    if (from >= to) return
    try {
      await this.#pass.over(this.source, from, to)
    } catch (error) {
      tellDamage(this.#scope, this.#pass.at, error)
    }
    this.end = Math.max(this.end, Math.min(to, this.#pass.at))
  }
}
