// SPDX-License-Identifier: Apache-2.0
import assert from 'node:assert/strict'
import { mkdirSync, mkdtempSync, readdirSync, rmSync, statSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, test } from 'node:test'
import { makeDirectory, openDirectory, replace, sweep } from './files.ts'

const directory = mkdtempSync(join(tmpdir(), 'vitalsign-files-'))
after(() => rmSync(directory, { recursive: true }))
const text = (bytes: Uint8Array | undefined) => new TextDecoder().decode(bytes)

test('a replaced file has the new content, belongs to its owner, and leaves nothing beside it', () => {
  const state = join(directory, 'a', 'b')
  const files = makeDirectory(state)
  replace(files, 'x', 'one')
  replace(files, 'x', 'two')
  assert.equal(text(files.read('x')), 'two')
  assert.deepEqual(readdirSync(state), ['x'])
  assert.equal(statSync(join(state, 'x')).mode & 0o777, 0o600)
  assert.equal(statSync(state).mode & 0o777, 0o700)
})

test('a left-over lends its mode to no key', () => {
  const state = join(directory, 'c')
  const files = makeDirectory(state)
  writeFileSync(join(state, 'x.part'), 'old', { mode: 0o644 })
  replace(files, 'x', 'new')
  assert.equal(statSync(join(state, 'x')).mode & 0o777, 0o600)
})

test('half-written files are swept away, and nothing else', () => {
  const files = makeDirectory(join(directory, 'd'))
  files.write('x.part', Uint8Array.of(1))
  replace(files, 'y', 'kept')
  sweep(files)
  assert.deepEqual(files.names(), ['y'])
})

test('a directory that is not there is empty, and stays away', () => {
  const state = join(directory, 'e')
  const files = openDirectory(state)
  assert.deepEqual([files.names(), files.read('x')], [[], undefined])
  assert.throws(() => statSync(state))
})

test('what the disk refuses is "directory-unusable", with the name', () => {
  const files = makeDirectory(join(directory, 'f'))
  mkdirSync(join(directory, 'f', 'x'))
  assert.throws(() => files.read('x'), {
    code: 'directory-unusable',
    message: /cannot use x: eisdir/,
  })
  assert.throws(() => files.rename('none', 'y'), { code: 'directory-unusable' })
  writeFileSync(join(directory, 'plain'), '')
  assert.throws(() => makeDirectory(join(directory, 'plain')), { code: 'directory-unusable' })
})
