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

const file = (name: string, digit: string) => ({ name, octets: 1, sha256: digit.repeat(64) })
const artefacts = [file('a', '1'), file('a.tbs', '2')]
const approved = { artefacts, signing }
const [image, digest, strange] = ['1', '2', '3'].map((digit) => digit.repeat(64)) as [
  string,
  string,
  string,
]

const rows: readonly (readonly [string, object, boolean])[] = [
  ['mcuboot', { keyNames: ['boot'] }, true],
  ['mcuboot', { keyNames: ['other'] }, false],
  ['mcuboot', { keyNames: ['boot', 'other'] }, false],
  ['rauc', { keyNames: ['boot'] }, false],
  ['outer-manifest', { keyNames: ['outer'], of: 'mcuboot' }, false],
  ['outer-manifest', { keyNames: ['outer', 'outer-pq'] }, false],
  ['raw', { keyNames: ['bare'], byDigest: true }, true],
  ['raw', { keyNames: ['boot'], byDigest: true }, false],
  ['raw', { keyNames: ['boot'], byDigest: true, asForm: 'mcuboot' }, true],
  ['raw', { keyNames: ['bare'], byDigest: true, asForm: 'mcuboot' }, false],
  ['raw', {}, false],
]

const of = (sourceSha256: string, form: string, facts: object, sha256 = strange) => ({
  ...{ name: 'out', form, part: 'rlp_1', sourceSha256, sha256, facts: { ...facts } },
})

test('what was signed by another line or key than was approved is found on the page', () => {
  for (const [form, facts, good] of rows) {
    const [step] = planSteps({ signed: [of(image, form, facts)] }, approved)
    assert.equal(step?.good, good, `${form} ${JSON.stringify(facts)}: ${step?.found}`)
  }
})

test('a signature of a digest that nobody approved to be signed so is found on the page', () => {
  const asRauc = { keyNames: ['updates'], byDigest: true, asForm: 'rauc', of: 'a' }
  const outer = { keyNames: ['outer', 'outer-pq'], of: 'mcuboot' }
  const mcuboot = of(image, 'mcuboot', { keyNames: ['boot'] }, strange)
  const cases = [
    [[of(digest, 'raw', { ...asRauc, signedDigest: digest })], true],
    // Of the image itself, of what nobody knows, over another digest than it says, of another artefact.
    [[of(image, 'raw', { ...asRauc, signedDigest: image })], false],
    [[of(strange, 'raw', { ...asRauc, signedDigest: strange })], false],
    [[of(digest, 'raw', { ...asRauc, signedDigest: strange })], false],
    [[of(digest, 'raw', { ...asRauc, of: 'b', signedDigest: digest })], false],
    // What is to be signed of an artefact is none itself.
    [[of(digest, 'raw', { keyNames: ['bare'], byDigest: true })], false],
    [[of(digest, 'mcuboot', { keyNames: ['boot'] })], false],
    [[of(strange, 'mcuboot', { keyNames: ['boot'] })], false],
    [[of(strange, 'outer-manifest', outer), mcuboot], true],
    [[of(image, 'outer-manifest', outer), mcuboot], false],
    [[{ ...of(strange, 'outer-manifest', outer), part: 'rlp_2' }, mcuboot], false],
  ] as const
  for (const [signed, good] of cases) {
    const [step] = planSteps({ signed }, approved)
    assert.equal(step?.good, good, String(step?.found))
  }
})
