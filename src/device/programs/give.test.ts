// SPDX-License-Identifier: Apache-2.0
import assert from 'node:assert/strict'
import {
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  readlinkSync,
  rmSync,
  statSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, beforeEach, test } from 'node:test'
import { DeviceFault } from '../fault.ts'
import type { GivenFiles } from './bring.ts'
import { giveFiles } from './give.ts'

const home = mkdtempSync(join(tmpdir(), 'vitalsign-give-'))
after(() => rmSync(home, { recursive: true }))

let directory: string
beforeEach(() => {
  directory = mkdtempSync(join(home, 'programs-'))
})

const identity = (mark: string): GivenFiles => ({
  'key.pem': `key ${mark}`,
  'cert.pem': `certificate ${mark}`,
  'chain.pem': `chain ${mark}`,
  'anchors.pem': 'anchors',
})

function read(): Record<string, string> {
  const names = Object.keys(identity(''))
  return Object.fromEntries(
    names.map((name) => [name, readFileSync(join(directory, name), 'utf8')]),
  )
}

test('a new identity takes the place of all files at once', () => {
  giveFiles(directory, identity('1'), 'owner')
  assert.deepEqual(read(), identity('1'))
  giveFiles(directory, identity('2'), 'owner')
  assert.deepEqual(read(), identity('2'))
  for (const name of Object.keys(identity('')))
    assert.equal(readlinkSync(join(directory, name)), join('current', name))
})

test('the key is its owner’s alone, and the rest is for all', () => {
  giveFiles(directory, identity('1'), 'owner')
  const modeOf = (name: string) => statSync(join(directory, name)).mode & 0o777
  assert.equal(modeOf('key.pem'), 0o600)
  for (const name of ['cert.pem', 'chain.pem', 'anchors.pem']) assert.equal(modeOf(name), 0o644)
})

test('the group of the directory reads the key where that is said', () => {
  giveFiles(directory, identity('1'), 'group')
  const key = statSync(join(directory, 'key.pem'))
  assert.equal(key.mode & 0o777, 0o640)
  assert.equal(key.gid, statSync(directory).gid)
})

test('the identity before stays for one more, and then goes', () => {
  for (const mark of ['1', '2', '3']) giveFiles(directory, identity(mark), 'owner')
  const kept = readdirSync(directory).filter((name) => name.startsWith('identity-'))
  const keys = kept.map((name) => readFileSync(join(directory, name, 'key.pem'), 'utf8'))
  assert.deepEqual(keys.sort(), ['key 2', 'key 3'])
})

test('the same identity again moves nothing', () => {
  giveFiles(directory, identity('1'), 'owner')
  const before = statSync(join(directory, 'key.pem'))
  giveFiles(directory, identity('1'), 'owner')
  assert.equal(statSync(join(directory, 'key.pem')).ino, before.ino)
})

test('what a cut left half written is written anew', () => {
  giveFiles(directory, identity('1'), 'owner')
  const now = readlinkSync(join(directory, 'current'))
  mkdirSync(join(directory, `${now}.part`))
  writeFileSync(join(directory, `${now}.part`, 'key.pem'), 'hal')
  symlinkSync('nowhere', join(directory, 'current.part'))
  writeFileSync(join(directory, now, 'cert.pem'), 'spoilt')
  giveFiles(directory, identity('1'), 'owner')
  assert.deepEqual(read(), identity('1'))
  assert.deepEqual(
    readdirSync(directory).filter((name) => name.endsWith('.part')),
    [],
  )
})

test('a file of somebody else is left as it is', () => {
  writeFileSync(join(directory, 'key.pem'), 'mine')
  assert.throws(
    () => giveFiles(directory, identity('1'), 'owner'),
    (error) => error instanceof DeviceFault && error.code === 'directory-unusable',
  )
  assert.equal(readFileSync(join(directory, 'key.pem'), 'utf8'), 'mine')
  assert.deepEqual(readdirSync(directory), ['key.pem'])
})
