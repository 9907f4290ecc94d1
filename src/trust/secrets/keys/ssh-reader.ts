// SPDX-License-Identifier: Apache-2.0
import { FormatError } from '#format/format-error.ts'

/** Reads the types of RFC 4251 section 5, one after the other. @throws FormatError `truncated` */
export class SshReader {
  readonly #bytes: Uint8Array
  #next: number

  constructor(bytes: Uint8Array, start = 0) {
    this.#bytes = bytes
    this.#next = start
  }

  get offset(): number {
    return this.#next
  }

  number(): number {
    const bytes = this.#take(4)
    return new DataView(bytes.buffer, bytes.byteOffset, 4).getUint32(0)
  }

  /** A view. */
  string(): Uint8Array {
    return this.#take(this.number())
  }

  text(): string {
    return new TextDecoder('latin1').decode(this.string())
  }

  #take(count: number): Uint8Array {
    if (count > this.#bytes.length - this.#next) throw new FormatError('truncated', this.#next)
    this.#next += count
    return this.#bytes.subarray(this.#next - count, this.#next)
  }
}
