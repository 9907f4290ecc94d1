// SPDX-License-Identifier: Apache-2.0
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { encodeSettings, parseFingerprint, parseSettings, type Settings } from './settings.ts'

const settings: Settings = {
  server: 'https://pki.example.com:8443',
  label: undefined,
  serial: 'PUMP=0001',
  root: 'ab'.repeat(32),
  keyAlgorithm: 'p-256',
}

test('settings are read as they were written', () => {
  for (const one of [settings, { ...settings, label: 'line' }]) {
    assert.deepEqual(parseSettings(encodeSettings(one)), one)
  }
})

test('settings that lack a line, or name an unknown algorithm, are damaged', () => {
  const text = encodeSettings(settings)
  for (const name of ['server', 'serial', 'root', 'key-algorithm']) {
    const without = text.replace(new RegExp(`^${name}=.*$`, 'm'), '')
    assert.throws(() => parseSettings(without), {
      code: 'state-damaged',
      message: new RegExp(name),
    })
  }
  assert.throws(() => parseSettings(text.replace('p-256', 'rot13')), { message: /rot13/ })
})

test('a fingerprint may be written as openssl, browsers and people write it', () => {
  const hex = '0123456789abcdef'.repeat(4)
  const colons = hex.toUpperCase().replace(/..(?=.)/g, '$&:')
  for (const text of [hex, colons, `SHA256:${hex}`, `sha-256 ${colons}`, `  ${hex}\n`]) {
    assert.equal(parseFingerprint(text), hex)
  }
  for (const text of ['', hex.slice(1), `${hex}0`, `${hex.slice(1)}g`, `sha1:${hex.slice(24)}`]) {
    assert.equal(parseFingerprint(text), undefined)
  }
})
