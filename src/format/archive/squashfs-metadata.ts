// SPDX-License-Identifier: Apache-2.0
import { FormatError } from '../format-error.ts'
import type { ArchiveTools } from './archive.ts'
import type { ByteSource } from './byte-source.ts'
import { readExactly, u16le } from './fields.ts'
import type { Superblock } from './squashfs-superblock.ts'

const metadataOctets = 8_192
/** Blocks of metadata that stay unpacked: 2 MiB, the inodes and directories of some 30,000 files. */
const keptBlocks = 256

interface Block {
  readonly bytes: Uint8Array
  /** Where the next one begins. */
  readonly next: number
}

/**
 * Metadata of squashfs: blocks of at most 8 KiB, each packed by itself behind a word that says how long it is.
 *
 * Unpacked ones are kept while they are asked for, so that inodes which lie here and there are not unpacked each anew.
 */
export class Metadata {
  /** Read in turns: what it gives is kept. */
  readonly #source: ByteSource
  readonly #tools: ArchiveTools
  readonly #superblock: Superblock
  readonly #kept = new Map<number, Block>()

  constructor(source: ByteSource, tools: ArchiveTools, superblock: Superblock) {
    this.#source = source
    this.#tools = tools
    this.#superblock = superblock
  }

  /** A place in it: the block at `position`, and an offset into what that gives. */
  at(position: number, offset: number): MetadataCursor {
    return new MetadataCursor(this, position, offset)
  }

  async block(position: number): Promise<Block> {
    const known = this.#kept.get(position)
    if (known !== undefined) {
      this.#kept.delete(position)
      this.#kept.set(position, known)
      return known
    }
    const block = await this.#unpacked(position)
    this.#kept.set(position, block)
    if (this.#kept.size > keptBlocks) this.#kept.delete(this.#kept.keys().next().value!)
    return block
  }

  async #unpacked(position: number): Promise<Block> {
    if (position + 2 > this.#superblock.used)
      throw new FormatError('truncated', position, 'metadata beyond the end of squashfs')
    const word = u16le(await readExactly(this.#source, position, 2), 0)
    const stored = word & 0x7fff
    if (stored === 0 || stored > metadataOctets)
      throw new FormatError(
        'value-not-allowed',
        position,
        `a block of metadata of ${stored} octets`,
      )
    const bytes = await readExactly(this.#source, position + 2, stored)
    const next = position + 2 + stored
    if ((word & 0x8000) !== 0) return { bytes, next }
    const { compression } = this.#superblock
    return { bytes: await this.#tools.unpack(compression, bytes, metadataOctets), next }
  }
}

/** Reads on from a place in metadata, over the ends of blocks. */
export class MetadataCursor {
  readonly #metadata: Metadata
  #position: number
  #offset: number

  constructor(metadata: Metadata, position: number, offset: number) {
    this.#metadata = metadata
    this.#position = position
    this.#offset = offset
  }

  /** The octets of the container that this reads in, for errors. */
  get position(): number {
    return this.#position
  }

  /** The next octets; a view where they lie in one block. */
  async take(length: number): Promise<Uint8Array> {
    let block = await this.#metadata.block(this.#position)
    if (this.#offset + length <= block.bytes.length) {
      this.#offset += length
      return block.bytes.subarray(this.#offset - length, this.#offset)
    }
    const bytes = new Uint8Array(length)
    for (let done = 0; done < length; ) {
      if (this.#offset >= block.bytes.length) {
        // Only a full block goes on in the next one: so that a chain of empty ones cannot be followed for long.
        if (block.bytes.length < metadataOctets || this.#offset > block.bytes.length)
          throw new FormatError('truncated', this.#position, 'metadata of squashfs')
        this.#position = block.next
        this.#offset = 0
        block = await this.#metadata.block(this.#position)
      }
      const piece = block.bytes.subarray(this.#offset, this.#offset + length - done)
      bytes.set(piece, done)
      done += piece.length
      this.#offset += piece.length
    }
    return bytes
  }
}
