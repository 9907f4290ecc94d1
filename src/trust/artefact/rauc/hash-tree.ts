// SPDX-License-Identifier: Apache-2.0
/** The hash tree of dm-verity that lies behind the squashfs of a RAUC bundle: SHA-256, blocks of 4 KiB, no header. */
import type { ByteSource } from '#format/archive/byte-source.ts'
import { readExactly } from '#format/archive/fields.ts'
import { sameBytes } from '#format/bytes.ts'
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
  // Whole blocks of digests, zeros behind the last one of a level.
  const bytes = new Uint8Array(treeSize(dataOctets))
  const levels = levelsOf(dataOctets).map(({ from, to }) => bytes.subarray(from, to))
  let at = 0
  for await (const digests of digestsOf(source, 0, dataOctets, hasher)) {
    levels.at(-1)?.set(digests, at)
    at += digests.length
  }
  for (const [index, level] of levels.entries().toArray().toReversed())
    for (let from = 0; from < level.length && index > 0; from += treeBlock)
      levels[index - 1]?.set(hasher.hash(level, from), (from / treeBlock) * digestSize)
  return { root: hasher.hash(bytes, 0), bytes }
}

/** What is wrong with a tree that lies behind its data; `data`: they are not those that it is over. */
export type TreeFault = 'tree' | 'data'

/**
 * Whether a tree and its data are those of a root; of either little is in memory.
 *
 * @param at where the tree begins, behind the data
 */
export async function treeFault(
  source: ByteSource,
  at: number,
  root: Uint8Array,
  salt: Uint8Array,
): Promise<TreeFault | undefined> {
  const hasher = new BlockHasher(salt)
  const levels = levelsOf(at)
  const top = (await readExactly(source, at, treeBlock)).slice()
  if (!sameBytes(hasher.hash(top, 0), root)) return 'tree'
  for (const [index, above] of levels.entries()) {
    const below = levels[index + 1]
    const [from, length] = below === undefined ? [0, at] : [at + below.from, below.to - below.from]
    const place = { from: at + above.from, to: at + above.to }
    if (!(await isOver(source, from, length, place, hasher)))
      return below === undefined ? 'data' : 'tree'
  }
  return undefined
}

/** Whether a level has the digests of what it is over, and zeros behind them. */
async function isOver(
  source: ByteSource,
  from: number,
  length: number,
  level: Level,
  hasher: BlockHasher,
): Promise<boolean> {
  // As many at a time as are made at a time: only the last step of either is shorter.
  const stored = readSpan(source, level.from, level.to - level.from, stepBlocks * digestSize)
  for await (const digests of digestsOf(source, from, length, hasher)) {
    const { value: there = new Uint8Array() } = await stored.next()
    const rest = there.subarray(digests.length)
    if (!sameBytes(there.subarray(0, digests.length), digests) || rest.some(isSet)) return false
  }
  for await (const rest of stored) if (rest.some(isSet)) return false
  return true
}

function isSet(octet: number): boolean {
  return octet !== 0
}

interface Level {
  readonly from: number
  readonly to: number
}

/** The levels over so much data, the top one first, from where their tree begins. */
function levelsOf(dataOctets: number): readonly Level[] {
  const sizes: number[] = []
  for (let blocks = checkedBlocks(dataOctets); blocks > 1; ) {
    blocks = Math.ceil(blocks / digestsInABlock)
    sizes.push(blocks * treeBlock)
  }
  let to = 0
  return sizes.toReversed().map((size) => {
    to += size
    return { from: to - size, to }
  })
}

/** The digests of block after block, several at a time; they are the caller's until it asks for the next. */
async function* digestsOf(
  source: ByteSource,
  from: number,
  length: number,
  hasher: BlockHasher,
): AsyncGenerator<Uint8Array> {
  const digests = new Uint8Array(stepBlocks * digestSize)
  for await (const bytes of readSpan(source, from, length, stepBlocks * treeBlock)) {
    for (let index = 0; index * treeBlock < bytes.length; index++)
      digests.set(hasher.hash(bytes, index * treeBlock), index * digestSize)
    yield digests.subarray(0, (bytes.length / treeBlock) * digestSize)
  }
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
