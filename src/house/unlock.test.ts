// SPDX-License-Identifier: Apache-2.0
import assert from 'node:assert/strict'
import { mkdirSync, mkdtempSync, rmSync, statSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { test } from 'node:test'
import { systemRandomness } from '#edge/chance/system-randomness.ts'
import { readConfiguration } from './configuration.ts'
import { unlock, unlockFile } from './unlock.ts'

async function inDirectory(work: (data: string) => Promise<void>): Promise<void> {
  const data = mkdtempSync(join(tmpdir(), 'vitalsign-unlock-'))
  try {
    await work(data)
  } finally {
    rmSync(data, { recursive: true, force: true })
  }
}

const open = async (data: string, ...words: readonly string[]) => {
  const passphrase = await unlock(readConfiguration(['--data', data, ...words]), systemRandomness)
  return new TextDecoder().decode(passphrase.dangerouslyReveal())
}

test('a new trial makes itself a passphrase that only its owner can read, and finds it again', () =>
  inDirectory(async (data) => {
    const made = await open(data)
    assert.equal(statSync(unlockFile(data)).mode & 0o777, 0o600)
    assert.ok(made.length >= 43)
    assert.equal(await open(data), made)
  }))

test('a file that was named comes first', () =>
  inDirectory(async (data) => {
    await open(data)
    const path = join(data, 'elsewhere')
    writeFileSync(path, 'correct horse\n', { mode: 0o600 })
    assert.equal(await open(data, '--passphrase-file', path), 'correct horse')
  }))

test('keys whose passphrase is gone stay locked, and no other is made for them', () =>
  inDirectory(async (data) => {
    mkdirSync(join(data, 'keys'))
    await assert.rejects(open(data), { code: 'key-locked' })
    await assert.rejects(open(data, '--environment', 'test'), { code: 'key-locked' })
  }))

for (const [weak, told] of [
  ['hunter2', /7 characters, at least 20/],
  ['a'.repeat(40), /1 different characters/],
  ['correct horse battery staple', /common words/],
] as const) {
  test(`keys that are not of a trial are not made under "${weak}"`, () =>
    inDirectory(async (data) => {
      const path = join(data, 'passphrase')
      writeFileSync(path, weak, { mode: 0o600 })
      const named = ['--passphrase-file', path, '--public-url', 'http://pki.example.com']
      for (const environment of ['test', 'production']) {
        await assert.rejects(open(data, ...named, '--environment', environment), {
          code: 'key-passphrase-weak',
          message: told,
        })
      }
      assert.equal(await open(data, ...named), weak)
    }))
}

test('a good passphrase founds a test installation, however long; keys that are there open with any', () =>
  inDirectory(async (data) => {
    const path = join(data, 'passphrase')
    const named = ['--passphrase-file', path, '--environment', 'test']
    for (const good of ['seven green kettles sing', 'Zk3fQ9wP'.repeat(60)]) {
      writeFileSync(path, good, { mode: 0o600 })
      assert.equal(await open(data, ...named), good)
    }
    mkdirSync(join(data, 'keys'))
    writeFileSync(path, 'hunter2')
    assert.equal(await open(data, ...named), 'hunter2')
  }))
