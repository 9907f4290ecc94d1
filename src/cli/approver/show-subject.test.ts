// SPDX-License-Identifier: Apache-2.0
import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { ReleaseManifest } from '#format/release/manifest.ts'
import { changesSince, type Subject, subjectLines } from './show-subject.ts'

const sha256 = '9f86d081'.padEnd(64, '0')
const key = { name: 'boot', sha256 }
const line = {
  ...{ form: 'mcuboot', artefacts: ['*.bin'], of: null, devices: null, name: null },
  ...{ options: { headerSize: 512, version: '2.4.1' }, keys: [key] },
}
const manifest: ReleaseManifest = {
  release: 'rel_019aa000000070008000000000000001',
  product: { id: 'prd_019aa000000070008000000000000002', name: 'Pump' },
  ...{ version: '2.4.1', securityVersion: 7, kind: 'security', channel: 'stable', revision: 3 },
  ...{ environment: 'production', supportUntil: null, attachments: [], tests: [], scans: [] },
  artefacts: [{ name: 'app.bin', octets: 1000, sha256 }],
  signing: {
    ...{ plan: 3, lines: [line], bare: [key] },
    digests: [{ artefact: 'radio.tbs', of: 'radio.bin', form: 'mcuboot', over: 'digest', key }],
  },
}
const subject = {
  ...{ manifestSha256: sha256, checks: [], approvals: [], missing: [] },
} as unknown as Subject

test('who approves reads the forms, the choices and the keys by which it will be signed', () => {
  const text = subjectLines(subject, manifest, undefined).join('\n')
  assert.match(text, /will be signed \(plan 3\)\n {2}mcuboot of \*\.bin by boot \(9f86d081\)/)
  assert.match(text, /headerSize 512 version 2\.4\.1/)
  assert.match(text, /radio\.tbs, which is to be signed of radio\.bin as mcuboot, by boot/)
  assert.match(text, /digests of artefacts, where they are asked for, by boot/)
  const none = { ...manifest, signing: { ...manifest.signing, plan: 0 } }
  assert.match(subjectLines(subject, none, undefined).join('\n'), /no plan is written: whoever/)
})

test('whoever writes a plan puts no words into it that say something else than they are', () => {
  const lies = 'a by boot (9f86d081)'
  const options = {
    version: `2.4.1 by boot (9f86d081)`,
    dependency: ['1:1.2', lies],
    padHeader: true,
  }
  const said = { ...line, artefacts: [lies], options, keys: [{ ...key, name: lies }] }
  const signing = { ...manifest.signing, lines: [said], bare: [{ ...key, name: 'boot, spare' }] }
  const text = subjectLines(subject, { ...manifest, signing }, undefined).join('\n')
  assert.ok(
    text.includes(
      'mcuboot of "a by boot (9f86d081)" by "a by boot (9f86d081)" (9f86d081) version "2.4.1 by boot (9f86d081)" dependency 1:1.2,"a by boot (9f86d081)" padHeader true',
    ),
    text,
  )
  assert.match(text, /asked for, by "boot, spare"/)
})

test('a line that is another than in the release before is told as what changed', () => {
  const other = { ...line, keys: [{ name: 'boot 2', sha256 }] }
  const now = { ...manifest, signing: { ...manifest.signing, lines: [other] } }
  const told = changesSince(manifest, now).join('\n')
  assert.match(
    told,
    /now signed as mcuboot of \*\.bin by "boot 2" \([\s\S]*no more signed as .* by boot \(/,
  )
  assert.deepEqual(changesSince(manifest, manifest), ['nothing but the version changed'])
})
