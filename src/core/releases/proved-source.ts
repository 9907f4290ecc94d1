// SPDX-License-Identifier: Apache-2.0
import type { ByteSource } from '#format/archive/byte-source.ts'
import { sameBytes } from '#format/bytes.ts'
import { sha256 as sha256Of } from '#trust/digest.ts'
import { refuse } from '#trust/refusal.ts'
import type { Refused } from '../refusal.ts'

/** Octets of which one digest is kept: two gigabytes take a megabyte of digests. */
export const provedBlockOctets = 65_536
/** Blocks that stay in memory: forms go back to a header, or to a table, while they read on. */
const mostHeld = 4

/** The SHA-256 of block after block, 32 octets each. */
export type BlockDigests = Uint8Array

/** Octets that were proved are others by now; what was begun with them comes to nothing. */
export class OctetsChanged extends Error {
  readonly no: Refused

  constructor(no: Refused) {
    super(no.detail)
    this.no = no
  }
}

/** What `act` gives; octets that changed meanwhile become a refusal. */
export async function refusingChange<R>(act: () => Promise<R | Refused>): Promise<R | Refused> {
  try {
    return await act()
  } catch (error) {
    if (error instanceof OctetsChanged) return error.no
    throw error
  }
}

interface Whole {
  readonly source: ByteSource
  readonly octets: number
}

/** A source whose blocks are those that were proved, whenever and however often they are read. */
export class ProvedSource implements ByteSource {
  readonly size: number
  readonly #source: ByteSource
  readonly #digests: BlockDigests
  readonly #of: { readonly sha256: Uint8Array; readonly name: string }
  /** By their numbers, each as long as a whole one; the one that was used last comes last. */
  readonly #held = new Map<number, Uint8Array>()

  constructor(
    { source, octets }: Whole,
    digests: BlockDigests,
    of: { readonly sha256: Uint8Array; readonly name: string },
  ) {
    this.size = octets
    this.#source = source
    this.#digests = digests
    this.#of = of
  }

  /** @throws OctetsChanged */
  async read(at: number, length: number): Promise<Uint8Array> {
    const octets = new Uint8Array(Math.max(0, Math.min(length, this.size - at)))
    await this.fill(at, octets)
    return octets
  }

  /** @throws OctetsChanged */
  async fill(at: number, into: Uint8Array): Promise<number> {
    const end = Math.min(this.size, at + into.length)
    for (let from = at; from < end; ) {
      const number = Math.floor(from / provedBlockOctets)
      const start = number * provedBlockOctets
      const block = this.#held.get(number) ?? (await this.#readAgain(number, start))
      this.#held.delete(number)
      this.#held.set(number, block)
      const part = block.subarray(from - start, end - start)
      into.set(part, from - at)
      from += part.length
    }
    return Math.max(0, end - at)
  }

  async #readAgain(number: number, start: number): Promise<Uint8Array> {
    const block = this.#room()
    const octets = block.subarray(0, Math.min(provedBlockOctets, this.size - start))
    const found = await this.#fillFrom(start, octets)
    const proved = this.#digests.subarray(32 * number, 32 * (number + 1))
    if (found === octets.length && sameBytes(sha256Of(octets), proved)) return block
    const { name, sha256 } = this.#of
    throw new OctetsChanged(
      refuse(
        'artefact-digest-differs',
        `the octets of ${name} from ${start} on are not those that had SHA-256 ${sha256.toHex()} a moment ago: somebody writes to the directory of artefacts, or what it lies on gives other octets each time; nothing was signed`,
      ),
    )
  }

  /** The array of the block that was used longest ago, once there are enough: gigabytes go through few of them. */
  #room(): Uint8Array {
    const [oldest] = this.#held
    if (oldest === undefined || this.#held.size < mostHeld) return new Uint8Array(provedBlockOctets)
    this.#held.delete(oldest[0])
    return oldest[1]
  }

  async #fillFrom(at: number, into: Uint8Array): Promise<number> {
    if (this.#source.fill !== undefined) return this.#source.fill(at, into)
    const octets = await this.#source.read(at, into.length)
    into.set(octets)
    return octets.length
  }
}
