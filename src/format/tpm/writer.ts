// SPDX-License-Identifier: Apache-2.0
import { FormatError } from '#format/format-error.ts'
import { maxTpmBytes } from './reader.ts'

/** Writes the fields of TPM structures one after the other. Part 2 section 10.3, Part 1 section 4.2. */
export class TpmWriter {
  readonly #bytes = new Uint8Array(maxTpmBytes)
  readonly #view = new DataView(this.#bytes.buffer)
  #length = 0

  /** A copy of all that was written. */
  take(): Uint8Array {
    return this.#bytes.slice(0, this.#length)
  }

  uint8(value: number): void {
    this.#view.setUint8(this.#grow(1), value)
  }

  uint16(value: number): void {
    this.#view.setUint16(this.#grow(2), value)
  }

  uint32(value: number): void {
    this.#view.setUint32(this.#grow(4), value)
  }

  uint64(value: bigint): void {
    this.#view.setBigUint64(this.#grow(8), value)
  }

  raw(bytes: Uint8Array): void {
    this.#bytes.set(bytes, this.#grow(bytes.length))
  }

  /** A TPM2B of these octets. */
  sized(bytes: Uint8Array): void {
    this.uint16(bytes.length)
    this.raw(bytes)
  }

  /** A TPM2B of what `content` writes. */
  inside(content: () => void): void {
    const at = this.#grow(2)
    content()
    this.#view.setUint16(at, this.#length - at - 2)
  }

  /** Four octets that say how many octets `content` wrote: a command's authorisation area. */
  counted(content: () => void): void {
    const at = this.#grow(4)
    content()
    this.#view.setUint32(at, this.#length - at - 4)
  }

  /** A TPML. */
  list<T>(values: readonly T[], write: (value: T) => void): void {
    this.uint32(values.length)
    for (const value of values) write(value)
  }

  #grow(length: number): number {
    const start = this.#length
    if (start + length > maxTpmBytes)
      throw new FormatError('too-large', 0, `over ${maxTpmBytes} bytes`)
    this.#length = start + length
    return start
  }
}

/** The bytes of what `write` writes. */
export function encodeTpm(write: (writer: TpmWriter) => void): Uint8Array {
  const writer = new TpmWriter()
  write(writer)
  return writer.take()
}
