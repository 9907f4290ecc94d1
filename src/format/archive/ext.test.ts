// SPDX-License-Identifier: Apache-2.0
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { archiveTools } from '#edge/images/tools.ts'
import { archiveVector } from '../../../test/support/archive-vectors.ts'
import { listAll, sharedSource } from '../../../test/support/containers.ts'
import { FormatError } from '../format-error.ts'
import { ext } from './ext.ts'
import { u16le, u32le } from './fields.ts'

const list = async (bytes: Uint8Array) => await listAll(ext, sharedSource(bytes))
const said = async (bytes: Uint8Array) => Object.values(await list(bytes)).join('\n')
const view = (bytes: Uint8Array) => new DataView(bytes.buffer, bytes.byteOffset)

/** Where an inode lies in an image of one group of 1 KiB blocks. */
function inodeAt(bytes: Uint8Array, number: number): number {
  const octets = u16le(bytes, 1_024 + 88)
  return u32le(bytes, 2_048 + 8) * 1_024 + (number - 1) * octets
}

/** The inode of a name in the root: names stand behind their numbers. */
function inodeOf(bytes: Uint8Array, name: string): number {
  const text = new TextEncoder().encode(name)
  for (let at = 8; at < bytes.length; at++)
    if (
      text.every((octet, index) => bytes[at + index] === octet) &&
      bytes[at - 2] === text.length
    ) {
      const number = u32le(bytes, at - 8)
      if (number > 0 && number < 64) return inodeAt(bytes, number)
    }
  throw new Error(`no ${name}`)
}

for (const name of ['ext2', 'ext4']) {
  test(`${name}: what is encrypted or compressed by the file system is named`, async () => {
    for (const [flag, words] of [
      [0x800, /it is encrypted/],
      [0x4, /it is compressed by the file system/],
    ] as const) {
      const bytes = archiveVector(name)
      const flags = inodeOf(bytes, 'sparse') + 32
      view(bytes).setUint32(flags, u32le(bytes, flags) | flag, true)
      assert.match((await list(bytes))['sparse']!, words)
    }
  })

  test(`${name}: a directory that is its own child is given once`, async () => {
    const bytes = archiveVector(name)
    const [inner, root] = [inodeOf(bytes, 'dir'), inodeAt(bytes, 2)]
    bytes.copyWithin(inner, root, root + u16le(bytes, 1_024 + 88))
    const found = await list(bytes)
    assert.equal(found['dir/dir'], 'link: dir')
    assert.ok(Object.keys(found).length < 30)
  })

  test(`${name}: a journal that was not written back is named`, async () => {
    const bytes = archiveVector(name)
    bytes[1_024 + 96]! |= 4
    assert.match(await said(bytes), /its journal holds changes/)
  })

  test(`${name}: features that are not known are refused, with their bits`, async () => {
    const bytes = archiveVector(name)
    bytes[1_024 + 99] = 0x40
    await assert.rejects(
      list(bytes),
      (error) => error instanceof FormatError && /features 0x40/.test(error.message),
    )
  })

  test(`${name}: an inode that there is not is named, and the others are found`, async () => {
    const bytes = archiveVector(name)
    const whole = await list(bytes)
    const at = [...bytes.keys()].find(
      (place) => new TextDecoder().decode(bytes.subarray(place, place + 6)) === 'sparse',
    )!
    view(bytes).setUint32(at - 8, 4_000_000, true)
    const found = await list(bytes)
    assert.match(found['sparse']!, /inode 4000000 of \d+/)
    assert.deepEqual({ ...found, sparse: '' }, { ...whole, sparse: '' })
  })

  test(`${name}: an entry that leads out of its block is named`, async () => {
    const bytes = archiveVector(name)
    const at = [...bytes.keys()].find(
      (place) => new TextDecoder().decode(bytes.subarray(place, place + 6)) === 'sparse',
    )!
    view(bytes).setUint16(at - 4, 2_000, true)
    assert.match(await said(bytes), /an entry of 2000 octets in a directory/)
  })
}

test('more blocks than any disk has are refused', async () => {
  const bytes = archiveVector('ext4')
  view(bytes).setUint32(1_024 + 336, 0xffff_ffff, true)
  await assert.rejects(
    list(bytes),
    (error) => error instanceof FormatError && error.code === 'value-not-allowed',
  )
})

test('a name that was removed is not given', async () => {
  const bytes = archiveVector('ext2')
  const at = [...bytes.keys()].find(
    (place) => new TextDecoder().decode(bytes.subarray(place, place + 6)) === 'sparse',
  )!
  view(bytes).setUint32(at - 8, 0, true)
  assert.equal((await list(bytes))['sparse'], undefined)
})

test('a file of 15 terabytes that is all hole costs no more than its inode', async () => {
  const bytes = archiveVector('ext2')
  const inode = inodeOf(bytes, 'sparse')
  view(bytes).setUint32(inode + 108, 3_500, true)
  const reads: number[] = []
  const source = sharedSource(bytes)
  const counted = {
    ...source,
    read(at: number, length: number) {
      reads.push(length)
      return source.read(at, length)
    },
  }
  for await (const member of ext.members(counted, archiveTools())) {
    if (member.name !== 'sparse') continue
    assert.ok(
      member.kind === 'member' && member.content !== undefined && !('kind' in member.content),
    )
    const { content } = member
    assert.ok(content.size! > 15e12)
    const first = content.dataFrom!(0)
    assert.equal(content.dataFrom!(first + 1_024), content.size)
    assert.deepEqual(await content.read(content.size! - 5, 100), new Uint8Array(5))
  }
  assert.ok(reads.length < 100, `${reads.length} reads`)
})

test('blocks outside of the image, and maps that lead into themselves, are named', async () => {
  const outside = archiveVector('ext2')
  view(outside).setUint32(inodeOf(outside, 'sparse') + 40, 9_999_999, true)
  assert.match((await list(outside))['sparse']!, /a block outside of the image/)

  // A block of blocks of blocks that is full of itself: a billion blocks, were they counted.
  const circle = archiveVector('ext2')
  const inode = inodeOf(circle, 'sparse')
  const free = 63
  for (let at = 0; at < 1_024; at += 4) view(circle).setUint32(free * 1_024 + at, free, true)
  view(circle).setUint32(inode + 40 + 4 * 14, free, true)
  view(circle).setUint32(inode + 108, 1_000, true)
  assert.match((await list(circle))['sparse']!, /too many/)
})

test('a tree of extents that is deeper than its root, or out of order, is named', async () => {
  for (const [at, value] of [
    [40, 0x1234],
    [42, 200],
    [46, 6],
  ] as const) {
    const bytes = archiveVector('ext4')
    view(bytes).setUint16(inodeOf(bytes, 'sparse') + at, value, true)
    assert.match((await list(bytes))['sparse']!, /a node of extents/, `${at}`)
  }
})
