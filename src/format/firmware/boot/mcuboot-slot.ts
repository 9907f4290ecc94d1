// SPDX-License-Identifier: Apache-2.0
/** The end of a slot of MCUboot: swap status, flags, and the magic by which an update is asked for. */
import { FormatError } from '#format/format-error.ts'

export interface McubootSlot {
  /** The least that the flash writes: 1, 2, 4, 8, 16 or 32 octets. */
  readonly align: number
  /** The largest `align` of all flashes of the device; 8 unless `align` is larger. */
  readonly maxAlign: number
  /** How many sectors a swap may take; imgtool's 128 unless told. */
  readonly maxSectors: number
  /** The image is copied over the old one, never swapped. */
  readonly overwriteOnly: boolean
  /** It stays without being confirmed by its own first run. */
  readonly confirmed: boolean
  /** What erased flash reads as. */
  readonly erased: number
}

const magicOctets = 16
const aligns = [1, 2, 4, 8, 16, 32]
/** BOOT_MAGIC for flashes that write at most eight octets at once. */
const plainMagic = Uint8Array.fromHex('77c295f360d2ef7f3552500f2cb67980')
/** What follows the two octets of the alignment. */
const wideMagic = Uint8Array.fromHex('2de15d29410b8d77679c110f1f8a')

/**
 * The trailer that ends the slot.
 *
 * @throws FormatError if the numbers of the slot make no sense
 * @see MCUboot docs/design.md, image trailer; scripts/imgtool/image.py, _trailer_size
 */
export function encodeMcubootTrailer(slot: McubootSlot): Uint8Array {
  const { align, maxAlign, maxSectors, erased } = slot
  if (!aligns.includes(align)) throw new FormatError('value-not-allowed', 0, `align ${align}`)
  if (!aligns.includes(maxAlign) || maxAlign < 8 || maxAlign < align)
    throw new FormatError('value-not-allowed', 0, `the largest align ${maxAlign}`)
  if (!Number.isInteger(maxSectors) || maxSectors < 1 || maxSectors > 65_536)
    throw new FormatError('value-not-allowed', 0, `${maxSectors} sectors`)
  if (erased !== 0 && erased !== 0xff)
    throw new FormatError('value-not-allowed', 0, `erased flash of ${erased}`)
  const magicAligned = Math.ceil(magicOctets / maxAlign) * maxAlign
  const size = slot.overwriteOnly
    ? 2 * maxAlign + magicAligned
    : 3 * maxSectors * align + 4 * maxAlign + magicAligned
  const trailer = new Uint8Array(size).fill(erased)
  trailer.set(magicOf(maxAlign), size - magicOctets)
  if (slot.confirmed) trailer[size - magicAligned - maxAlign] = 1
  return trailer
}

function magicOf(maxAlign: number): Uint8Array {
  if (maxAlign === 8) return plainMagic
  return Uint8Array.of(maxAlign & 0xff, maxAlign >> 8, ...wideMagic)
}

/**
 * Whether what follows an image is the end of a slot and nothing else: erased octets but for the magic, and
 * the mark that confirms.
 *
 * @param tail the last octets of the file, as many as `mcubootTailOctets` or all that follow the image
 * @returns what erased flash reads as, and from where on in `tail` it is no longer asked for; undefined: it is none
 */
export function readMcubootTail(
  tail: Uint8Array,
): { readonly erased: number; readonly confirmed: boolean; readonly from: number } | undefined {
  const maxAlign = alignOf(tail.subarray(-magicOctets))
  if (maxAlign === undefined) return undefined
  const magicAligned = Math.ceil(magicOctets / maxAlign) * maxAlign
  const from = tail.length - magicAligned - maxAlign
  const erased = tail[from + 1]
  if (erased !== 0 && erased !== 0xff) return undefined
  for (let at = from; at < tail.length - magicOctets; at++)
    if (tail[at] !== erased && !(at === from && tail[at] === 1)) return undefined
  return { erased, confirmed: tail[from] === 1, from }
}

/** The longest end with its alignment. */
export const mcubootTailOctets = 64

function alignOf(magic: Uint8Array): number | undefined {
  if (magic.toHex() === plainMagic.toHex()) return 8
  if (magic.length !== magicOctets || magic.subarray(2).toHex() !== wideMagic.toHex())
    return undefined
  const align = magic[0]! | (magic[1]! << 8)
  return align === 16 || align === 32 ? align : undefined
}
