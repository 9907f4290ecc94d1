// SPDX-License-Identifier: Apache-2.0
/** The application image of ESP-IDF: a header, segments, a checksum, perhaps a digest. Little-endian. */
import type { ArchiveForm, Member, Unread } from '#format/archive/archive.ts'
import { type ByteSource, span } from '#format/archive/byte-source.ts'
import { nameOf, readExactly, u16le, u32le, untilZero } from '#format/archive/fields.ts'
import { FormatError } from '#format/format-error.ts'

export interface EspSegment {
  readonly address: number
  readonly offset: number
  readonly size: number
}

export interface EspImage {
  readonly chip: number
  readonly entry: number
  readonly segments: readonly EspSegment[]
  readonly checksum: number
  /** Where the image ends, with its digest; a signature may follow. */
  readonly end: number
  /** Where the SHA-256 of all before it lies, which ends the image; undefined: it has none. */
  readonly digestAt: number | undefined
}

export const espHeaderOctets = 24
const [magic, segmentHeaderOctets, digestOctets] = [0xe9, 8, 32]
const [mostSegments, mostSegmentOctets] = [16, 16_777_216]
/** esp_image_format.h, esp_chip_id_t: ESP32, S2, C3, S3, C2, C6, H2, P4, C61, C5, H21, H4, S31. */
const chips = [0x0, 0x2, 0x5, 0x9, 0xc, 0xd, 0x10, 0x12, 0x14, 0x17, 0x19, 0x1c, 0x20]

/**
 * Header and segments. Checksum and digest are told, not checked.
 *
 * @throws FormatError
 * @see ESP-IDF components/bootloader_support/include/esp_image_format.h
 */
export async function parseEspImage(source: ByteSource): Promise<EspImage> {
  const header = (await source.read(0, espHeaderOctets)).slice()
  const { count, chip, entry, hasDigest } = parseHeader(header)
  const segments: EspSegment[] = []
  let at = espHeaderOctets
  for (let index = 0; index < count; index++) {
    const bytes = await readExactly(source, at, segmentHeaderOctets)
    const [address, size] = [u32le(bytes, 0), u32le(bytes, 4)]
    if (size > mostSegmentOctets) throw new FormatError('too-large', at + 4, `${size} octets`)
    segments.push({ address, offset: at + segmentHeaderOctets, size })
    at += segmentHeaderOctets + size
  }
  // The checksum is the last octet of a block of sixteen.
  const checksumAt = at + 15 - (at % 16)
  const checksum = (await readExactly(source, checksumAt, 1))[0]!
  const digestAt = hasDigest ? checksumAt + 1 : undefined
  const end = checksumAt + 1 + (hasDigest ? digestOctets : 0)
  return { chip, entry, segments, checksum, end, digestAt }
}

function parseHeader(bytes: Uint8Array) {
  if (bytes.length < espHeaderOctets)
    throw new FormatError('truncated', bytes.length, 'a header of ESP-IDF')
  const [count, mode, chip, appended] = [bytes[1]!, bytes[2]!, u16le(bytes, 12), bytes[23]!]
  // One octet is no mark: everything else has to make sense, too.
  if (bytes[0] !== magic || count === 0 || count > mostSegments || mode > 5 || appended > 1)
    throw new FormatError('value-not-allowed', 0, 'no image of ESP-IDF')
  if (!chips.includes(chip) || bytes.subarray(19, 23).some((octet) => octet !== 0))
    throw new FormatError('value-not-allowed', 12, `chip ${chip}`)
  return { count, chip, entry: u32le(bytes, 4), hasDigest: appended === 1 }
}

export const espImage: ArchiveForm = {
  name: 'esp-image',
  access: 'ranged',
  headOctets: espHeaderOctets + segmentHeaderOctets,
  leftover: 'carved',
  recognise(head) {
    if (head[0] !== magic || head.length < espHeaderOctets + segmentHeaderOctets) return false
    try {
      parseHeader(head)
    } catch (error) {
      if (error instanceof FormatError) return false
      throw error
    }
    const [address, size] = [u32le(head, espHeaderOctets), u32le(head, espHeaderOctets + 4)]
    // Where flash and memories of these chips are mapped.
    return address >= 0x3c00_0000 && address < 0x6000_0000 && size % 4 === 0 && size > 0
  },
  members,
}

async function* members(source: ByteSource): AsyncGenerator<Member | Unread> {
  for (const { address, offset, size } of (await parseEspImage(source)).segments)
    yield {
      ...{ kind: 'member', type: 'file', name: `segment-0x${address.toString(16)}`, offset },
      content: span(source, offset, size),
    }
}

/** What an application says of itself, at the beginning of its first segment. */
export interface EspDescription {
  readonly securityVersion: number
  readonly version: string
  readonly project: string
}

const [descriptionMagic, descriptionOctets] = [0xabcd_5432, 256]

/**
 * Undefined: there is none, as in bootloaders.
 *
 * @see ESP-IDF components/esp_app_format/include/esp_app_desc.h, esp_app_desc_t
 */
export async function readEspDescription(
  source: ByteSource,
  { segments }: EspImage,
): Promise<EspDescription | undefined> {
  const [first] = segments
  if (first === undefined || first.size < descriptionOctets) return undefined
  const bytes = await readExactly(source, first.offset, descriptionOctets)
  if (u32le(bytes, 0) !== descriptionMagic) return undefined
  const text = (at: number) => nameOf(untilZero(bytes.subarray(at, at + 32)))
  return { securityVersion: u32le(bytes, 4), version: text(16), project: text(48) }
}
