// SPDX-License-Identifier: Apache-2.0
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { bootloaderRule, expiryOf, needsCertificate } from './bootloader-rules.ts'
import { artefactFormNames } from './form-names.ts'
import { judgeSpan, type SpanAsked } from './judge-span.ts'

const soon = Temporal.Instant.from('2027-01-01T00:00:00Z')
const late = Temporal.Instant.from('2040-01-01T00:00:00Z')
const asked: SpanAsked = {
  ...{ form: 'rauc', setting: undefined, notAfter: soon, supportUntil: late, isStamped: true },
}

/** Whether devices would be stranded by a certificate that ends before support does. */
const strands = (changed: Partial<SpanAsked>) =>
  judgeSpan({ ...asked, ...changed })?.reason === 'signer-strands-devices'

test('a certificate that ends before support strands devices whose verifier looks at the clock', () => {
  assert.ok(strands({ form: 'rauc' }))
  assert.ok(strands({ form: 'swupdate' }))
  const refused = judgeSpan(asked)
  assert.match(refused?.detail ?? '', /2027-01-01.*RAUC.*2040-01-01.*use-bundle-signing-time=true/)
})

test('it strands none whose verifier is set to look elsewhere', () => {
  assert.ok(!strands({ form: 'rauc', setting: 'use-bundle-signing-time=true' }))
  assert.ok(!strands({ form: 'swupdate', setting: 'CONFIG_CMS_IGNORE_EXPIRED_CERTIFICATE=y' }))
})

test('a time-stamp helps where it is looked at, and nowhere else', () => {
  assert.ok(!strands({ form: 'cms' }))
  assert.ok(strands({ form: 'cms', isStamped: false }))
  assert.ok(strands({ form: 'cms', setting: 'openssl cms -verify' }))
})

test('verifiers that hold keys know no end, and nobody is stranded who was promised nothing', () => {
  for (const form of artefactFormNames) {
    if (!needsCertificate(form)) assert.ok(!strands({ form }), form)
    assert.ok(!strands({ form, supportUntil: undefined }), form)
    assert.ok(!strands({ form, notAfter: undefined }), form)
    assert.ok(!strands({ form, notAfter: late }), form)
  }
})

test('each rule says first what a verifier does as delivered, and each setting once', () => {
  for (const form of artefactFormNames) {
    const { expiry, purpose, revocation, rollback, keys } = bootloaderRule(form)
    for (const behaviours of [expiry, purpose, revocation, rollback]) {
      const settings = behaviours.map(({ setting }) => setting)
      assert.equal(new Set(settings).size, settings.length, form)
      if (settings.length > 0) assert.equal(settings[0], undefined, form)
    }
    assert.ok(keys.length > 0)
    assert.equal(expiryOf(form, 'a setting of nobody'), undefined)
  }
})
