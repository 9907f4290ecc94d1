// SPDX-License-Identifier: Apache-2.0
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { archiveTools } from '#edge/images/tools.ts'
import { fileToPack, octetsOf } from '../../../test/support/artefact-files.ts'
import { memorySource } from './byte-source.ts'
import { squashfs } from './squashfs.ts'
import { type EntryToPack, type SquashfsWish, writeSquashfs } from './squashfs-writer.ts'

const noise = (octets: number) => Uint8Array.from({ length: octets }, (_, at) => (at * 7_919) >> 5)

/** What the reader of scans makes of it: name and content. */
async function listed(
  image: Uint8Array,
): Promise<readonly (readonly [string, Uint8Array | string])[]> {
  const names: [string, Uint8Array | string][] = []
  for await (const member of squashfs.members(memorySource(image), archiveTools())) {
    assert.ok(member.kind === 'member', JSON.stringify(member))
    const { content, type } = member
    if (content === undefined || 'kind' in content) names.push([member.name, type])
    else names.push([member.name, (await content.read(0, content.size ?? 0)).slice()])
  }
  return names
}

const many = Array.from({ length: 600 }, (_, index) => fileToPack(`f${index}`, noise(index % 7)))
const entries: readonly EntryToPack[] = [
  fileToPack('rootfs.ext4', noise(300_001)),
  fileToPack('zeros', new Uint8Array(262_145)),
  fileToPack('empty', new Uint8Array()),
  {
    kind: 'directory',
    name: 'more',
    entries: [fileToPack('x', noise(5)), { kind: 'directory', name: 'many', entries: many }],
  },
]

test('what is written is read again, names in their order and every octet', async () => {
  const image = await octetsOf(writeSquashfs({ entries, modifiedAt: 0 }))
  assert.equal(image.length % 4_096, 0)
  const names = new Map(await listed(image))
  assert.deepEqual([...names.keys()].slice(0, 3), ['empty', 'more', 'more/many'])
  assert.deepEqual(names.get('rootfs.ext4'), noise(300_001))
  assert.deepEqual(names.get('zeros'), new Uint8Array(262_145))
  assert.deepEqual(names.get('more/x'), noise(5))
  for (const [index, { name }] of many.entries())
    assert.deepEqual(names.get(`more/many/${name}`), noise(index % 7))
  assert.equal(names.size, 606)
})

test('the same files at the same time give the same octets, in whatever order they come', async () => {
  const wish: SquashfsWish = { entries, modifiedAt: 1_800_000_000 }
  const turned = { ...wish, entries: entries.toReversed() }
  const image = await octetsOf(writeSquashfs(wish))
  // Where files lie follows from their names alone.
  assert.deepEqual(await octetsOf(writeSquashfs(turned)), image)
})

test('a block that is packed smaller is, another stays as it is', async () => {
  const image = await octetsOf(
    writeSquashfs({ entries, modifiedAt: 0, pack: async (block) => new Uint8Array(block.length) }),
  )
  assert.deepEqual(image.length, (await octetsOf(writeSquashfs({ entries, modifiedAt: 0 }))).length)
})

test('an image is as large as it has to be', async () => {
  const wish = { entries: [], modifiedAt: 0 }
  assert.equal((await octetsOf(writeSquashfs(wish))).length, 4_096)
  assert.equal((await octetsOf(writeSquashfs({ ...wish, atLeast: 8_192 }))).length, 8_192)
})

test('names that cannot be, and files that end before their size, are refused', async () => {
  const of = (...all: EntryToPack[]) => octetsOf(writeSquashfs({ entries: all, modifiedAt: 0 }))
  for (const name of ['', '.', '..', 'a/b', 'a\0', 'x'.repeat(257)])
    await assert.rejects(of(fileToPack(name, noise(1))), { code: 'value-not-allowed' }, name)
  const twice = [fileToPack('a', noise(1)), fileToPack('a', noise(2))] as const
  await assert.rejects(of(...twice), { code: 'value-not-allowed' })
  const content = { size: 10, read: async () => new Uint8Array(3) }
  const short = { kind: 'file', name: 'a', executable: false, content } as const
  await assert.rejects(of(short), { code: 'truncated' })
})
