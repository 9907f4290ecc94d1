// SPDX-License-Identifier: Apache-2.0
import assert from 'node:assert/strict'
import { mkdtempSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, test } from 'node:test'
import { systemRandomness } from '#edge/chance/system-randomness.ts'
import type { PassphraseSource } from '#edge/keystore/passphrase.ts'
import { pinMarkFile, TokenPin } from './token-pin.ts'

function place() {
  const data = mkdtempSync(join(tmpdir(), 'vitalsign-pin-'))
  after(() => rmSync(data, { recursive: true, force: true }))
  const path = join(data, 'pin')
  const give = (pin: string, mode = 0o600) => {
    rmSync(path, { force: true })
    writeFileSync(path, `${pin}\n`, { mode })
  }
  const open = (source: PassphraseSource | undefined = { kind: 'file', path }) =>
    new TokenPin(source, data, systemRandomness)
  return { data, path, give, open }
}

test('a PIN that was refused is not given again, not even after a restart, until the file is written anew', async () => {
  const { data, give, open } = place()
  give('123456')
  const pins = open()
  assert.deepEqual(await pins.next(), { kind: 'pin', pin: '123456', afterRefusal: false })
  await pins.trying()
  await pins.refused()
  for (const one of [pins, open(), open()]) {
    const next = await one.next()
    assert.equal(next.kind, 'wait')
    assert.match(
      'because' in next ? next.because : '',
      /did not open the token, and is not tried again/,
    )
  }
  assert.doesNotMatch(readFileSync(pinMarkFile(data), 'utf8'), /123456/)
  assert.equal(statSync(pinMarkFile(data)).mode & 0o777, 0o600)
  give('654321')
  assert.deepEqual(await pins.next(), { kind: 'pin', pin: '654321', afterRefusal: true })
  await pins.trying()
  await pins.accepted()
  assert.deepEqual(await open().next(), { kind: 'pin', pin: '654321', afterRefusal: true })
})

test('a try that came to no end is the only one, in this start and in the next', async () => {
  const { give, open } = place()
  give('123456')
  const pins = open()
  await pins.next()
  // It was not given to the token yet, which was not there.
  assert.equal((await pins.next()).kind, 'pin')
  await pins.trying()
  for (const one of [pins, open()]) assert.equal((await one.next()).kind, 'wait')
})

test('a PIN that opened the token may be tried after a try that came to no end, until it is refused', async () => {
  const { give, open } = place()
  give('123456')
  const first = open()
  await first.next()
  await first.trying()
  await first.accepted()
  const second = open()
  await second.next()
  await second.trying()
  assert.equal((await second.next()).kind, 'pin')
  const third = open()
  assert.equal((await third.next()).kind, 'pin')
  await third.trying()
  await third.refused()
  for (const one of [third, open()]) assert.equal((await one.next()).kind, 'wait')
})

test('one that opened the token opens it again after the file was taken away', async () => {
  const { path, give, open } = place()
  give('123456')
  const pins = open()
  await pins.next()
  await pins.trying()
  await pins.accepted()
  rmSync(path)
  assert.deepEqual(await pins.next(), { kind: 'pin', pin: '123456', afterRefusal: true })
})

test('a file that others may read, or that is not there, gives no PIN', async () => {
  const { give, open } = place()
  const absent = await open().next()
  assert.match('because' in absent ? absent.because : '', /there is no PIN/)
  give('123456', 0o644)
  const next = await open().next()
  assert.match('because' in next ? next.because : '', /others must not read/)
  assert.doesNotMatch(JSON.stringify(next), /123456/)
})

test('a credential that was refused waits for a person, who removes the mark', async () => {
  const { data, open } = place()
  writeFileSync(join(data, 'vitalsign-pkcs11-pin'), '123456', { mode: 0o600 })
  const source = { kind: 'credential', directory: data, name: 'vitalsign-pkcs11-pin' } as const
  const pins = open(source)
  await pins.next()
  await pins.trying()
  assert.equal((await open(source).next()).kind, 'wait')
  rmSync(pinMarkFile(data))
  assert.equal((await open(source).next()).kind, 'pin')
})

test('a person is asked once a start, and no source is said to be none', async () => {
  const { open } = place()
  let asked = 0
  const source = { kind: 'prompt', ask: async () => `pin-${++asked}` } as const
  const pins = open(source)
  assert.deepEqual(await pins.next(), { kind: 'pin', pin: 'pin-1', afterRefusal: true })
  await pins.trying()
  await pins.refused()
  assert.equal((await pins.next()).kind, 'wait')
  assert.deepEqual(await open(source).next(), { kind: 'pin', pin: 'pin-2', afterRefusal: true })
  const { data } = place()
  const none = await new TokenPin(undefined, data, systemRandomness).next()
  assert.match('because' in none ? none.because : '', /--pkcs11-pin-file/)
})
