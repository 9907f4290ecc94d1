// SPDX-License-Identifier: Apache-2.0
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { FormatError } from '../format-error.ts'
import { encodeReleaseManifest, parseReleaseManifest, type ReleaseManifest } from './manifest.ts'

const one = '01'.repeat(32)
const two = '02'.repeat(32)

const manifest: ReleaseManifest = {
  release: 'rel_019aa000000070008000000000000001',
  product: { id: 'prd_019aa000000070008000000000000002', name: 'Pump "Ä"' },
  version: '2.4.1',
  securityVersion: 7,
  kind: 'security',
  channel: 'stable',
  environment: 'production',
  supportUntil: '2036-01-01T00:00:00Z',
  revision: 3,
  artefacts: [
    { name: 'app.bin', octets: 1000, sha256: one },
    { name: 'radio.bin', octets: 20, sha256: two },
  ],
  attachments: [
    { role: 'sbom', name: 'app.cdx.json', octets: 5, sha256: two },
    { role: 'vex', name: 'app.cdx.json', octets: 5, sha256: two },
  ],
  tests: [{ name: 'HIL 12', uri: 'https://ci.example/12', sha256: one, outcome: 'passed' }],
  scans: [
    {
      ...{ id: 'scn_019aa000000070008000000000000003', sha256: one },
      ...{ rules: '2026.11.1', result: 'clean' },
    },
  ],
  signing: {
    plan: 3,
    lines: [
      {
        ...{ form: 'mcuboot', artefacts: ['*.bin'], of: null, devices: null, name: '{stem}.img' },
        options: { dependency: ['1:1.2.3'], headerSize: 32, padHeader: true, version: '1.0.0' },
        keys: [{ name: 'boot', sha256: one }],
      },
      {
        ...{ form: 'outer-manifest', artefacts: null, of: 'mcuboot', options: {}, name: null },
        ...{ devices: null, keys: [{ name: 'outer-pq', sha256: two }] },
      },
    ],
    bare: [
      { name: 'bare', sha256: one },
      { name: 'spare', sha256: two },
    ],
    digests: [
      {
        ...{ artefact: 'radio.bin.tbs', of: 'radio.bin', form: 'mcuboot', over: 'digest' },
        key: { name: 'boot', sha256: one },
      },
    ],
  },
}

test('a manifest is one text, whatever the order in which its lists are given', () => {
  const bytes = encodeReleaseManifest(manifest)
  const { artefacts, attachments } = manifest
  assert.deepEqual(parseReleaseManifest(bytes), manifest)
  const turned = {
    ...manifest,
    artefacts: artefacts.toReversed(),
    attachments: attachments.toReversed(),
  }
  assert.deepEqual(encodeReleaseManifest(turned), bytes)
})

test('every byte of a manifest counts: what is changed is refused, or is another release', () => {
  const bytes = encodeReleaseManifest(manifest)
  for (let at = 0; at < bytes.length; at++) {
    const changed = bytes.slice()
    changed[at] = changed[at]! ^ 1
    try {
      assert.notDeepEqual(parseReleaseManifest(changed), manifest, `at ${at}`)
    } catch (error) {
      assert.ok(error instanceof FormatError, `at ${at}: ${error}`)
    }
  }
})

const refused: Record<string, readonly [string, (text: string) => string]> = {
  'a space': ['text-malformed', (text) => text.replace(':', ': ')],
  'a line feed at its end': ['text-malformed', (text) => `${text}\n`],
  'a member twice': ['text-malformed', (text) => text.replace('{', '{"artefacts":[],')],
  'a member that is not known': ['text-malformed', (text) => text.replace('{', '{"a":1,')],
  'another format': ['version-unknown', (text) => text.replace('"format":1', '"format":2')],
  'no artefact': [
    'element-missing',
    (text) => text.replace(/"artefacts":\[.*?\]/, '"artefacts":[]'),
  ],
  'an artefact twice': ['set-not-sorted', (text) => text.replaceAll('radio.bin', 'app.bin')],
  'a list out of order': ['set-not-sorted', (text) => text.replace('app.bin', 'sap.bin')],
  'a name with a path': ['value-not-allowed', (text) => text.replace('radio.bin', 'radio/bin')],
  'a digest in capitals': ['value-not-allowed', (text) => text.replace(one, 'AB'.repeat(32))],
  'an unknown kind': [
    'value-not-allowed',
    (text) => text.replace('"kind":"security"', '"kind":"x"'),
  ],
  'a negative size': ['value-not-allowed', (text) => text.replace('"octets":20', '"octets":-20')],
  'a security version over 32 bits': [
    'value-not-allowed',
    (text) => text.replace('"securityVersion":7', '"securityVersion":4294967296'),
  ],
  'a key of its plan without a digest': [
    'value-not-allowed',
    (text) => text.replace(`"name":"outer-pq","sha256":"${two}"`, '"name":"outer-pq","sha256":""'),
  ],
  'a line of its plan that no key signs': [
    'element-missing',
    (text) => text.replace(/("form":"outer-manifest","keys":)\[.*?\]/, '$1[]'),
  ],
  'a choice in braces': [
    'text-malformed',
    (text) => text.replace('"padHeader":true', '"padHeader":{}'),
  ],
  'a line of its plan that says more': [
    'text-malformed',
    (text) => text.replace('"devices":null', '"because":"x","devices":null'),
  ],
  'keys for bare signatures out of order': [
    'set-not-sorted',
    (text) => text.replace('"name":"spare"', '"name":"a"'),
  ],
  'a number of its plan below zero': [
    'value-not-allowed',
    (text) => text.replace('"plan":3', '"plan":-3'),
  ],
  'a day that is none': ['time-malformed', (text) => text.replace('2036-01-01', '2036-02-30')],
  'a control character in the version': [
    'value-not-allowed',
    (text) => text.replace('2.4.1', '2.4.1\\u001b'),
  ],
}

for (const [what, [code, change]] of Object.entries(refused)) {
  test(`a manifest with ${what} is refused`, () => {
    const text = new TextDecoder().decode(encodeReleaseManifest(manifest))
    const changed = change(text)
    assert.notEqual(changed, text)
    assert.throws(
      () => parseReleaseManifest(new TextEncoder().encode(changed)),
      (error) => error instanceof FormatError && error.code === code,
    )
  })
}

test('a manifest that nobody could read again is not written', () => {
  assert.throws(() => encodeReleaseManifest({ ...manifest, artefacts: [] }), FormatError)
  assert.throws(() => encodeReleaseManifest({ ...manifest, revision: 0 }), FormatError)
})

test('bytes that are no text, or too many, are refused before they are read', () => {
  const codes = [Uint8Array.of(0xff), new Uint8Array(1_048_577)].map((bytes) => {
    try {
      parseReleaseManifest(bytes)
      return 'read'
    } catch (error) {
      return error instanceof FormatError ? error.code : error
    }
  })
  assert.deepEqual(codes, ['text-malformed', 'too-large'])
})
