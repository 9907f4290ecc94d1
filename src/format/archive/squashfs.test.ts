// SPDX-License-Identifier: Apache-2.0
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { archiveVector } from '../../../test/support/archive-vectors.ts'
import { listAll, sharedSource } from '../../../test/support/containers.ts'
import { FormatError } from '../format-error.ts'
import type { Compression } from './archive.ts'
import { memorySource } from './byte-source.ts'
import { u16le, u32le, u64le } from './fields.ts'
import { squashfs } from './squashfs.ts'
import { squashfsFile } from './squashfs-file.ts'
import { Fragments } from './squashfs-fragments.ts'
import { Metadata } from './squashfs-metadata.ts'
import { parseSuperblock } from './squashfs-superblock.ts'

/** Metadata, blocks and fragments as they are: what is changed is what is read. */
const plain = () => archiveVector('squashfs-plain')
const list = async (bytes: Uint8Array) => await listAll(squashfs, sharedSource(bytes))
const said = async (bytes: Uint8Array) => Object.values(await list(bytes)).join('\n')

async function refused(bytes: Uint8Array, code: string, words: RegExp): Promise<void> {
  await assert.rejects(list(bytes), (error) => {
    assert.ok(error instanceof FormatError, String(error))
    assert.equal(error.code, code)
    assert.match(error.message, words)
    return true
  })
}

/** Where the inodes begin, behind the word that says how many octets they are. */
const inodes = (bytes: Uint8Array) => u64le(bytes, 64) + 2

/** Where the inodes of a type lie, as mksquashfs put them. */
function inodesOf(bytes: Uint8Array, type: number): number[] {
  const found: number[] = []
  const start = inodes(bytes)
  const end = start + (u16le(bytes, start - 2) & 0x7fff)
  for (let at = start; at + 16 <= end; at++)
    if (u16le(bytes, at) === type && u32le(bytes, at + 8) === 1_700_000_000) found.push(at)
  return found
}
/** Where the sizes of the blocks of the file with the hole lie. */
function blocksOf(bytes: Uint8Array): number {
  const sparse = inodesOf(bytes, 9).find((at) => u64le(bytes, at + 24) === 40_003)
  assert.ok(sparse !== undefined)
  return sparse + 16 + 40
}
const put = (bytes: Uint8Array, at: number, ...octets: number[]) => bytes.set(octets, at)

test('other versions, big-endian images and LZO are refused by name', async () => {
  const changed = (at: number, ...octets: number[]) => {
    const bytes = plain()
    put(bytes, at, ...octets)
    return bytes
  }
  await refused(changed(28, 3), 'version-unknown', /squashfs 3\.0/)
  await refused(changed(0, 0x73, 0x71, 0x73, 0x68), 'version-unknown', /big-endian/)
  await refused(changed(20, 3), 'value-not-allowed', /LZO/)
  await refused(changed(20, 9), 'value-not-allowed', /compression 9/)
  await refused(changed(12, 1), 'value-not-allowed', /blocks of/)
})

test('a directory within itself is given once', async () => {
  const bytes = plain()
  const directories = inodesOf(bytes, 1)
  assert.equal(directories.length, 2)
  // The inner one has the listing of the root, which comes last.
  const [inner, root] = directories
  bytes.copyWithin(inner! + 16, root! + 16, root! + 32)
  const found = await list(bytes)
  assert.equal(found['dir/dir'], 'link: dir')
  assert.ok(Object.keys(found).length < 20)
})

test('more inodes than it says, unknown types and blocks that are too large are named', async () => {
  const few = plain()
  put(few, 4, 2, 0, 0, 0)
  assert.match(await said(few), /it has 2 inodes, and this is one more/)
  const strange = plain()
  put(strange, inodesOf(strange, 3)[0]!, 99)
  assert.match(await said(strange), /an inode of type 99/)
  const large = plain()
  put(large, blocksOf(large) + 2, 0x40)
  assert.match(await said(large), /a block stored in/)
})

test('a file of more blocks than there can be is refused before memory is taken', async () => {
  const bytes = plain()
  const [file] = inodesOf(bytes, 9)
  put(bytes, file! + 16 + 8, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0x0f, 0)
  assert.match(await said(bytes), /a file of \d{10,} blocks/)
})

test('metadata that is empty, too long or goes on for ever is refused', async () => {
  for (const octets of [
    [0, 0x80],
    [0xff, 0xff],
    [0x01, 0xa0],
  ]) {
    const bytes = plain()
    put(bytes, u64le(bytes, 64), ...octets)
    await assert.rejects(list(bytes), FormatError)
  }
})

test('a listing that counts wrongly is named, and what was found stands', async () => {
  const bytes = plain()
  const listing = u64le(bytes, 72) + 2
  put(bytes, listing, 0xff, 0xff)
  assert.match(await said(bytes), /a directory: /)
})

test('a block is unpacked once, also if the end of its file is looked at first', async () => {
  const [blockOctets, count] = [4_096, 20]
  const stored = new Uint8Array(count * 8)
  const unpacked: number[] = []
  const tools = {
    open: () => assert.fail('it has no streams'),
    unpack: async (_: Compression, bytes: Uint8Array) => {
      unpacked.push(bytes.byteOffset / 8)
      return new Uint8Array(blockOctets)
    },
  }
  const source = memorySource(stored)
  const superblock = { ...parseSuperblock(plain()), blockOctets, used: stored.length }
  const metadata = new Metadata(source, tools, superblock)
  const fragments = new Fragments(source, tools, metadata, superblock)
  const file = squashfsFile(
    { source, tools, superblock, fragments },
    {
      ...{ kind: 'file', start: 0, size: count * blockOctets, names: 1 },
      ...{ blocks: new Uint32Array(count).fill(8), fragment: undefined },
    },
  )
  const octets = file.size!
  await file.read(0, 4_000)
  await file.read(octets - 4_000, 4_000)
  for (let at = 0; at < octets; at += 10_000) await file.read(at, 10_000)
  assert.deepEqual(
    unpacked.toSorted((left, right) => left - right),
    [...Array(count).keys()],
  )
})

test('a damaged block is an error of its file, and the others are found', async () => {
  const bytes = archiveVector('squashfs-gzip')
  // Blocks lie behind the superblock.
  bytes.fill(0x55, 96, 120)
  const [whole, found] = [await list(archiveVector('squashfs-gzip')), await list(bytes)]
  const damaged = Object.keys(found).filter((name) => found[name] !== whole[name])
  assert.ok(damaged.length > 0 && damaged.length < 4, damaged.join())
  for (const name of damaged) assert.match(found[name]!, /^damaged: .*zlib/)
})

test('an image that says more octets than there are is named', async () => {
  const bytes = plain()
  const cut = bytes.slice(0, bytes.length - 1)
  const words = await said(cut).catch((error: Error) => error.message)
  assert.match(words, /are there/)
})
