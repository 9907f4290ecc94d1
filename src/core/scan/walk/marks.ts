// SPDX-License-Identifier: Apache-2.0
import { type Needle, Sweep } from '#trust/secrets/sweep.ts'

/** The octets by which a form is looked for anywhere in a blob, and how far behind its beginning they stand. */
export interface Mark {
  readonly form: string
  readonly at: number
  /** Four of them, or two where `sector` is set. */
  readonly octets: readonly number[]
  /** Looked for only where its form begins at a multiple of 512, as partitions do. */
  readonly sector?: true
}

function ascii(text: string): readonly number[] {
  return Array.from(text, (character) => character.charCodeAt(0))
}

/** RFC 1952 2.3.1: the method is deflate, and of the flags any of five. */
const gzipMarks: readonly Mark[] = Array.from({ length: 32 }, (_, flags) => ({
  ...{ form: 'gzip', at: 0, octets: [0x1f, 0x8b, 8, flags] },
}))

/** One for each size of its blocks. */
const bzip2Marks: readonly Mark[] = Array.from({ length: 9 }, (_, size) => ({
  ...{ form: 'bzip2', at: 0, octets: [...ascii('BZh'), 0x31 + size] },
}))

/** By form. What is not here is looked for at the beginning of a file alone. */
export const carvedMarks: readonly Mark[] = [
  ...gzipMarks,
  { form: 'xz', at: 0, octets: [0xfd, 0x37, 0x7a, 0x58] },
  { form: 'zstd', at: 0, octets: [0x28, 0xb5, 0x2f, 0xfd] },
  { form: 'lz4', at: 0, octets: [0x04, 0x22, 0x4d, 0x18] },
  { form: 'lz4', at: 0, octets: [0x02, 0x21, 0x4c, 0x18] },
  ...bzip2Marks,
  { form: 'squashfs', at: 0, octets: ascii('hsqs') },
  { form: 'cpio', at: 0, octets: ascii('0707') },
  { form: 'tar', at: 257, octets: ascii('usta') },
  { form: 'zip', at: 0, octets: ascii('PK\x03\x04') },
  { form: 'ext', at: 1080, octets: [0x53, 0xef], sector: true },
  { form: 'gpt', at: 512, octets: ascii('EF'), sector: true },
  { form: 'fit', at: 0, octets: [0xd0, 0x0d, 0xfe, 0xed] },
  { form: 'uimage', at: 0, octets: [0x27, 0x05, 0x19, 0x56] },
  { form: 'mcuboot', at: 0, octets: [0x3d, 0xb8, 0xf3, 0x96] },
  { form: 'android-boot', at: 0, octets: ascii('ANDR') },
  { form: 'android-sparse', at: 0, octets: [0x3a, 0xff, 0x26, 0xed] },
  { form: 'UBI', at: 0, octets: ascii('UBI#') },
  { form: 'UBIFS', at: 0, octets: [0x31, 0x18, 0x10, 0x06] },
  { form: 'JFFS2', at: 0, octets: [0x85, 0x19, 0x01, 0xe0] },
  { form: 'JFFS2', at: 0, octets: [0x85, 0x19, 0x02, 0xe0] },
  { form: 'JFFS2', at: 0, octets: [0x85, 0x19, 0x03, 0x20] },
  { form: 'JFFS2', at: 0, octets: [0x19, 0x85, 0xe0, 0x01] },
  { form: 'JFFS2', at: 0, octets: [0x19, 0x85, 0xe0, 0x02] },
  { form: 'JFFS2', at: 0, octets: [0x19, 0x85, 0x20, 0x03] },
  { form: 'cramfs', at: 0, octets: [0x45, 0x3d, 0xcd, 0x28] },
  { form: 'cramfs', at: 0, octets: [0x28, 0xcd, 0x3d, 0x45] },
  { form: 'a squashfs of big-endian order', at: 0, octets: ascii('sqsh') },
  { form: 'a squashfs of a vendor', at: 0, octets: ascii('shsq') },
  { form: 'a squashfs of a vendor', at: 0, octets: ascii('qshs') },
  { form: 'a squashfs of a vendor', at: 0, octets: ascii('tqsh') },
  { form: 'a squashfs of a vendor', at: 0, octets: ascii('hsqt') },
  { form: 'lzop', at: 0, octets: [0x89, 0x4c, 0x5a, 0x4f] },
  { form: '7-Zip', at: 0, octets: [0x37, 0x7a, 0xbc, 0xaf] },
  { form: 'romfs', at: 0, octets: ascii('-rom') },
  { form: 'LUKS', at: 0, octets: ascii('LUKS') },
  { form: 'EROFS', at: 1024, octets: [0xe2, 0xe1], sector: true },
  { form: 'F2FS', at: 1024, octets: [0x10, 0x20], sector: true },
]

interface MarkNeedle extends Needle {
  readonly mark: Mark
}

/** Finds any of many marks in one pass, and those of sectors where these begin. */
export class MarkSearch {
  readonly #sweep: Sweep<MarkNeedle>
  readonly #sectorMarks: readonly Mark[]

  constructor(marks: readonly Mark[]) {
    this.#sectorMarks = marks.filter(({ sector }) => sector)
    this.#sweep = new Sweep(
      marks
        .filter(({ sector }) => !sector)
        .map((mark) => ({ mark, octets: Uint8Array.from(mark.octets) })),
    )
  }

  /**
   * Tells each mark that lies wholly in the piece. A window over pieces is the caller's to make.
   *
   * @param pieceAt where the piece begins in the blob
   */
  each(piece: Uint8Array, pieceAt: number, found: (mark: Mark, offset: number) => void): void {
    this.#sweep.over(piece, 0, piece.length, ({ mark }, at) => found(mark, at))
    for (const mark of this.#sectorMarks)
      lookAtSectors(mark, piece, pieceAt, (at) => found(mark, at))
  }
}

const sectorOctets = 512

function lookAtSectors(
  { at: markAt, octets: [first, second] }: Mark,
  piece: Uint8Array,
  pieceAt: number,
  found: (offset: number) => void,
): void {
  const begin = (((markAt - pieceAt) % sectorOctets) + sectorOctets) % sectorOctets
  for (let at = begin; at + 1 < piece.length; at += sectorOctets)
    if (piece[at] === first && piece[at + 1] === second) found(at)
}
