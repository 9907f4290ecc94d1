// SPDX-License-Identifier: Apache-2.0
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { archiveVector } from '../../../test/support/archive-vectors.ts'
import { listAll, sharedSource } from '../../../test/support/containers.ts'
import { concatBytes } from '../bytes.ts'
import { FormatError } from '../format-error.ts'
import { isAt, u32le } from './fields.ts'
import { zip } from './zip.ts'

const list = async (...parts: Uint8Array[]) => await listAll(zip, sharedSource(concatBytes(parts)))
const text = (words: string) => new TextEncoder().encode(words)

/** Where the n-th of a mark stands. */
function find(bytes: Uint8Array, mark: string, n = 0): number {
  for (let at = 0, left = n; at < bytes.length; at++)
    if (isAt(bytes, at, mark) && left-- === 0) return at
  throw new Error(`no ${mark}`)
}
const central = 'PK\x01\x02'
const last = 'PK\x05\x06'
const put32 = (bytes: Uint8Array, at: number, value: number) =>
  new DataView(bytes.buffer, bytes.byteOffset).setUint32(at, value, true)

test('members that lie over each other are named, and each octet is given once', async () => {
  const bytes = archiveVector('zip')
  const [first, second] = [find(bytes, central, 0), find(bytes, central, 1)]
  const whole = await list(bytes)
  // Another entry claims the first one's header.
  put32(bytes, second + 42, u32le(bytes, first + 42))
  const twice = Object.values(await list(bytes))
  assert.ok(twice.some((said) => /lies over another member/.test(said)))
  assert.equal(Object.keys(whole).length, 5)
})

test('a member that reaches into the next one is named', async () => {
  const bytes = archiveVector('zip')
  // The first entry that has content.
  const at = [0, 1, 2, 3, 4]
    .map((n) => find(bytes, central, n))
    .find((entry) => u32le(bytes, entry + 20) > 0)!
  put32(bytes, at + 20, 1_400)
  assert.ok(Object.values(await list(bytes)).some((said) => /lies over another member/.test(said)))
})

test('what directory and header say differently is named', async () => {
  const bytes = archiveVector('zip')
  const header = find(bytes, 'PK\x03\x04', 1)
  bytes[header + 30]! ^= 1
  assert.ok(Object.values(await list(bytes)).some((said) => /says otherwise: named/.test(said)))
})

test('an encrypted member is named, and one of a method that is not unpacked', async () => {
  const bytes = archiveVector('zip')
  const names = Object.keys(await list(bytes))
  for (const n of names.keys()) {
    const at = find(bytes, central, n)
    if (n % 2 === 0) bytes[at + 8]! |= 1
    else bytes[at + 10] = 14
  }
  const found = Object.values(await list(bytes)).join()
  assert.match(found, /it is encrypted/)
  assert.match(found, /method 14|says otherwise: method/)
})

test('without its directory, members are found by their own headers', async () => {
  for (const name of ['zip', 'zip-streamed']) {
    const bytes = archiveVector(name)
    const whole = await list(bytes)
    const cut = await list(bytes.slice(0, find(bytes, central)))
    assert.match(cut['']!, /no directory/)
    for (const [member, said] of Object.entries(whole))
      if (said.startsWith('file: ')) assert.equal(cut[member], said, `${name} ${member}`)
  }
})

test('what stands before the archive, and behind it, changes nothing and is given', async () => {
  const bytes = archiveVector('zip')
  const whole = await list(bytes)
  const found = await list(text('#!/bin/sh\n'), bytes, text('trailing'))
  const behind = `after-${10 + bytes.length}`
  assert.match(found[behind]!, /^file: /)
  delete found[behind]
  assert.deepEqual(found, whole)
})

test('a directory that lies is refused or named, and never followed out of the archive', async () => {
  for (const [at, value] of [
    [16, 0xffff_fff0],
    [12, 0xffff_fff0],
    [12, 3],
    [4, 1],
  ] as const) {
    const bytes = archiveVector('zip')
    put32(bytes, find(bytes, last) + at, value)
    const said = await list(bytes).catch((error: unknown) => {
      assert.ok(error instanceof FormatError)
      return { '': `unread: ${error.message}` }
    })
    assert.ok(
      Object.values(said).some((words) => words.startsWith('unread: ')),
      `${at}`,
    )
  }
})
