// SPDX-License-Identifier: Apache-2.0
import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { ManifestSigning } from '#format/release/manifest-signing.ts'
import { planSteps } from './release-plan.ts'

const key = (name: string) => ({ name, sha256: '00'.repeat(32) })
const none = { artefacts: null, devices: null, name: null, options: {} }
const signing: ManifestSigning = {
  plan: 1,
  lines: [
    { ...none, form: 'mcuboot', of: null, keys: [key('boot')] },
    { ...none, form: 'outer-manifest', of: 'mcuboot', keys: [key('outer'), key('outer-pq')] },
  ],
  bare: [key('bare')],
  digests: [{ artefact: 'a.tbs', of: 'a', form: 'rauc', over: 'digest', key: key('updates') }],
}

const rows: readonly (readonly [string, object, boolean])[] = [
  ['mcuboot', { keyNames: ['boot'] }, true],
  ['mcuboot', { keyNames: ['other'] }, false],
  ['mcuboot', { keyNames: ['boot', 'other'] }, false],
  ['rauc', { keyNames: ['boot'] }, false],
  ['outer-manifest', { keyNames: ['outer', 'outer-pq'], of: 'mcuboot' }, true],
  ['outer-manifest', { keyNames: ['outer'], of: 'mcuboot' }, false],
  ['outer-manifest', { keyNames: ['outer', 'outer-pq'] }, false],
  ['raw', { keyNames: ['bare'], byDigest: true }, true],
  ['raw', { keyNames: ['boot'], byDigest: true }, false],
  ['raw', { keyNames: ['updates'], byDigest: true, asForm: 'rauc' }, true],
  ['raw', { keyNames: ['boot'], byDigest: true, asForm: 'mcuboot' }, true],
  ['raw', { keyNames: ['bare'], byDigest: true, asForm: 'mcuboot' }, false],
  ['raw', {}, false],
]

test('what was signed by another line or key than was approved is found on the page', () => {
  for (const [form, facts, good] of rows) {
    const signed = [{ name: 'out', form, facts: { ...facts } }]
    const [step] = planSteps({ signed }, signing)
    assert.equal(step?.good, good, `${form} ${JSON.stringify(facts)}: ${step?.found}`)
  }
})
