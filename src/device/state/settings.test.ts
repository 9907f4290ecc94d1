// SPDX-License-Identifier: Apache-2.0
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { noiseSettingsOf } from '../noise/noise-settings.ts'
import { encodeSettings, parseFingerprint, parseSettings, type Settings } from './settings.ts'

const settings: Settings = {
  server: 'https://pki.example.com:8443',
  label: undefined,
  serial: 'PUMP=0001',
  root: 'ab'.repeat(32),
  keyAlgorithm: 'p-256',
}

test('settings are read as they were written', () => {
  const noise = noiseSettingsOf('/dev/hwrng', { 'noise-width': '1', 'noise-entropy': '0.125' })
  if (typeof noise === 'string') assert.fail(noise)
  for (const one of [
    settings,
    { ...settings, label: 'line' },
    { ...settings, noise, onNoiseFailure: ['/bin/blink', 'red'], firmware: 'pump-os = 4' },
    { ...settings, firmwareFile: '/etc/version' },
  ]) {
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

test('a raw source may be added by hand, and a number of it that is out of bounds is damage', () => {
  const added = parseSettings(`${encodeSettings(settings)}noise=/dev/hwrng\n`)
  assert.deepEqual(added.noise, {
    ...{ path: '/dev/hwrng', symbolBits: 8, samples: 1_024, alphaExponent: 30 },
    ...{ sampleOctets: 1, bitsPerSample: 1 },
  })
  for (const [line, words] of [
    ['noise-width=9', /noise-width 9 is not from 1 to 8/],
    ['noise-samples=1023', /noise-samples 1023 is not from 1024/],
    ['noise-alpha=19', /from 20 to 40/],
    ['noise-entropy=0', /from 0\.001 to 8/],
    ['noise-entropy=1e1', /noise-entropy 1e1 is not/],
    ['noise-entropy=0.03', /noise-samples 1024 are too few .* 1524 are needed/],
    ['noise=', /noise is no path of up to 128 characters/],
    [`noise=/${'x'.repeat(128)}`, /noise is no path/],
    ['noise=/dev/hwrng\r', /noise is no path/],
    ['noise-width=1\nnoise-entropy=1.5', /more than a sample of noise-width 1 can hold/],
  ] as const)
    assert.throws(() => parseSettings(`${encodeSettings(settings)}noise=/dev/hwrng\n${line}\n`), {
      ...{ code: 'state-damaged', message: words },
    })
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
