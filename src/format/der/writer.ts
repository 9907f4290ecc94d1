// SPDX-License-Identifier: Apache-2.0
import { compareBytes } from '#format/bytes.ts'
import { FormatError } from '#format/format-error.ts'
import { type Oid, oidContent } from './oid.ts'
import { contextConstructed, contextPrimitive, tag } from './tag.ts'
import { encodeText, type StringTag } from './text.ts'
import { encodeTime, timeTagOf } from './time.ts'

const initialBytes = 4096

/**
 * Writes DER values one after the other into a buffer that grows.
 *
 * A constructed value is written in place: its content follows a one-octet length, and is moved up when that was
 * too short. Values are written in the order of the calls.
 */
export class DerWriter {
  #bytes = new Uint8Array(initialBytes)
  #length = 0

  /** A copy of all that was written; the writer is empty afterwards. */
  take(): Uint8Array {
    const taken = this.#bytes.slice(0, this.#length)
    this.#length = 0
    // One great CRL shall not hold its memory for ever.
    if (this.#bytes.length > 1_048_576) this.#bytes = new Uint8Array(initialBytes)
    return taken
  }

  /** Values that are encoded already, one or several. */
  raw(encoded: Uint8Array): void {
    this.#reserve(encoded.length)
    this.#bytes.set(encoded, this.#length)
    this.#length += encoded.length
  }

  constructed(octet: number, content: () => void): void {
    this.#reserve(2)
    this.#bytes[this.#length] = octet
    this.#length += 2
    const start = this.#length
    content()
    this.#close(start)
  }

  sequence(content: () => void): void {
    this.constructed(tag.sequence, content)
  }

  /** `[number] EXPLICIT`, or IMPLICIT over a constructed type. */
  context(number: number, content: () => void): void {
    this.constructed(contextConstructed(number), content)
  }

  /** SET OF: sorts what is given (X.690 11.6). */
  setOf(encodedElements: readonly Uint8Array[], octet: number = tag.set): void {
    this.constructed(octet, () => {
      if (encodedElements.length === 1) this.raw(encodedElements[0]!)
      else for (const element of encodedElements.toSorted(compareBytes)) this.raw(element)
    })
  }

  /** One primitive value. */
  octets(content: Uint8Array, octet: number = tag.octetString): void {
    this.#header(octet, content.length)
    this.#bytes.set(content, this.#length)
    this.#length += content.length
  }

  /** OCTET STRING whose content is what `content` writes. */
  wrapped(content: () => void, octet: number = tag.octetString): void {
    this.constructed(octet, content)
  }

  boolean(value: boolean, octet: number = tag.boolean): void {
    this.#header(octet, 1)
    this.#bytes[this.#length++] = value ? 0xff : 0
  }

  /** BOOLEAN DEFAULT FALSE: nothing if false. */
  booleanDefaultFalse(value: boolean, octet: number = tag.boolean): void {
    if (value) this.boolean(true, octet)
  }

  null(): void {
    this.#header(tag.null, 0)
  }

  /** Non-negative INTEGER or ENUMERATED. */
  integer(value: number | bigint, octet: number = tag.integer): void {
    if (value < 0) throw new FormatError('integer-malformed', 0, 'negative')
    if (value < 0x80) {
      this.#header(octet, 1)
      this.#bytes[this.#length++] = Number(value)
      return
    }
    const hex = value.toString(16)
    const even = hex.length % 2 === 0 ? hex : `0${hex}`
    this.integerBytes(Uint8Array.fromHex(even[0]! >= '8' ? `00${even}` : even), octet)
  }

  /** INTEGER from its content octets, which must be minimal. */
  integerBytes(content: Uint8Array, octet: number = tag.integer): void {
    const [first, second = 0x100] = content
    const padded =
      (first === 0 && second < 0x80) || (first === 0xff && second >= 0x80 && second <= 0xff)
    if (first === undefined || padded) throw new FormatError('integer-malformed', 0)
    this.octets(content, octet)
  }

  oid(value: Oid, octet: number = tag.oid): void {
    this.octets(oidContent(value), octet)
  }

  /** BIT STRING of whole octets. */
  bitStringOctets(content: Uint8Array, octet: number = tag.bitString): void {
    this.#header(octet, content.length + 1)
    this.#bytes[this.#length] = 0
    this.#bytes.set(content, this.#length + 1)
    this.#length += content.length + 1
  }

  /** BIT STRING with named bits: bit n of the mask is bit n of the definition; no trailing zero bits. */
  namedBits(mask: number, octet: number = tag.bitString): void {
    const count = 32 - Math.clz32(mask)
    const content = new Uint8Array(1 + Math.ceil(count / 8))
    content[0] = (8 - (count % 8)) % 8
    for (let bit = 0; bit < count; bit++)
      if ((mask >>> bit) & 1) content[1 + (bit >> 3)]! |= 0x80 >> (bit & 7)
    this.octets(content, octet)
  }

  text(value: string, type: StringTag): void {
    this.octets(encodeText(value, type), type)
  }

  /** `[number] IMPLICIT` over a string type. */
  contextText(number: number, value: string, type: StringTag): void {
    this.octets(encodeText(value, type), contextPrimitive(number))
  }

  /** UTCTime up to 2049, GeneralizedTime from 2050 (RFC 5280 4.1.2.5). */
  time(moment: Temporal.Instant): void {
    this.octets(encodeTime(moment), timeTagOf(moment))
  }

  generalizedTime(moment: Temporal.Instant): void {
    this.octets(encodeTime(moment, tag.generalizedTime), tag.generalizedTime)
  }

  #header(octet: number, length: number): void {
    this.#reserve(length + 6)
    this.#bytes[this.#length++] = octet
    if (length >= 0x80) {
      const count = lengthOctets(length)
      this.#bytes[this.#length++] = 0x80 | count
      for (let shift = (count - 1) * 8; shift > 0; shift -= 8)
        this.#bytes[this.#length++] = length >>> shift
    }
    this.#bytes[this.#length++] = length
  }

  #close(start: number): void {
    const length = this.#length - start
    if (length < 0x80) {
      this.#bytes[start - 1] = length
      return
    }
    const count = lengthOctets(length)
    this.#reserve(count)
    this.#bytes.copyWithin(start + count, start, this.#length)
    this.#bytes[start - 1] = 0x80 | count
    for (let index = 0; index < count; index++)
      this.#bytes[start + index] = length >>> ((count - 1 - index) * 8)
    this.#length += count
  }

  #reserve(more: number): void {
    const needed = this.#length + more
    if (needed <= this.#bytes.length) return
    const grown = new Uint8Array(Math.max(needed, this.#bytes.length * 2))
    grown.set(this.#bytes.subarray(0, this.#length))
    this.#bytes = grown
  }
}

function lengthOctets(length: number): number {
  return length < 0x100 ? 1 : length < 0x10000 ? 2 : length < 0x1000000 ? 3 : 4
}

/** Writers at rest; encoding may nest, so there can be several. */
const idle: DerWriter[] = []

/** The bytes that `write` writes; owned by the caller. */
export function encodeDer(write: (writer: DerWriter) => void): Uint8Array {
  const writer = idle.pop() ?? new DerWriter()
  // A writer whose use threw is not taken back: it holds half a value.
  write(writer)
  const encoded = writer.take()
  idle.push(writer)
  return encoded
}
