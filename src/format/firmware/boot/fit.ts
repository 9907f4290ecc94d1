// SPDX-License-Identifier: Apache-2.0
/** U-Boot's Flattened Image Tree: a devicetree whose nodes are images and configurations. */
import type { ArchiveForm, Member, Unread } from '#format/archive/archive.ts'
import { type ByteSource, span } from '#format/archive/byte-source.ts'
import { FormatError } from '#format/format-error.ts'
import { recognisedBy } from '../recognised-by.ts'
import {
  type FdtNode,
  fdtHeaderOctets,
  fdtNumber,
  fdtText,
  parseFdt,
  parseFdtHeader,
} from './fdt.ts'
import { packedAs } from './packed-as.ts'

export interface FitHash {
  readonly node: string
  readonly algorithm: string
  readonly value: Uint8Array
}

export interface FitImage {
  readonly name: string
  readonly description: string | undefined
  readonly type: string | undefined
  readonly architecture: string | undefined
  readonly system: string | undefined
  readonly compression: string
  /** Where its data lie in the file: within the tree, or behind it. */
  readonly offset: number
  readonly size: number
  readonly hashes: readonly FitHash[]
  /** Names of its signature nodes; the values are checked by whoever signs. */
  readonly signatures: readonly string[]
  /** The algorithm of its encryption; undefined: it is not encrypted. */
  readonly cipher: string | undefined
}

export interface Fit {
  readonly images: readonly FitImage[]
  readonly configurations: readonly FdtNode[]
  /** Octets of the tree itself; external data lie behind it. */
  readonly treeSize: number
}

/**
 * Images and configurations, with the places of their data. No hash is computed and no signature checked.
 *
 * @returns undefined if it is a devicetree without images, as boards have it
 * @throws FormatError
 * @see U-Boot doc/usage/fit/source_file_format.rst
 */
export async function parseFit(source: ByteSource): Promise<Fit | undefined> {
  const { header, root } = await parseFdt(source)
  const images = childOf(root, 'images')
  if (images === undefined) return undefined
  return {
    images: images.children.map((node) => imageOf(node, header.totalSize)),
    configurations: childOf(root, 'configurations')?.children ?? [],
    treeSize: header.totalSize,
  }
}

function imageOf(node: FdtNode, treeSize: number): FitImage {
  const text = (name: string) => fdtText(node.properties.get(name))
  const subnodes = (kind: string) => node.children.filter(({ name }) => isOf(name, kind))
  return {
    ...{ name: node.name, description: text('description'), type: text('type') },
    ...{ architecture: text('arch'), system: text('os') },
    compression: text('compression') ?? 'none',
    ...placeOf(node, treeSize),
    hashes: subnodes('hash').map(({ name, properties }) => ({
      node: name,
      algorithm: fdtText(properties.get('algo')) ?? '',
      value: properties.get('value')?.bytes ?? new Uint8Array(0),
    })),
    signatures: subnodes('signature').map(({ name }) => name),
    cipher: subnodes('cipher').map(({ properties }) => fdtText(properties.get('algo')) ?? '')[0],
  }
}

/** `data` in the tree; or `data-position` from the beginning, or `data-offset` from the tree's end on, and `data-size`. */
function placeOf(
  { name, properties }: FdtNode,
  treeSize: number,
): { readonly offset: number; readonly size: number } {
  const data = properties.get('data')
  if (data !== undefined) return { offset: data.offset, size: data.length }
  const size = properties.get('data-size')
  const position = properties.get('data-position')
  const offset = properties.get('data-offset')
  if (size !== undefined && position !== undefined)
    return { offset: fdtNumber(position), size: fdtNumber(size) }
  if (size !== undefined && offset !== undefined)
    return { offset: ((treeSize + 3) & ~3) + fdtNumber(offset), size: fdtNumber(size) }
  throw new FormatError('element-missing', 0, `data of image ${name}`)
}

function childOf(node: FdtNode, wanted: string): FdtNode | undefined {
  return node.children.find(({ name }) => name === wanted)
}

/** `hash`, or `hash-1`, or `hash@1` as older trees have it. */
function isOf(name: string, kind: string): boolean {
  return name === kind || name.startsWith(`${kind}-`) || name.startsWith(`${kind}@`)
}

export const fit: ArchiveForm = {
  name: 'fit',
  access: 'ranged',
  headOctets: fdtHeaderOctets,
  leftover: 'carved',
  recognise: recognisedBy({ at: 0, octets: [0xd0, 0x0d, 0xfe, 0xed] }, parseFdtHeader),
  members,
}

async function* members(source: ByteSource): AsyncGenerator<Member | Unread> {
  const images = (await parseFit(source))?.images ?? []
  for (const image of images.toSorted((left, right) => left.offset - right.offset)) {
    const { name, offset, size, compression } = image
    if (image.cipher !== undefined && image.cipher !== '') {
      const because = `it is encrypted by ${image.cipher}`
      yield { kind: 'unread', name, offset, because, reason: 'encrypted' }
      continue
    }
    if (source.size !== undefined && offset + size > source.size)
      yield truncated(name, offset, size, source.size)
    const hashes = image.hashes.map(({ algorithm }) => algorithm).join(', ') || 'no hash'
    const about = `${image.type ?? 'image'}, compression ${compression}, ${hashes}`
    yield packedAs(compression, span(source, offset, size), { name, offset, about })
  }
}

function truncated(name: string, offset: number, size: number, end: number): Unread {
  const because = `it ends at ${offset + size}, and the file at ${end}`
  return { kind: 'unread', name, offset, because, reason: 'damaged' }
}
