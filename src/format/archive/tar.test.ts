// SPDX-License-Identifier: Apache-2.0
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { archiveTools } from '#edge/images/tools.ts'
import { listAll, sharedSource } from '../../../test/support/containers.ts'
import { paxRecord, tarEnd, tarEntry } from '../../../test/support/tar-writer.ts'
import { concatBytes } from '../bytes.ts'
import { FormatError } from '../format-error.ts'
import type { Member, Unread } from './archive.ts'
import { tar } from './tar.ts'

const archive = (...parts: Uint8Array[]) => sharedSource(concatBytes([...parts, tarEnd]))
const list = async (...parts: Uint8Array[]) => await listAll(tar, archive(...parts))

async function membersOf(...parts: Uint8Array[]): Promise<(Member | Unread)[]> {
  const members: (Member | Unread)[] = []
  for await (const member of tar.members(archive(...parts), archiveTools())) members.push(member)
  return members
}

async function refusalOf(...parts: Uint8Array[]): Promise<string> {
  try {
    await list(...parts)
  } catch (error) {
    if (error instanceof FormatError) return error.code
    throw error
  }
  return 'nothing is said'
}

test('archives behind each other are one, and what follows the last is given', async () => {
  const found = await list(
    tarEntry({ name: 'one', content: '1' }),
    tarEnd,
    tarEntry({ name: 'two', content: '2' }),
    tarEnd,
    new TextEncoder().encode('not a header'),
  )
  assert.deepEqual(Object.keys(found), ['one', 'two', 'after-4096'])
})

test('damage between members is named, and all behind it is given', async () => {
  const found = await list(
    tarEntry({ name: 'one', content: '1' }),
    new Uint8Array(512).fill(0x41),
    tarEntry({ name: 'two', content: '2' }),
  )
  assert.match(found['octet-1024']!, /a header is damaged/)
  assert.match(found['after-1024']!, /^file: /)
})

test('an archive without an end mark is named, for it may have been cut off', async () => {
  const source = sharedSource(tarEntry({ content: 'x' }))
  assert.match((await listAll(tar, source))['octet-1024']!, /without an end mark/)
})

test('a sparse petabyte costs no more than its header', async () => {
  const petabyte = 2 ** 50
  const records = [
    paxRecord('GNU.sparse.major', '0'),
    paxRecord('GNU.sparse.size', String(petabyte)),
    paxRecord('GNU.sparse.map', `512,3,${petabyte - 3},3`),
  ].join('')
  const [member] = await membersOf(
    tarEntry({ type: 'x', content: records }),
    tarEntry({ name: 'sparse', content: 'onetwo' }),
  )
  assert.ok(
    member?.kind === 'member' && member.content !== undefined && !('kind' in member.content),
  )
  const { content } = member
  assert.equal(content.size, petabyte)
  assert.equal(content.dataFrom?.(0), 512)
  assert.equal(content.dataFrom?.(515), petabyte - 3)
  const text = async (at: number, length: number) =>
    new TextDecoder().decode(await content.read(at, length))
  assert.equal(await text(510, 5), '\0\0one')
  assert.equal(await text(petabyte - 4, 100), '\0two')
  assert.equal(content.dataFrom?.(petabyte), petabyte)
})

test('a map of a sparse file that lies is named, and the next member is found', async () => {
  for (const map of ['0,3,2,3', '0,9', '0,3,1', '0,3,x,3', '2,3,0,3']) {
    const records = paxRecord('GNU.sparse.size', '6') + paxRecord('GNU.sparse.map', map)
    const found = await list(
      tarEntry({ type: 'x', content: records }),
      tarEntry({ name: 'sparse', content: 'onetwo' }),
      tarEntry({ name: 'next', content: 'n' }),
    )
    assert.match(found['sparse']!, /^unread: /, map)
    assert.match(found['next']!, /^file: /, map)
  }
})

test('a size in base 256 is read, and one over 2^53 refused', async () => {
  const size = (...octets: number[]) =>
    Uint8Array.of(0x80, ...new Array(11 - octets.length).fill(0), ...octets)
  assert.match(
    (await list(tarEntry({ content: 'abc', size: size(3) })))['file']!,
    /^file: ba7816bf/,
  )
  assert.equal(await refusalOf(tarEntry({ size: size(0x20, 0, 0, 0, 0, 0, 0) })), 'too-large')
  assert.equal(
    await refusalOf(tarEntry({ size: new Uint8Array(12).fill(0xff) })),
    'value-not-allowed',
  )
  assert.equal(
    await refusalOf(tarEntry({ size: new Uint8Array(12).fill(0x39) })),
    'value-not-allowed',
  )
})

test('a long name over its bound is refused before memory is taken for it', async () => {
  assert.equal(await refusalOf(tarEntry({ type: 'L', size: 2 ** 33 - 1 })), 'too-large')
  const found = await list(tarEntry({ type: 'L', content: 'n'.repeat(70_000) }), tarEntry({}))
  assert.match(Object.values(found)[0]!, /a name of 70000 octets/)
})

test('a link that says a size has octets only if no header stands in their place', async () => {
  const hard = { name: 'hard', type: '1', target: 'one', size: 3 }
  const without = await list(tarEntry(hard), tarEntry({ name: 'next', content: 'n' }))
  assert.deepEqual([without['hard'], Object.keys(without).length], ['link: one', 2])
  const having = await list(tarEntry({ ...hard, content: 'abc' }), tarEntry({ name: 'next' }))
  assert.match(having['hard']!, /^file: ba7816bf/)
  const directory = await list(tarEntry({ name: 'd/', type: '5', content: 'abc' }))
  assert.match(directory['d']!, /^file: ba7816bf/)
})

test('names that would disturb a terminal, or are not UTF-8, are escaped and stay different', async () => {
  const raw = (octet: number) => tarEntry({ name: '_', change: (block) => block.set([octet], 0) })
  const names = Object.keys(
    await list(raw(0x1b), raw(0xff), raw(0xfe), raw(0x5c), tarEntry({ name: '\u202ea' })),
  )
  assert.deepEqual(names, ['\\x1b', '\\xff', '\\xfe', '\\\\', '\\u{202e}a'])
})

test('records of pax that lie about their length are refused', async () => {
  for (const content of ['5 path=x\n', '99 path=x\n', 'path=x\n', '11 path=x  '])
    assert.equal(await refusalOf(tarEntry({ type: 'x', content }), tarEntry({})), 'text-malformed')
})

test('global records hold for all members, and those of a member go before them', async () => {
  const found = await list(
    tarEntry({ type: 'g', content: paxRecord('path', 'all') }),
    tarEntry({ type: 'x', content: paxRecord('path', 'mine') }),
    tarEntry({ content: '1' }),
    tarEntry({ content: '2' }),
  )
  assert.deepEqual(Object.keys(found), ['mine', 'all'])
})
