// SPDX-License-Identifier: Apache-2.0
import type { ByteSource } from '#format/archive/byte-source.ts'
import { readExactly } from '#format/archive/fields.ts'
import {
  type EspDescription,
  type EspImage,
  parseEspImage,
  readEspDescription,
} from '#format/firmware/boot/esp-image.ts'
import {
  type EspBlock,
  espSectorOctets,
  parseEspSector,
} from '#format/firmware/boot/esp-signature.ts'
import { FormatError } from '#format/format-error.ts'
import { refuse } from '#trust/refusal.ts'
import { knownSize, readSpan } from '../pieces.ts'
import type { ArtefactRefused } from '../refusal.ts'

export interface EspSignedImage {
  readonly kind: 'image'
  readonly image: EspImage
  readonly description: EspDescription | undefined
  /** What is signed: the image and its padding to the next sector. */
  readonly covered: number
  /** Octets of the file that are already there of what is covered. */
  readonly present: number
  /** Empty: it is not signed. */
  readonly blocks: readonly EspBlock[]
}

/**
 * An image with its signature sector, or without one yet. The bootloader looks for the sector where the image ends, at
 * the next multiple of 4096: what lies elsewhere it does not find.
 *
 * @throws FormatError
 * @see ESP-IDF components/bootloader_support/src/secure_boot_v2/secure_boot_signatures_bootloader.c
 */
export async function readEspSignedImage(
  source: ByteSource,
): Promise<EspSignedImage | ArtefactRefused> {
  const image = await parseEspImage(source)
  const size = knownSize(source)
  if (size < image.end) throw new FormatError('truncated', size, `the image ends at ${image.end}`)
  const covered = Math.ceil(image.end / espSectorOctets) * espSectorOctets
  const padding = await refusePadding(source, image.end, Math.min(size, covered))
  if (padding !== undefined) return padding
  const description = await readEspDescription(source, image)
  const found = { kind: 'image', image, description, covered } as const
  if (size <= covered) return { ...found, present: size, blocks: [] }
  if (size > covered + espSectorOctets)
    return refuse(
      'artefact-trailing-octets',
      `${size - covered - espSectorOctets} octets behind the signature sector, at offset ${covered + espSectorOctets}`,
    )
  const blocks = await blocksAt(source, covered)
  return { ...found, present: covered, blocks }
}

async function blocksAt(source: ByteSource, start: number): Promise<readonly EspBlock[]> {
  const sector = (await readExactly(source, start, espSectorOctets)).slice()
  try {
    return parseEspSector(sector)
  } catch (error) {
    if (!(error instanceof FormatError)) throw error
    throw new FormatError(error.code, start + error.offset, 'in the signature sector')
  }
}

/** What lies between the image and its sector is erased flash. */
async function refusePadding(
  source: ByteSource,
  from: number,
  to: number,
): Promise<ArtefactRefused | undefined> {
  for await (const chunk of readSpan(source, from, Math.max(0, to - from)))
    if (chunk.some((octet) => octet !== 0xff))
      return refuse('artefact-trailing-octets', `behind the image, which ends at offset ${from}`)
  return undefined
}
