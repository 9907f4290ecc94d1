// SPDX-License-Identifier: Apache-2.0
/** The legacy image of U-Boot: a header of 64 octets, big-endian, and one image or several. */
import type { ArchiveForm, Member, Unread } from '#format/archive/archive.ts'
import { type ByteSource, span } from '#format/archive/byte-source.ts'
import { crc32 } from '#format/archive/checksums.ts'
import { nameOf, u32be, untilZero } from '#format/archive/fields.ts'
import { FormatError } from '#format/format-error.ts'
import { checksumOf } from '../checksum-of.ts'
import { recognisedBy } from '../recognised-by.ts'
import { packedAs } from './packed-as.ts'
import { architectures, compressions, imageTypes, systems, wordOf } from './uimage-words.ts'

/** What the header says; offsets and sizes in octets. */
export interface UimageHeader {
  readonly time: number
  /** Of the data behind the header. */
  readonly size: number
  readonly load: number
  readonly entry: number
  readonly dataCrc: number
  readonly system: string
  readonly architecture: string
  readonly type: string
  readonly compression: string
  readonly name: string
}

export interface Uimage {
  readonly header: UimageHeader
  /** One image, or as many as a multi-file image or a script lists. */
  readonly parts: readonly { readonly offset: number; readonly size: number }[]
}

export const uimageHeaderOctets = 64
const magic = 0x2705_1956
/** U-Boot itself reads no more of them. */
const mostParts = 64

/**
 * The header, whose own CRC is checked.
 *
 * @throws FormatError
 * @see U-Boot include/image.h, struct legacy_img_hdr
 */
export function parseUimageHeader(bytes: Uint8Array): UimageHeader {
  if (bytes.length < uimageHeaderOctets)
    throw new FormatError('truncated', bytes.length, 'a header of a uImage')
  if (u32be(bytes, 0) !== magic) throw new FormatError('value-not-allowed', 0, 'no uImage')
  const blanked = bytes.slice(0, uimageHeaderOctets)
  blanked.fill(0, 4, 8)
  if (crc32(blanked) !== u32be(bytes, 4))
    throw new FormatError('value-not-allowed', 4, 'the CRC of the header is another')
  return {
    time: u32be(bytes, 8),
    size: u32be(bytes, 12),
    load: u32be(bytes, 16),
    entry: u32be(bytes, 20),
    dataCrc: u32be(bytes, 24),
    system: wordOf(systems, bytes[28]!),
    architecture: wordOf(architectures, bytes[29]!),
    type: wordOf(imageTypes, bytes[30]!),
    compression: wordOf(compressions, bytes[31]!),
    name: nameOf(untilZero(bytes.subarray(32, uimageHeaderOctets))),
  }
}

/**
 * Header and parts. The CRC of the data is not checked here: `checksumOf` gives it.
 *
 * @throws FormatError
 */
export async function parseUimage(source: ByteSource): Promise<Uimage> {
  const header = parseUimageHeader(await source.read(0, uimageHeaderOctets))
  const whole = { offset: uimageHeaderOctets, size: header.size }
  if (header.type !== 'multi' && header.type !== 'script') return { header, parts: [whole] }
  const list = await source.read(uimageHeaderOctets, 4 * (mostParts + 1))
  const sizes: number[] = []
  for (let at = 0; ; at += 4) {
    if (at + 4 > list.length)
      throw new FormatError('too-many', uimageHeaderOctets + at, `over ${mostParts} parts`)
    if (u32be(list, at) === 0) break
    sizes.push(u32be(list, at))
  }
  let offset = uimageHeaderOctets + 4 * (sizes.length + 1)
  const parts = sizes.map((size) => {
    const part = { offset, size }
    // Each begins at a multiple of four; scripts are one part, and need none.
    offset += (size + 3) & ~3
    return part
  })
  if (parts.some((part) => part.offset + part.size > whole.offset + whole.size))
    throw new FormatError('value-not-allowed', uimageHeaderOctets, 'parts over the end of the data')
  return { header, parts }
}

export const uimage: ArchiveForm = {
  name: 'uimage',
  access: 'ranged',
  headOctets: uimageHeaderOctets,
  leftover: 'carved',
  recognise: recognisedBy({ at: 0, octets: [0x27, 0x05, 0x19, 0x56] }, parseUimageHeader),
  members,
}

async function* members(source: ByteSource): AsyncGenerator<Member | Unread> {
  const { header, parts } = await parseUimage(source)
  const { system, architecture, type, compression } = header
  const about = `${type} for ${system} on ${architecture}, compression ${compression}`
  for (const [index, { offset, size }] of parts.entries()) {
    const name = parts.length === 1 ? header.name || type : `${type}-${index}`
    yield packedAs(compression, span(source, offset, size), { name, offset, about })
  }
  const whole = await source.read(uimageHeaderOctets + header.size - 1, 1)
  if (header.size > 0 && whole.length === 0)
    throw new FormatError('truncated', source.size ?? 0, `the header says ${header.size} octets`)
  const crc = await checksumOf(source, uimageHeaderOctets, header.size)
  if (crc === header.dataCrc) return
  yield {
    ...{ kind: 'unread', name: header.name || type, offset: uimageHeaderOctets, reason: 'damaged' },
    because: `the CRC of its data is ${hex(crc)}, the header says ${hex(header.dataCrc)}: searched, but it would not start`,
  }
}

function hex(value: number): string {
  return value.toString(16).padStart(8, '0')
}
