// SPDX-License-Identifier: Apache-2.0
import type { ByteSource } from '#format/archive/byte-source.ts'
import { u32le } from '#format/archive/fields.ts'
import {
  type McubootImage,
  type McubootValue,
  mcubootFlags,
} from '#format/firmware/boot/mcuboot.ts'
import { mcubootTailOctets, readMcubootTail } from '#format/firmware/boot/mcuboot-slot.ts'
import {
  type McubootArea,
  mcubootValueRow,
  mcubootValues,
} from '#format/firmware/boot/mcuboot-values.ts'
import { type DigestName, digestOctets } from '#trust/digest-signature.ts'
import { refuse } from '#trust/refusal.ts'
import { knownSize, readSpan } from '../pieces.ts'
import type { ArtefactRefused } from '../refusal.ts'
import { digestValues, isSignatureValue } from './kinds.ts'

const allFlags = Object.values(mcubootFlags).reduce((all, flag) => all | flag, 0)

/**
 * What of an image is not as MCUboot's own signer writes it, however well it may be signed: a value twice, one in the
 * area where nothing covers it, one that nobody knows, signatures of two types.
 *
 * @returns undefined: nothing
 * @see MCUboot boot/bootutil/src/image_validate.c, MCUBOOT_USE_TLV_ALLOW_LIST
 */
export function structureFault(image: McubootImage): ArtefactRefused | undefined {
  const { header, protectedValues, values } = image
  if ((header.flags & (mcubootFlags.aes128 | mcubootFlags.aes256)) !== 0)
    return refuse(
      'artefact-encrypted',
      'what is signed is the image before its encryption, which is not in this file',
    )
  if ((header.flags & (mcubootFlags.lzma1 | mcubootFlags.lzma2)) !== 0)
    return refuse(
      'artefact-encrypted',
      'what the device runs is packed by LZMA without a header, and is not looked into here',
    )
  const unknown = header.flags & ~allFlags
  if (unknown !== 0)
    return refuse(
      'artefact-field-not-allowed',
      `flags 0x${hex(unknown)} of the header, at offset 16`,
    )
  return (
    areaFault(protectedValues, 'protected') ??
    areaFault(values, 'bare') ??
    sizeFault(protectedValues) ??
    keyFault(values) ??
    mixtureFault(values)
  )
}

function areaFault(
  values: readonly McubootValue[],
  area: McubootArea,
): ArtefactRefused | undefined {
  const seen = new Set<number>()
  for (const { type, offset } of values) {
    const row = mcubootValueRow(type)
    const at = `value 0x${hex(type)}, at offset ${offset}`
    if (row === undefined) return refuse('artefact-field-not-allowed', `unknown ${at}`)
    if (row.area !== area) {
      const where = area === 'bare' ? 'outside of the protected area' : 'in the protected area'
      return refuse('artefact-field-not-allowed', `${row.title} stands ${where}: ${at}`)
    }
    if (seen.has(type) && !('many' in row))
      return refuse('artefact-field-twice', `${row.title} stands twice: ${at}`)
    seen.add(type)
  }
  const digests = ([0x10, 0x11, 0x12] as const).filter((type) => seen.has(type))
  return digests.length > 1
    ? refuse('artefact-field-twice', `${digests.length} digests of one image`)
    : undefined
}

/** @see MCUboot boot/bootutil/include/bootutil/image.h, struct image_dependency; src/loader.c refuses any other size */
const fixedSizes = [
  [mcubootValues.securityCounter, 4],
  [mcubootValues.dependency, 12],
] as const

function sizeFault(values: readonly McubootValue[]): ArtefactRefused | undefined {
  for (const [{ type, title }, wanted] of fixedSizes) {
    const odd = values.find((value) => value.type === type && value.bytes.length !== wanted)
    if (odd !== undefined)
      return refuse(
        'artefact-malformed',
        `${title} of ${odd.bytes.length} octets, at offset ${odd.offset}`,
      )
  }
  return undefined
}

/**
 * A build knows keys by their digest or in whole, and digests them as it digests images. MCUboot compares as many octets
 * as an image gives: a digest that is cut short would be that of many keys.
 *
 * @see MCUboot boot/bootutil/src/bootutil_find_key.c; include/bootutil/crypto/sha.h, IMAGE_HASH_SIZE
 */
function keyFault(values: readonly McubootValue[]): ArtefactRefused | undefined {
  const digests = values.filter(({ type }) => type === mcubootValues.keyHash.type)
  const whole = values.find(({ type }) => type === mcubootValues.publicKey.type)
  if (whole !== undefined && digests.length > 0)
    return refuse(
      'artefact-field-not-allowed',
      `a key in whole beside the digest of one, at offset ${whole.offset}: a build knows one of both`,
    )
  const stated = statedDigest(values)
  // Without a digest of the image the signature is over the image itself, or nothing is said that could be checked.
  const fits = stated === undefined ? [32, 64] : [digestOctets[stated.digest]]
  const odd = digests.find(({ bytes }) => !fits.includes(bytes.length))
  return odd === undefined
    ? undefined
    : refuse(
        'artefact-malformed',
        `the digest of a key has ${odd.bytes.length} octets, at offset ${odd.offset}, ${fits.join(' or ')} are wanted`,
      )
}

export interface StatedDigest {
  readonly digest: DigestName
  readonly value: McubootValue
}

/** The digest that stands in the image. */
export function statedDigest(values: readonly McubootValue[]): StatedDigest | undefined {
  for (const digest of digestValues) {
    const value = values.find(({ type }) => type === mcubootValues[digest].type)
    if (value !== undefined) return { digest, value }
  }
  return undefined
}

function mixtureFault(values: readonly McubootValue[]): ArtefactRefused | undefined {
  const types = new Set(values.map(({ type }) => type).filter(isSignatureValue))
  return types.size > 1
    ? refuse(
        'artefact-field-not-allowed',
        `signatures of ${types.size} types, and a build of MCUboot knows one`,
      )
    : undefined
}

/** The security counter that the signatures cover. */
export function securityCounterOf({ protectedValues }: McubootImage): number | undefined {
  const found = protectedValues.find(({ type }) => type === mcubootValues.securityCounter.type)
  return found === undefined ? undefined : u32le(found.bytes, 0)
}

/** Octets behind an image are the erased rest of its slot, ended by its magic, or they do not belong there. */
export async function tailFault(
  source: ByteSource,
  { end }: McubootImage,
): Promise<ArtefactRefused | undefined> {
  const size = knownSize(source)
  if (size === end) return undefined
  const start = Math.max(end, size - mcubootTailOctets)
  const tail = readMcubootTail((await source.read(start, size - start)).slice())
  const wrong = () =>
    refuse('artefact-trailing-octets', `${size - end} octets behind offset ${end}`)
  if (tail === undefined) return wrong()
  for await (const chunk of readSpan(source, end, start + tail.from - end))
    if (chunk.some((octet) => octet !== tail.erased)) return wrong()
  return undefined
}

function hex(number: number): string {
  return number.toString(16).padStart(2, '0')
}
