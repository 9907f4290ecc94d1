// SPDX-License-Identifier: Apache-2.0
/** Which octets of a tree the signature of a configuration covers. */
import type { ByteSource } from '#format/archive/byte-source.ts'
import { type Fdt, type FdtNode, fdtAligned } from '#format/firmware/boot/fdt.ts'
import type { Piece } from '../form.ts'
import { isUncovered } from './tree.ts'

/** Of a property: the token, the length and the place of the name, before its value. */
const propertyHeadOctets = 12
const tokenOctets = 4

/**
 * In order: of a listed node all, but for where data are; of its children that are not listed what begins and ends
 * them; the token that ends the tree; and so many octets of its names.
 *
 * @param paths of the nodes that are listed
 * @see U-Boot boot/fdt_region.c, fdt_find_regions; boot/image-fit-sig.c, fit_config_check_sig
 */
export function coveredRegions(
  source: ByteSource,
  { root, header }: Fdt,
  paths: readonly string[],
  stringsSize: number,
): readonly Piece[] {
  const listed = new Set(paths)
  const spans: { from: number; to: number }[] = []
  const cover = (from: number, to: number) => {
    const last = spans.at(-1)
    if (last?.to === from) last.to = to
    else spans.push({ from, to })
  }
  const visit = (node: FdtNode, path: string, isBelowListed: boolean) => {
    const isListed = listed.has(path === '' ? '/' : path)
    if (isListed || isBelowListed) cover(node.from, node.bodyFrom)
    if (isListed)
      for (const property of node.properties.values()) {
        const { offset, length } = property
        if (!isUncovered(property)) cover(offset - propertyHeadOctets, offset + fdtAligned(length))
      }
    for (const child of node.children) visit(child, `${path}/${child.name}`, isListed)
    if (isListed || isBelowListed) cover(node.to - tokenOctets, node.to)
  }
  visit(root, '', false)
  cover(root.to, root.to + tokenOctets)
  spans.push({ from: header.stringsOffset, to: header.stringsOffset + stringsSize })
  return spans.map(({ from, to }) => ({ source, from, length: to - from }))
}
