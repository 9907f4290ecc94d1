// SPDX-License-Identifier: Apache-2.0
/** The sparse image of Android's tools: chunks of blocks that are there, filled, or of no matter. */
import type { ArchiveForm, Member } from '#format/archive/archive.ts'
import type { ByteSource } from '#format/archive/byte-source.ts'
import { type Extent, extentSource } from '#format/archive/extents.ts'
import { readExactly, u16le, u32le } from '#format/archive/fields.ts'
import { FormatError } from '#format/format-error.ts'
import { recognisedBy } from '../recognised-by.ts'

export interface SparseImage {
  /** Of the disk that it stands for. */
  readonly size: number
  /** What is there; the rest is filled with one value, or of no matter. */
  readonly extents: readonly Extent[]
}

const [headerOctets, chunkOctets, magic] = [28, 12, 0xed26_ff3a]
const chunkTypes = { raw: 0xcac1, fill: 0xcac2, nothing: 0xcac3, checksum: 0xcac4 }
const mostChunks = 1_048_576

/**
 * @throws FormatError
 * @see Android system/core/libsparse/sparse_format.h
 */
export async function parseAndroidSparse(source: ByteSource): Promise<SparseImage> {
  const { block, blocks, chunks } = parseHeader(await source.read(0, headerOctets))
  const extents: Extent[] = []
  let [from, at] = [headerOctets, 0]
  for (let index = 0; index < chunks; index++) {
    const bytes = await readExactly(source, from, chunkOctets)
    const [type, count, total] = [u16le(bytes, 0), u32le(bytes, 4), u32le(bytes, 8)]
    const length = count * block
    const wanted = { [chunkTypes.raw]: length, [chunkTypes.nothing]: 0 }[type] ?? 4
    if (!Object.values(chunkTypes).includes(type) || total !== chunkOctets + wanted)
      throw new FormatError('value-not-allowed', from, `a chunk of type ${type.toString(16)}`)
    if (type === chunkTypes.raw) extents.push({ at, length, from: from + chunkOctets })
    if (type !== chunkTypes.checksum) at += length
    if (at > blocks * block)
      throw new FormatError('value-not-allowed', from, 'a chunk over the end')
    from += total
  }
  return { size: blocks * block, extents }
}

function parseHeader(bytes: Uint8Array) {
  if (bytes.length < headerOctets)
    throw new FormatError('truncated', bytes.length, 'a header of a sparse image')
  const [header, chunk, block] = [u16le(bytes, 8), u16le(bytes, 10), u32le(bytes, 12)]
  if (u32le(bytes, 0) !== magic || u16le(bytes, 4) !== 1)
    throw new FormatError('value-not-allowed', 0, 'no sparse image')
  if (header !== headerOctets || chunk !== chunkOctets || block === 0 || block % 4 !== 0)
    throw new FormatError('value-not-allowed', 8, 'sizes of headers and blocks')
  const chunks = u32le(bytes, 20)
  if (chunks > mostChunks) throw new FormatError('too-many', 20, `${chunks} chunks`)
  return { block, blocks: u32le(bytes, 16), chunks }
}

export const androidSparse: ArchiveForm = {
  name: 'android-sparse',
  access: 'ranged',
  headOctets: headerOctets,
  leftover: 'meaningless',
  recognise: recognisedBy(
    { at: 0, octets: [0x3a, 0xff, 0x26, 0xed] },
    (head) => parseHeader(head).chunks > 0,
  ),
  async *members(source): AsyncGenerator<Member> {
    const { size, extents } = await parseAndroidSparse(source)
    const content = extentSource(source, size, extents)
    yield { kind: 'member', name: 'disk', type: 'file', offset: undefined, content }
  },
}
