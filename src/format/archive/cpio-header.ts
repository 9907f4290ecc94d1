// SPDX-License-Identifier: Apache-2.0
import { FormatError } from '../format-error.ts'
import { isAt, u16be, u16le } from './fields.ts'

/** A header of cpio, whichever of its five forms it has. */
export interface CpioHeader {
  /** Octets of the header, before the name. */
  readonly length: number
  readonly mode: number
  readonly nameOctets: number
  readonly size: number
  /** What name and content are padded to, counted from the header's beginning. */
  readonly align: 1 | 2 | 4
}

interface CpioForm {
  readonly length: number
  readonly align: 1 | 2 | 4
  recognise(bytes: Uint8Array): boolean
  /** The field at an offset, `digits` of its own width. */
  readonly fields: (
    bytes: Uint8Array,
    at: number,
  ) => Pick<CpioHeader, 'mode' | 'nameOctets' | 'size'>
}

/** @see cpio(5) of FreeBSD's libarchive; the Linux kernel's Documentation/driver-api/early-userspace/buffer-format.rst */
const forms: readonly CpioForm[] = [
  {
    ...{ length: 110, align: 4 },
    recognise: (bytes) => isAt(bytes, 0, '070701') || isAt(bytes, 0, '070702'),
    fields: (bytes, at) => ({
      mode: digits(bytes, 14, 8, 16, at),
      size: digits(bytes, 54, 8, 16, at),
      nameOctets: digits(bytes, 94, 8, 16, at),
    }),
  },
  {
    ...{ length: 76, align: 1 },
    recognise: (bytes) => isAt(bytes, 0, '070707'),
    fields: (bytes, at) => ({
      mode: digits(bytes, 18, 6, 8, at),
      nameOctets: digits(bytes, 59, 6, 8, at),
      size: digits(bytes, 65, 11, 8, at),
    }),
  },
  binary(u16le),
  binary(u16be),
]

/** The old form: words of a machine's order, and the two of a size with the upper first on any machine. */
function binary(word: (bytes: Uint8Array, at: number) => number): CpioForm {
  return {
    ...{ length: 26, align: 2 },
    recognise: (bytes) => bytes.length >= 26 && word(bytes, 0) === 0o070707,
    fields: (bytes) => ({
      mode: word(bytes, 6),
      nameOctets: word(bytes, 20),
      size: word(bytes, 22) * 0x1_0000 + word(bytes, 24),
    }),
  }
}

/** Octets of the longest header. */
export const cpioHeaderOctets = 110

/**
 * The header at the beginning of `bytes`; undefined: there is none.
 *
 * @param at where it lies, for what is said of an error
 * @throws FormatError `value-not-allowed` if a number is none, `truncated` if it is cut off
 */
export function parseCpioHeader(bytes: Uint8Array, at: number): CpioHeader | undefined {
  const form = forms.find((one) => one.recognise(bytes))
  if (form === undefined) return undefined
  const { length, align } = form
  if (bytes.length < length) throw new FormatError('truncated', at, 'a header of cpio')
  return { length, align, ...form.fields(bytes, at) }
}

function digits(bytes: Uint8Array, from: number, length: number, base: 8 | 16, at: number): number {
  const text = String.fromCharCode(...bytes.subarray(from, from + length))
  const shape = base === 8 ? /^[0-7]+$/ : /^[0-9a-fA-F]+$/
  if (!shape.test(text) || text.length < length)
    throw new FormatError('value-not-allowed', at + from, 'a number of a header of cpio')
  return Number.parseInt(text, base)
}
