// SPDX-License-Identifier: Apache-2.0
import { plainBytes } from '#format/bytes.ts'
import { FormatError } from '#format/format-error.ts'

/**
 * What a TPM takes or gives at once, so no structure is longer: MAX_COMMAND_SIZE and MAX_RESPONSE_SIZE of the
 * reference implementation, which all known devices share.
 */
export const maxTpmBytes = 4096

/**
 * Reads the fields of TPM structures one after the other: big-endian numbers, and byte strings after their size.
 *
 * Byte strings that are returned are views of the input. Every method throws FormatError with the offset in the
 * outermost input.
 *
 * @see TPM 2.0 Library Part 1 section 4.2 (canonical form), Part 2 section 10.3 (TPM2B)
 */
export class TpmReader {
  readonly #bytes: Uint8Array
  readonly #view: DataView
  readonly #end: number
  #next: number

  private constructor(bytes: Uint8Array, start: number, end: number) {
    this.#bytes = bytes
    this.#view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength)
    this.#next = start
    this.#end = end
  }

  /** @throws FormatError `too-large` */
  static over(bytes: Uint8Array): TpmReader {
    if (bytes.length > maxTpmBytes)
      throw new FormatError('too-large', 0, `${bytes.length} bytes, at most ${maxTpmBytes}`)
    return new TpmReader(plainBytes(bytes), 0, bytes.length)
  }

  /** Where the next field starts. */
  get offset(): number {
    return this.#next
  }

  uint8(): number {
    return this.#view.getUint8(this.#take(1))
  }

  uint16(): number {
    return this.#view.getUint16(this.#take(2))
  }

  uint32(): number {
    return this.#view.getUint32(this.#take(4))
  }

  uint64(): bigint {
    return this.#view.getBigUint64(this.#take(8))
  }

  /** YES or NO: any other octet is refused. Part 2 section 10.2. */
  yesNo(): boolean {
    const at = this.#next
    const octet = this.uint8()
    if (octet > 1) throw new FormatError('boolean-not-canonical', at, `octet ${octet}`)
    return octet === 1
  }

  bytes(length: number): Uint8Array {
    const start = this.#take(length)
    return this.#bytes.subarray(start, start + length)
  }

  /** The content of a TPM2B of at most so many octets. */
  sized(mostOctets: number): Uint8Array {
    return this.bytes(this.#size(mostOctets))
  }

  /** The content of a TPM2B, read by `read` to its very end. */
  inside<T>(read: (reader: TpmReader) => T, mostOctets = maxTpmBytes): T {
    const length = this.#size(mostOctets)
    const start = this.#take(length)
    const inner = new TpmReader(this.#bytes, start, start + length)
    const value = read(inner)
    inner.end()
    return value
  }

  /** A TPML: how many, then each read by `read`. */
  list<T>(read: (reader: TpmReader) => T, most: number): T[] {
    const at = this.#next
    const count = this.uint32()
    if (count > most) throw new FormatError('too-many', at, `${count}, at most ${most}`)
    return Array.from({ length: count }, () => read(this))
  }

  /** All that is still to be read, as a view. */
  rest(): Uint8Array {
    return this.bytes(this.#end - this.#next)
  }

  /** What was read since `start`. */
  since(start: number): Uint8Array {
    return this.#bytes.subarray(start, this.#next)
  }

  /** Nothing may follow. */
  end(): void {
    if (this.#next !== this.#end)
      throw new FormatError('trailing-bytes', this.#next, `${this.#end - this.#next} bytes`)
  }

  #size(mostOctets: number): number {
    const at = this.#next
    const size = this.uint16()
    if (size > mostOctets)
      throw new FormatError('too-large', at, `size ${size}, at most ${mostOctets}`)
    return size
  }

  #take(length: number): number {
    const start = this.#next
    if (start + length > this.#end) throw new FormatError('truncated', start)
    this.#next = start + length
    return start
  }
}

/** Reads one whole structure: all bytes belong to it. */
export function readTpm<T>(bytes: Uint8Array, read: (reader: TpmReader) => T): T {
  const reader = TpmReader.over(bytes)
  const value = read(reader)
  reader.end()
  return value
}
