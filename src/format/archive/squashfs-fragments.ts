// SPDX-License-Identifier: Apache-2.0
import { FormatError } from '../format-error.ts'
import type { ArchiveTools } from './archive.ts'
import type { ByteSource } from './byte-source.ts'
import { readExactly, u32le, u64le } from './fields.ts'
import type { Metadata } from './squashfs-metadata.ts'
import type { Superblock } from './squashfs-superblock.ts'

const entryOctets = 16
/** Entries in a block of metadata. */
const perBlock = 512
/** Unpacked blocks of fragments that are kept: the small files of a directory share one. */
const keptBlocks = 4

/** The blocks in which ends of files, and small files, lie together. */
export class Fragments {
  /** Read in turns: what it gives is kept. */
  readonly #source: ByteSource
  readonly #tools: ArchiveTools
  readonly #metadata: Metadata
  readonly #superblock: Superblock
  readonly #kept = new Map<number, Promise<Uint8Array>>()

  constructor(source: ByteSource, tools: ArchiveTools, metadata: Metadata, superblock: Superblock) {
    this.#source = source
    this.#tools = tools
    this.#metadata = metadata
    this.#superblock = superblock
  }

  /** The unpacked block; a view of what is kept. */
  async block(index: number): Promise<Uint8Array> {
    const block = this.#kept.get(index) ?? this.#unpacked(index)
    this.#kept.delete(index)
    this.#kept.set(index, block)
    if (this.#kept.size > keptBlocks) this.#kept.delete(this.#kept.keys().next().value!)
    return await block
  }

  async #unpacked(index: number): Promise<Uint8Array> {
    const { fragments, fragmentTable, blockOctets, compression, used } = this.#superblock
    if (index >= fragments)
      throw new FormatError('value-not-allowed', fragmentTable, `fragment ${index} of ${fragments}`)
    const pointer = fragmentTable + 8 * Math.floor(index / perBlock)
    const position = u64le(await readExactly(this.#source, pointer, 8), 0)
    const cursor = this.#metadata.at(position, (index % perBlock) * entryOctets)
    const entry = await cursor.take(entryOctets)
    const [start, word] = [u64le(entry, 0), u32le(entry, 8)]
    const length = word & 0xff_ffff
    if (length > blockOctets || start + length > used)
      throw new FormatError('value-not-allowed', start, `a fragment stored in ${length} octets`)
    const bytes = await readExactly(this.#source, start, length)
    if ((word & 0x100_0000) !== 0) return bytes
    return await this.#tools.unpack(compression, bytes, blockOctets)
  }
}
