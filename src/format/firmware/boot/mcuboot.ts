// SPDX-License-Identifier: Apache-2.0
/** The image of MCUboot: header, payload, protected trailer values, trailer values. Little-endian. */
import type { ArchiveForm, Member, Unread } from '#format/archive/archive.ts'
import { type ByteSource, span } from '#format/archive/byte-source.ts'
import { readExactly, u16le, u32le } from '#format/archive/fields.ts'
import { FormatError } from '#format/format-error.ts'
import { recognisedBy } from '../recognised-by.ts'

export interface McubootHeader {
  readonly loadAddress: number
  /** Of the header and its padding; the payload begins there. */
  readonly headerSize: number
  /** Of the protected area with its own header; 0: there is none. */
  readonly protectedSize: number
  readonly imageSize: number
  readonly flags: number
  readonly version: string
}

export interface McubootValue {
  readonly type: number
  /** Of the value, from the beginning of the image. */
  readonly offset: number
  readonly bytes: Uint8Array
}

export interface McubootImage {
  readonly header: McubootHeader
  readonly protectedValues: readonly McubootValue[]
  readonly values: readonly McubootValue[]
  /** Where the image ends; what follows is the slot's trailer. */
  readonly end: number
}

export const mcubootHeaderOctets = 32
export const mcubootMagics = {
  image: 0x96f3_b83d,
  values: 0x6907,
  protectedValues: 0x6908,
} as const

/** bootutil/image.h, IMAGE_F_…; LZMA also with its filters. */
export const mcubootFlags = {
  ...{ aes128: 0x4, aes256: 0x8, nonBootable: 0x10, ramLoad: 0x20, romFixed: 0x100 },
  ...{ lzma1: 0x200, lzma2: 0x400, armThumb: 0x800 },
} as const

/**
 * @throws FormatError
 * @see MCUboot boot/bootutil/include/bootutil/image.h, struct image_header
 */
export function parseMcubootHeader(bytes: Uint8Array): McubootHeader {
  if (bytes.length < mcubootHeaderOctets)
    throw new FormatError('truncated', bytes.length, 'a header of MCUboot')
  if (u32le(bytes, 0) !== mcubootMagics.image)
    throw new FormatError('value-not-allowed', 0, 'no MCUboot image')
  const headerSize = u16le(bytes, 8)
  if (headerSize < mcubootHeaderOctets)
    throw new FormatError('value-not-allowed', 8, `a header of ${headerSize} octets`)
  if (u32le(bytes, 28) !== 0) throw new FormatError('value-not-allowed', 28, 'padding')
  return {
    loadAddress: u32le(bytes, 4),
    headerSize,
    protectedSize: u16le(bytes, 10),
    imageSize: u32le(bytes, 12),
    flags: u32le(bytes, 16),
    version: mcubootVersionAt(bytes, 20),
  }
}

/** struct image_version, as people write it. */
export function mcubootVersionAt(bytes: Uint8Array, at: number): string {
  return `${bytes[at]}.${bytes[at + 1]}.${u16le(bytes, at + 2)}+${u32le(bytes, at + 4)}`
}

export interface McubootVersion {
  readonly major: number
  readonly minor: number
  readonly revision: number
  readonly build: number
}

/**
 * `1.2.3+4`; what is left out at the end is 0.
 *
 * @throws FormatError
 * @see MCUboot scripts/imgtool/version.py
 */
export function parseMcubootVersion(text: string): McubootVersion {
  const parts = /^(\d{1,3})(?:\.(\d{1,3})(?:\.(\d{1,5})(?:\+(\d{1,10}))?)?)?$/.exec(text)
  const [major, minor, revision, build] = [1, 2, 3, 4].map((index) => Number(parts?.[index] ?? 0))
  if (parts === null || major! > 0xff || minor! > 0xff || revision! > 0xffff)
    throw new FormatError('value-not-allowed', 0, `version ${text}, wanted is one as 1.2.3+4`)
  if (build! > 0xffff_ffff) throw new FormatError('value-not-allowed', 0, `version ${text}`)
  return { major: major!, minor: minor!, revision: revision!, build: build! }
}

/**
 * Header and all trailer values. No hash is computed and no signature checked.
 *
 * @throws FormatError
 */
export async function parseMcubootImage(source: ByteSource): Promise<McubootImage> {
  const header = parseMcubootHeader(await source.read(0, mcubootHeaderOctets))
  const start = header.headerSize + header.imageSize
  // MCUboot adds in 32 bits, the area of at most 65,535 octets that follows included: what leaves them would begin anew at zero.
  if (start + header.protectedSize > 0xfffe_ffff)
    throw new FormatError('too-large', 12, `an image of ${header.imageSize} octets`)
  const guarded =
    header.protectedSize === 0
      ? { values: [], end: start }
      : await readValues(source, start, mcubootMagics.protectedValues, header.protectedSize)
  const { values, end } = await readValues(source, guarded.end, mcubootMagics.values)
  return { header, protectedValues: guarded.values, values, end }
}

async function readValues(source: ByteSource, start: number, wanted: number, stated?: number) {
  const info = await readExactly(source, start, 4)
  if (u16le(info, 0) !== wanted)
    throw new FormatError('value-not-allowed', start, 'no trailer values of MCUboot')
  const size = u16le(info, 2)
  if (size < 4) throw new FormatError('value-not-allowed', start + 2, `${size} octets of values`)
  if (stated !== undefined && size !== stated)
    throw new FormatError('value-not-allowed', 10, `${stated} octets of protection, not ${size}`)
  const bytes = (await readExactly(source, start, size)).slice()
  const values: McubootValue[] = []
  let at = 4
  while (at < size) {
    if (at + 4 > size || at + 4 + u16le(bytes, at + 2) > size)
      throw new FormatError('truncated', start + at, 'a trailer value')
    const length = u16le(bytes, at + 2)
    const offset = start + at + 4
    values.push({ type: u16le(bytes, at), offset, bytes: bytes.subarray(at + 4, at + 4 + length) })
    at += 4 + length
  }
  return { values, end: start + size }
}

export const mcuboot: ArchiveForm = {
  name: 'mcuboot',
  access: 'ranged',
  headOctets: mcubootHeaderOctets,
  leftover: 'carved',
  recognise: recognisedBy({ at: 0, octets: [0x3d, 0xb8, 0xf3, 0x96] }, parseMcubootHeader),
  members,
}

async function* members(source: ByteSource): AsyncGenerator<Member | Unread> {
  const header = parseMcubootHeader(await source.read(0, mcubootHeaderOctets))
  const { headerSize: offset, imageSize: size, flags, version } = header
  const name = 'image'
  if ((flags & (mcubootFlags.aes128 | mcubootFlags.aes256)) !== 0) {
    const because = `the image, version ${version}, is encrypted`
    yield { kind: 'unread', name, offset, because, reason: 'encrypted' }
  } else if ((flags & (mcubootFlags.lzma1 | mcubootFlags.lzma2)) !== 0) {
    const because = `the image, version ${version}, is packed by LZMA without a header`
    yield { kind: 'unread', name, offset, because }
  } else {
    const about = `version ${version}, loaded at 0x${header.loadAddress.toString(16)}`
    yield { kind: 'member', name, type: 'file', offset, content: span(source, offset, size), about }
  }
  // What is wrong with its trailer is told by what this throws; the payload stands.
  await parseMcubootImage(source)
}
