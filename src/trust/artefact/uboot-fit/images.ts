// SPDX-License-Identifier: Apache-2.0
/** Whether the data of images are what their digests say, and nothing else is in the file. */
import { createHash } from 'node:crypto'
import type { ByteSource } from '#format/archive/byte-source.ts'
import { crc32 } from '#format/archive/checksums.ts'
import { sameBytes } from '#format/bytes.ts'
import { type FdtNode, fdtNumber, fdtText } from '#format/firmware/boot/fdt.ts'
import { refuse } from '#trust/refusal.ts'
import { knownSize, readSpan } from '../pieces.ts'
import type { ArtefactRefused } from '../refusal.ts'
import { type FitTree, nodesOf } from './tree.ts'

/** Where the data of an image are. */
export interface FitData {
  readonly kind: 'data'
  readonly offset: number
  readonly size: number
  /** By what it is said: within the tree, from the tree's end on, or from the beginning of the file. */
  readonly by: 'data' | 'data-offset' | 'data-position'
}

/** @throws FormatError if a number is none */
export function dataOf(image: FdtNode, { fdt }: FitTree): FitData | ArtefactRefused {
  const { properties, name } = image
  const given = (['data', 'data-offset', 'data-position'] as const).filter((one) =>
    properties.has(one),
  )
  const [by] = given
  if (by === undefined) return refuse('artefact-malformed', `image ${name} has no data`)
  if (given.length > 1)
    return refuse('artefact-field-twice', `image ${name} has ${given.join(' and ')}`)
  const property = properties.get(by)!
  if (by === 'data') return { kind: 'data', offset: property.offset, size: property.length, by }
  const stated = properties.get('data-size')
  if (stated === undefined) return refuse('artefact-malformed', `image ${name} has no data-size`)
  const from = fdtNumber(property)
  const offset = by === 'data-position' ? from : outsideOf(fdt.header.totalSize) + from
  if (offset < fdt.header.totalSize)
    return refuse('artefact-malformed', `data of image ${name} begin within the tree`)
  return { kind: 'data', offset, size: fdtNumber(stated), by }
}

/** Where data behind a tree of this size begin. */
export function outsideOf(totalSize: number): number {
  return Math.ceil(totalSize / 4) * 4
}

/** The digests that are good enough to answer for data; others may stand beside them. */
const strong = ['sha256', 'sha384', 'sha512']
const weak = ['md5', 'sha1']

/**
 * Whether all digests of an image fit its data, one of them at least by an algorithm that is believed.
 *
 * @throws FormatError if its numbers are none, or its data end too early
 */
export async function imageFault(
  source: ByteSource,
  image: FdtNode,
  tree: FitTree,
): Promise<ArtefactRefused | undefined> {
  const data = dataOf(image, tree)
  if (data.kind === 'refused') return data
  const stated = nodesOf(image, 'hash').map(({ name, properties }) => ({
    name,
    algorithm: fdtText(properties.get('algo')) ?? '',
    value: properties.get('value')?.bytes,
  }))
  if (!stated.some(({ algorithm }) => strong.includes(algorithm)))
    return refuse(
      'artefact-not-covered',
      `data of image ${image.name}: no digest of it by SHA-256 or better`,
    )
  const unknown = stated.find(({ algorithm }) => !isKnown(algorithm))
  if (unknown !== undefined)
    return refuse(
      'artefact-field-not-allowed',
      `digest ${unknown.algorithm} of image ${image.name} is not known`,
    )
  const names = stated.map(({ algorithm }) => algorithm)
  const digests = await digestAll(source, data, names)
  const wrong = stated.findIndex(({ value }, index) => !sameBytes(value ?? none, digests[index]!))
  if (wrong < 0) return undefined
  const { name, algorithm, value } = stated[wrong]!
  return refuse(
    'artefact-digest-wrong',
    `${algorithm} of image ${image.name} is ${digests[wrong]!.toHex()}, ${name} says ${value?.toHex() ?? 'nothing'}`,
  )
}

const none = new Uint8Array(0)

function isKnown(algorithm: string): boolean {
  return algorithm === 'crc32' || strong.includes(algorithm) || weak.includes(algorithm)
}

async function digestAll(
  source: ByteSource,
  { offset, size }: FitData,
  names: readonly string[],
): Promise<readonly Uint8Array[]> {
  const hashes = names.map((name) => (name === 'crc32' ? undefined : createHash(name)))
  let sum = 0
  for await (const chunk of readSpan(source, offset, size)) {
    for (const hash of hashes) hash?.update(chunk)
    if (hashes.includes(undefined)) sum = crc32(chunk, sum)
  }
  return hashes.map((hash) =>
    hash === undefined ? bigEndian(sum) : Uint8Array.from(hash.digest()),
  )
}

function bigEndian(value: number): Uint8Array {
  const octets = new Uint8Array(4)
  new DataView(octets.buffer).setUint32(0, value)
  return octets
}

/** How far a file may be filled with zeros, to whole pages. */
const mostFillOctets = 4096

/** Octets that are neither tree nor data of an image have to be zero, and few at the end. */
export async function strayOctets(
  source: ByteSource,
  tree: FitTree,
): Promise<ArtefactRefused | undefined> {
  const { header } = tree.fdt
  const size = knownSize(source)
  if (size < header.totalSize)
    return refuse('artefact-truncated', `${size} octets of a tree of ${header.totalSize}`)
  // What fills the tree itself is the tree's: mkimage leaves there what it took out.
  const spans = [{ from: 0, to: header.totalSize }]
  for (const image of tree.images.values()) {
    const data = dataOf(image, tree)
    if (data.kind === 'refused') return data
    if (data.by !== 'data') spans.push({ from: data.offset, to: data.offset + data.size })
  }
  spans.sort((left, right) => left.from - right.from)
  let at = 0
  for (const { from, to } of [...spans, { from: size, to: size }]) {
    if (from > at)
      for await (const chunk of readSpan(source, at, from - at))
        if (chunk.some((octet) => octet !== 0))
          return refuse('artefact-trailing-octets', `neither tree nor data, behind offset ${at}`)
    if (from === size && size - at >= mostFillOctets && size > at)
      return refuse('artefact-trailing-octets', `${size - at} octets behind offset ${at}`)
    at = Math.max(at, to)
  }
  return undefined
}
