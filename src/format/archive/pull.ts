// SPDX-License-Identifier: Apache-2.0
import { FormatError } from '../format-error.ts'
import type { ByteSource } from './byte-source.ts'

const windowOctets = 65_536

/** A source read on from where one is, in small steps: not every one of them is a read. */
export class Pull {
  readonly #source: ByteSource
  #at: number
  #window: Uint8Array = new Uint8Array()
  #windowAt: number

  constructor(source: ByteSource, at = 0) {
    this.#source = source
    this.#at = at
    this.#windowAt = at
  }

  /** Where the next octet lies. */
  get at(): number {
    return this.#at
  }

  /** The next octets, fewer where the source ends; a view until the next call. They are not taken yet. */
  async peek(length: number): Promise<Uint8Array> {
    const offset = this.#at - this.#windowAt
    if (offset + length > this.#window.length) {
      const wanted = Math.max(length, windowOctets)
      this.#window = await this.#source.read(this.#at, wanted)
      this.#windowAt = this.#at
      return this.#window.subarray(0, length)
    }
    return this.#window.subarray(offset, offset + length)
  }

  skip(octets: number): void {
    this.#at += octets
  }

  /** @throws FormatError `truncated` where the source ends before */
  async take(length: number): Promise<Uint8Array> {
    const bytes = await this.peek(length)
    if (bytes.length < length)
      throw new FormatError(
        'truncated',
        this.#at,
        `${length} octets wanted, ${bytes.length} are there`,
      )
    this.#at += length
    return bytes
  }
}
