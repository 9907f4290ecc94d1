// SPDX-License-Identifier: Apache-2.0
/** The hash tree of dm-verity that lies behind the squashfs of a RAUC bundle: SHA-256, blocks of 4 KiB, no header. */
import type { ByteSource } from '#format/archive/byte-source.ts'
import { concatBytes } from '#format/bytes.ts'
import { FormatError } from '#format/format-error.ts'
import { readSpan } from '#trust/artefact/pieces.ts'
import { sha256 } from '#trust/digest.ts'

export const treeBlock = 4_096
const digestSize = 32
const digestsInABlock = treeBlock / digestSize
const stepBlocks = 32

/** 64 GiB of data: their tree has 520 MB, and stays in memory while it is made. */
const mostBlocks = 16_777_216

export interface HashTree {
  readonly root: Uint8Array
  /** All levels, the top one first, as they lie in the bundle. */
  readonly bytes: Uint8Array
}

/** How many octets the tree over so much data has. @throws FormatError as `hashTree` does */
export function treeSize(dataOctets: number): number {
  let [blocks, size] = [checkedBlocks(dataOctets), 0]
  do {
    blocks = Math.ceil(blocks / digestsInABlock)
    size += blocks * treeBlock
  } while (blocks > 1)
  return size
}

/**
 * The tree over the first octets of a source, which are read once; 1/127 of them stay in memory.
 *
 * @param salt before each block
 * @throws FormatError `truncated`; `value-not-allowed` where the data are not whole blocks, more than one
 * @see the Linux kernel's Documentation/admin-guide/device-mapper/verity.rst, "Hash Tree"; rauc src/verity_hash.c
 */
export async function hashTree(
  source: ByteSource,
  dataOctets: number,
  salt: Uint8Array,
): Promise<HashTree> {
  const hasher = new BlockHasher(salt)
  const levels = [await hashedData(source, checkedBlocks(dataOctets), hasher)]
  for (let top = levels[0]!; top.length > treeBlock; top = levels.at(-1)!) {
    levels.push(hashedLevel(top, hasher))
  }
  const root = hasher.hash(levels.at(-1)!, 0)
  return { root, bytes: concatBytes(levels.toReversed()) }
}

function checkedBlocks(dataOctets: number): number {
  const blocks = dataOctets / treeBlock
  if (!Number.isInteger(blocks) || blocks < 2)
    throw new FormatError(
      'value-not-allowed',
      0,
      `${dataOctets} octets to hash, must be a multiple of ${treeBlock} and more than that`,
    )
  if (blocks > mostBlocks) throw new FormatError('too-large', 0, `${dataOctets} octets to hash`)
  return blocks
}

async function hashedData(
  source: ByteSource,
  blocks: number,
  hasher: BlockHasher,
): Promise<Uint8Array> {
  const level = emptyLevel(blocks)
  let at = 0
  for await (const bytes of readSpan(source, 0, blocks * treeBlock, stepBlocks * treeBlock))
    for (let from = 0; from < bytes.length; from += treeBlock) {
      level.set(hasher.hash(bytes, from), at)
      at += digestSize
    }
  return level
}

function hashedLevel(below: Uint8Array, hasher: BlockHasher): Uint8Array {
  const blocks = below.length / treeBlock
  const level = emptyLevel(blocks)
  for (let index = 0; index < blocks; index++)
    level.set(hasher.hash(below, index * treeBlock), index * digestSize)
  return level
}

/** Whole blocks of digests, zeros behind the last one. */
function emptyLevel(digests: number): Uint8Array {
  return new Uint8Array(Math.ceil(digests / digestsInABlock) * treeBlock)
}

/** Hashes block after block behind the same salt. */
class BlockHasher {
  readonly #salted: Uint8Array
  readonly #salt: number

  constructor(salt: Uint8Array) {
    this.#salt = salt.length
    this.#salted = new Uint8Array(salt.length + treeBlock)
    this.#salted.set(salt)
  }

  hash(bytes: Uint8Array, at: number): Uint8Array {
    this.#salted.set(bytes.subarray(at, at + treeBlock), this.#salt)
    return sha256(this.#salted)
  }
}
