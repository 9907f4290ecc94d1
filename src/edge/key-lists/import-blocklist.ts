// SPDX-License-Identifier: Apache-2.0
import { createReadStream, statSync } from 'node:fs'
import { FormatError } from '#format/format-error.ts'
import type { BadkeysIndex } from '#format/key-list/badkeys-index.ts'
import { encodeKeyListHead, type KeyListHead } from '#format/key-list/key-list-head.ts'
import { Sha256 } from '#trust/digest.ts'
import { writeKeyList } from './write-key-list.ts'

/** BKHASH120 and one octet for the part. @see badkeys, docs/BLOCKLISTFORMAT.md */
const blockOctets = 16

export interface Imported {
  readonly head: KeyListHead
  /** Where it lies now. */
  readonly path: string
}

/**
 * Takes over the blocklist of badkeys, which is sorted blocks of digest and part, and so already what the entries of a
 * list of ours are; nothing but a head is new.
 *
 * @param index undefined: it is believed without a digest from elsewhere, and its parts have numbers for names
 * @throws FormatError for a blocklist that is cut off, not sorted, or not the one that the index speaks of
 */
export async function importBlocklist(
  blocklist: string,
  index: BadkeysIndex | undefined,
  directory: string,
): Promise<Imported> {
  const { size } = statSync(blocklist)
  if (size === 0 || size % blockOctets !== 0)
    throw new FormatError('truncated', size, `a blocklist is blocks of ${blockOctets} octets`)
  const sha256 = await digestOf(blocklist)
  if (index !== undefined && sha256.toHex() !== index.sha256.toHex())
    throw new FormatError(
      'value-not-allowed',
      0,
      `the blocklist has the digest ${sha256.toHex()}, its index says ${index.sha256.toHex()}`,
    )
  const head: KeyListHead = {
    ...{ name: 'badkeys', finds: 'key-listed', digestOctets: 15, hasParts: true },
    from: index === undefined ? 'badkeys blocklist' : `badkeys blocklist of ${index.date}`,
    ...{ count: size / blockOctets, sha256, parts: index?.parts ?? new Map() },
  }
  const path = await writeKeyList(directory, head.name, pieces(head, blocklist))
  return { head, path }
}

async function digestOf(path: string): Promise<Uint8Array> {
  const hash = new Sha256()
  for await (const piece of createReadStream(path)) hash.take(piece as Uint8Array)
  return hash.finish()
}

async function* pieces(head: KeyListHead, blocklist: string): AsyncGenerator<Uint8Array> {
  yield encodeKeyListHead(head)
  yield* createReadStream(blocklist)
}
