// SPDX-License-Identifier: Apache-2.0
import { plainBytes } from '#format/bytes.ts'
import { FormatError } from '#format/format-error.ts'

/**
 * Reads what TLS is made of: big-endian numbers, and vectors after their length. RFC 8446 section 3.
 *
 * What is returned are views. Every method throws FormatError with the offset in the outermost input.
 */
export class TlsReader {
  readonly #bytes: Uint8Array
  readonly #end: number
  #next: number

  private constructor(bytes: Uint8Array, start: number, end: number) {
    this.#bytes = bytes
    this.#next = start
    this.#end = end
  }

  static over(bytes: Uint8Array): TlsReader {
    return new TlsReader(plainBytes(bytes), 0, bytes.length)
  }

  get offset(): number {
    return this.#next
  }

  get left(): number {
    return this.#end - this.#next
  }

  /** A number of one, two or three octets. */
  uint(octets: 1 | 2 | 3): number {
    let value = 0
    for (const octet of this.bytes(octets)) value = value * 256 + octet
    return value
  }

  bytes(length: number): Uint8Array {
    if (length > this.left) throw new FormatError('truncated', this.#next)
    this.#next += length
    return this.#bytes.subarray(this.#next - length, this.#next)
  }

  /** A vector whose length stands in so many octets. */
  vector(lengthOctets: 1 | 2 | 3): Uint8Array {
    return this.bytes(this.uint(lengthOctets))
  }

  /** A reader of the inside of such a vector. */
  inside(lengthOctets: 1 | 2 | 3): TlsReader {
    const length = this.uint(lengthOctets)
    const start = this.#next
    this.bytes(length)
    return new TlsReader(this.#bytes, start, start + length)
  }

  /** @throws FormatError `trailing-bytes` */
  done(): void {
    if (this.left > 0) throw new FormatError('trailing-bytes', this.#next)
  }
}
