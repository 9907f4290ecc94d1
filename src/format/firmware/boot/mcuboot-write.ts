// SPDX-License-Identifier: Apache-2.0
/** What is put before and behind the payload of an image of MCUboot. */
import { concatBytes } from '#format/bytes.ts'
import { FormatError } from '#format/format-error.ts'
import {
  type McubootHeader,
  mcubootHeaderOctets,
  mcubootMagics,
  parseMcubootVersion,
} from './mcuboot.ts'

/**
 * The header without its padding: 32 octets.
 *
 * @throws FormatError if a number does not fit
 * @see MCUboot boot/bootutil/include/bootutil/image.h, struct image_header
 */
export function encodeMcubootHeader(header: McubootHeader): Uint8Array {
  const { major, minor, revision, build } = parseMcubootVersion(header.version)
  const bytes = new Uint8Array(mcubootHeaderOctets)
  const view = new DataView(bytes.buffer)
  view.setUint32(0, mcubootMagics.image, true)
  view.setUint32(4, fitting(header.loadAddress, 32), true)
  view.setUint16(8, fitting(header.headerSize, 16), true)
  view.setUint16(10, fitting(header.protectedSize, 16), true)
  view.setUint32(12, fitting(header.imageSize, 32), true)
  view.setUint32(16, fitting(header.flags, 32), true)
  view.setUint8(20, major)
  view.setUint8(21, minor)
  view.setUint16(22, revision, true)
  view.setUint32(24, build, true)
  return bytes
}

/** A trailer value that is to be written. */
export interface McubootEntry {
  readonly type: number
  readonly bytes: Uint8Array
}

/** The octets of an area with its own header; none where there are no values, as MCUboot has it. */
export function encodeMcubootArea(
  area: 'bare' | 'protected',
  entries: readonly McubootEntry[],
): Uint8Array {
  if (entries.length === 0) return new Uint8Array(0)
  const body = concatBytes(
    entries.flatMap(({ type, bytes }) => [twoNumbers(type, fitting(bytes.length, 16)), bytes]),
  )
  const magic = area === 'bare' ? mcubootMagics.values : mcubootMagics.protectedValues
  return concatBytes([twoNumbers(magic, fitting(4 + body.length, 16)), body])
}

/** The image that has to be there, and at least in which version. @see bootutil/image.h, struct image_dependency */
export function encodeMcubootDependency(image: number, version: string): Uint8Array {
  const { major, minor, revision, build } = parseMcubootVersion(version)
  const bytes = new Uint8Array(12)
  const view = new DataView(bytes.buffer)
  view.setUint8(0, fitting(image, 8))
  view.setUint8(4, major)
  view.setUint8(5, minor)
  view.setUint16(6, revision, true)
  view.setUint32(8, build, true)
  return bytes
}

function twoNumbers(first: number, second: number): Uint8Array {
  const bytes = new Uint8Array(4)
  const view = new DataView(bytes.buffer)
  view.setUint16(0, first, true)
  view.setUint16(2, second, true)
  return bytes
}

function fitting(value: number, bits: number): number {
  if (!Number.isInteger(value) || value < 0 || value >= 2 ** bits)
    throw new FormatError('value-not-allowed', 0, `${value} in ${bits} bits`)
  return value
}
