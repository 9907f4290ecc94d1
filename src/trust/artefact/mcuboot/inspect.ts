// SPDX-License-Identifier: Apache-2.0
import type { ByteSource } from '#format/archive/byte-source.ts'
import { u32le } from '#format/archive/fields.ts'
import {
  type McubootHeader,
  type McubootImage,
  type McubootValue,
  mcubootFlags,
  mcubootHeaderOctets,
  mcubootVersionAt,
  parseMcubootHeader,
  parseMcubootImage,
} from '#format/firmware/boot/mcuboot.ts'
import {
  type McubootArea,
  mcubootValueRow,
  mcubootValues,
} from '#format/firmware/boot/mcuboot-values.ts'
import { FormatError } from '#format/format-error.ts'
import type { Anatomy, AnatomyPart } from '../form.ts'
import { knownSize } from '../pieces.ts'

const flagWords: readonly (readonly [number, string])[] = [
  [mcubootFlags.aes128, 'encrypted by AES-128'],
  [mcubootFlags.aes256, 'encrypted by AES-256'],
  [mcubootFlags.nonBootable, 'not to be started'],
  [mcubootFlags.ramLoad, 'copied to RAM'],
  [mcubootFlags.romFixed, 'runs at one address'],
  [mcubootFlags.lzma1, 'packed by LZMA'],
  [mcubootFlags.lzma2, 'packed by LZMA2'],
  [mcubootFlags.armThumb, 'packed for ARM Thumb'],
]

/** @throws FormatError if not even a header is there */
export async function inspectMcuboot(source: ByteSource): Promise<Anatomy> {
  const header = parseMcubootHeader(await source.read(0, mcubootHeaderOctets))
  const title = `MCUboot image, version ${header.version}`
  const parts = [headerPart(header), payloadPart(header)]
  try {
    const image = await parseMcubootImage(source)
    parts.push(...valueParts(image), ...tailParts(image, knownSize(source)))
  } catch (error) {
    if (!(error instanceof FormatError)) throw error
    const what = `does not read on: ${error.message}`
    const offset = header.headerSize + header.imageSize
    const octets = Math.max(0, knownSize(source) - offset)
    parts.push({ name: 'trailer', offset, octets, what, facts: [] })
  }
  return { title, parts }
}

function headerPart(header: McubootHeader): AnatomyPart {
  const flags = flagWords.filter(([bit]) => (header.flags & bit) !== 0).map(([, word]) => word)
  return {
    ...{ name: 'header', offset: 0, octets: header.headerSize },
    what: 'what the bootloader reads first',
    facts: [
      ['version', header.version],
      ['load address', `0x${header.loadAddress.toString(16).padStart(8, '0')}`],
      ['flags', flags.join(', ') || 'none'],
      ['payload', `${header.imageSize} octets`],
      ['protected area', `${header.protectedSize} octets`],
    ],
  }
}

function payloadPart({ headerSize, imageSize }: McubootHeader): AnatomyPart {
  const what = 'the program that runs'
  return { name: 'payload', offset: headerSize, octets: imageSize, what, facts: [] }
}

function valueParts({ protectedValues, values }: McubootImage): readonly AnatomyPart[] {
  return [
    ...protectedValues.map((value) => valuePart(value, 'protected')),
    ...values.map((value) => valuePart(value, 'bare')),
  ]
}

function valuePart({ type, offset, bytes }: McubootValue, area: McubootArea): AnatomyPart {
  const row = mcubootValueRow(type)
  const place = area === 'protected' ? 'covered by every signature' : 'covered by none'
  const misplaced = row !== undefined && row.area !== area ? ', where it must not stand' : ''
  return {
    ...{ name: `value 0x${type.toString(16).padStart(2, '0')}`, offset, octets: bytes.length },
    what: `${row?.title ?? 'unknown'}, ${place}${misplaced}`,
    facts: factsOf(type, bytes),
  }
}

function factsOf(type: number, bytes: Uint8Array): readonly (readonly [string, string])[] {
  if (type === mcubootValues.securityCounter.type && bytes.length === 4)
    return [['security version', `${u32le(bytes, 0)}`]]
  if (type === mcubootValues.dependency.type && bytes.length === 12)
    return [['needs', `image ${bytes[0]} in version ${mcubootVersionAt(bytes, 4)} or later`]]
  const exception: readonly (readonly [string, string])[] =
    type === mcubootValues.rsa2048.type
      ? [['exception', 'RSA-2048 is below what is asked of firmware; it was chosen by name']]
      : []
  const shown = bytes.length > 64 ? `${bytes.subarray(0, 32).toHex()}…` : bytes.toHex()
  return [['octets', shown], ...exception]
}

function tailParts({ end }: McubootImage, size: number): readonly AnatomyPart[] {
  if (size === end) return []
  const what = 'the rest of the slot: erased flash, swap status, magic'
  return [{ name: 'slot trailer', offset: end, octets: size - end, what, facts: [] }]
}
