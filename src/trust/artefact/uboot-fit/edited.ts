// SPDX-License-Identifier: Apache-2.0
import type { ByteSource } from '#format/archive/byte-source.ts'
import { readExactly, u32be } from '#format/archive/fields.ts'
import { type Fdt, fdtHeaderOctets } from '#format/firmware/boot/fdt.ts'
import { encodeFdtHeader, type FdtStrings } from '#format/firmware/boot/fdt-write.ts'
import { FormatError } from '#format/format-error.ts'
import type { Piece } from '../form.ts'
import { sizeOf } from '../pieces.ts'

/** What is put in the place of a span of the structure; whole tokens, offsets of the file. */
export interface FdtEdit {
  readonly from: number
  readonly to: number
  readonly octets: Uint8Array
}

export interface EditedTree {
  /** The whole tree, and nothing behind it. */
  readonly pieces: readonly Piece[]
  readonly totalSize: number
}

/**
 * A tree with some of its tokens replaced. All else stays octet by octet, but for what fills it at its end.
 *
 * @param edits in ascending order, without overlap
 * @param strings the tree's own, which may have grown
 * @throws FormatError if its blocks lie in another order than all writers put them
 */
export async function editTree(
  source: ByteSource,
  { header }: Fdt,
  edits: readonly FdtEdit[],
  strings: FdtStrings,
): Promise<EditedTree> {
  const { structOffset, structSize } = header
  const structEnd = structOffset + structSize
  const old = (await readExactly(source, 0, fdtHeaderOctets)).slice()
  const [reservedOffset, bootCpu] = [u32be(old, 16), u32be(old, 28)]
  if (header.stringsOffset < structEnd || reservedOffset >= structOffset)
    throw new FormatError('value-not-allowed', 8, 'blocks of the tree in an unusual order')
  const structure: Piece[] = []
  let at = structOffset
  for (const { from, to, octets } of edits) {
    structure.push({ source, from: at, length: from - at }, octets)
    at = to
  }
  structure.push({ source, from: at, length: structEnd - at })
  const newSize = sizeOf(structure)
  const stringsOffset = structOffset + newSize
  const names = strings.encode()
  const totalSize = Math.ceil((stringsOffset + names.length) / 8) * 8
  const newHeader = encodeFdtHeader({
    ...{ totalSize, structOffset, structSize: newSize, stringsOffset, stringsSize: names.length },
    ...{ reservedOffset, bootCpu },
  })
  const reserved = { source, from: fdtHeaderOctets, length: structOffset - fdtHeaderOctets }
  const fill = new Uint8Array(totalSize - stringsOffset - names.length)
  return { pieces: [newHeader, reserved, ...structure, names, fill], totalSize }
}
