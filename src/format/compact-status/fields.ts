// SPDX-License-Identifier: Apache-2.0
import { FormatError } from '../format-error.ts'

/** Reads numbers (unsigned, highest octet first) and bytes one after the other. */
export class Fields {
  readonly #bytes: Uint8Array
  readonly #base: number
  #at = 0

  /** @param base where these bytes begin in what the offsets of errors count in */
  constructor(bytes: Uint8Array, base = 0) {
    this.#bytes = bytes
    this.#base = base
  }

  get offset(): number {
    return this.#base + this.#at
  }

  get left(): number {
    return this.#bytes.length - this.#at
  }

  /** A view, no copy. @throws FormatError `truncated` */
  bytes(count: number): Uint8Array {
    if (count > this.left) throw new FormatError('truncated', this.offset)
    this.#at += count
    return this.#bytes.subarray(this.#at - count, this.#at)
  }

  /** Of 1 to 6 octets. */
  integer(octets: number): number {
    return this.bytes(octets).reduce((value, octet) => value * 256 + octet, 0)
  }

  between(octets: number, least: number, most: number, what: string): number {
    const at = this.offset
    const value = this.integer(octets)
    if (value < least || value > most)
      throw new FormatError('value-not-allowed', at, `${what} ${value}`)
    return value
  }

  /** @throws FormatError `trailing-bytes` */
  end(): void {
    if (this.left > 0) throw new FormatError('trailing-bytes', this.offset)
  }
}

/** The number in this many octets, highest first. */
export function octetsOf(value: number, octets: number): Uint8Array {
  const bytes = new Uint8Array(octets)
  let left = value
  for (let index = octets - 1; index >= 0; index--) {
    bytes[index] = left % 256
    left = Math.floor(left / 256)
  }
  return bytes
}
