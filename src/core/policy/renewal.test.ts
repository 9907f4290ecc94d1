// SPDX-License-Identifier: Apache-2.0
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { parseProfile } from './document/parse-profile.ts'
import type { ProfileDocument } from './document/profile-document.ts'
import type { Profile } from './profile.ts'
import { readyProfiles } from './ready/ready-profiles.ts'
import { mayRenew } from './renewal.ts'
import { validityFor } from './validity.ts'

const because = 'RFC 0000: a test'
const at = (text: string) => Temporal.Instant.from(text)

function ldevid(changes: Partial<ProfileDocument> = {}): Profile {
  const parsed = parseProfile({ ...readyProfiles.ldevid, ...changes })
  assert.ok(parsed.kind === 'profile', JSON.stringify(parsed))
  return parsed.profile
}

const issuerNotAfter = at('2050-01-01T00:00:00Z')
const life = { notBefore: at('2026-01-01T00:00:00Z'), notAfter: at('2026-12-31T23:59:59Z') }

function reasonAt(
  profile: Profile,
  now: string,
  proof: 'code' | 'birth-certificate' | 'current-certificate' = 'current-certificate',
) {
  const renewal = { ...life, issuerNotAfter, now: at(now), keyActivatedAt: undefined, proof }
  return mayRenew(profile, renewal)?.reason
}

test('the window opens at its share of the life, and not a moment before', () => {
  const profile = ldevid({ renewal: { fromPercent: 50, because } })
  assert.equal(reasonAt(profile, '2026-07-02T11:59:59.498Z'), 'renewal-too-early')
  assert.equal(reasonAt(profile, '2026-07-02T11:59:59.5Z'), undefined)
  assert.equal(reasonAt(profile, '2026-12-31T23:59:59Z'), undefined)
})

test('after expiry only the birth certificate recovers, where the profile says so', () => {
  assert.equal(reasonAt(ldevid(), '2027-01-01T00:00:00Z'), 'renewal-after-expiry')
  assert.equal(reasonAt(ldevid(), '2027-01-01T00:00:00Z', 'birth-certificate'), undefined)
})

test('after expiry never means never', () => {
  const profile = ldevid({ renewalAfterExpiry: { rule: 'never', because } })
  assert.equal(reasonAt(profile, '2027-01-01T00:00:00Z'), 'renewal-after-expiry')
})

test('after expiry for some days means until their end', () => {
  const profile = ldevid({ renewalAfterExpiry: { rule: 'for-days', days: 30, because } })
  assert.equal(reasonAt(profile, '2027-01-30T23:59:59Z'), undefined)
  assert.equal(reasonAt(profile, '2027-01-31T00:00:00Z'), 'renewal-after-expiry')
})

test('a birth certificate is never renewed', () => {
  const parsed = parseProfile(readyProfiles.idevid)
  assert.ok(parsed.kind === 'profile')
  assert.equal(reasonAt(parsed.profile, '2026-06-01T00:00:00Z'), 'proof-not-admitted')
})

test('no certificate for a key ends after the key has reached its age, with whichever proof', () => {
  const profile = ldevid() // three years of key, one of certificate
  const keyActivatedAt = at('2024-01-02T00:00:00Z')
  for (const proof of ['current-certificate', 'birth-certificate'] as const) {
    const ask = (now: string) =>
      mayRenew(profile, { ...life, issuerNotAfter, now: at(now), keyActivatedAt, proof })?.reason
    // Three years are 26,280 hours: until 2027-01-01T00:00:00Z. A certificate lives 8,760, backdated by one.
    assert.equal(ask('2026-01-01T01:00:01Z'), undefined)
    assert.equal(ask('2026-01-01T01:00:02Z'), 'key-too-old')
    assert.equal(ask('2026-06-01T00:00:00Z'), 'key-too-old')
  }
})

test('a key is not too old for a certificate that its issuer ends in time', () => {
  const keyActivatedAt = at('2024-01-02T00:00:00Z')
  const ask = { ...life, now: at('2026-11-01T00:00:00Z'), keyActivatedAt }
  const ending = {
    ...ask,
    proof: 'current-certificate',
    issuerNotAfter: at('2026-12-31T00:00:00Z'),
  } as const
  assert.equal(mayRenew(ldevid(), ending), undefined)
})

test('a new key has no age', () => {
  const answer = mayRenew(ldevid(), {
    ...{ ...life, issuerNotAfter },
    now: at('2026-06-01T00:00:00Z'),
    keyActivatedAt: undefined,
    proof: 'current-certificate',
  })
  assert.equal(answer, undefined)
})

const now = at('2026-03-01T12:00:00.750Z')

test('validity is backdated, in whole seconds, and includes its last second', () => {
  const { notBefore, notAfter } = validityFor(ldevid(), now, at('2050-01-01T00:00:00Z'))
  assert.equal(`${notBefore}`, '2026-03-01T11:00:00Z')
  assert.equal(`${notAfter}`, '2027-03-01T10:59:59Z')
})

test('nothing ends after its issuer, a birth identity of a trial neither', () => {
  const issuer = at('2026-05-01T00:00:00Z')
  const birth = parseProfile(readyProfiles.idevid)
  assert.ok(birth.kind === 'profile')
  assert.equal(`${validityFor(ldevid(), now, issuer).notAfter}`, '2026-05-01T00:00:00Z')
  assert.equal(`${validityFor(birth.profile, now, issuer).notAfter}`, '2026-05-01T00:00:00Z')
  const endless = at('9999-12-31T23:59:59Z')
  assert.equal(`${validityFor(birth.profile, now, endless).notAfter}`, '9999-12-31T23:59:59Z')
})

test('a certificate may end exactly with its issuer', () => {
  const parsed = parseProfile({ ...readyProfiles.issuing, validity: { issuer: true, because } })
  assert.ok(parsed.kind === 'profile')
  const { notAfter } = validityFor(parsed.profile, now, at('2031-01-01T00:00:00Z'))
  assert.equal(`${notAfter}`, '2031-01-01T00:00:00Z')
  assert.throws(() => validityFor(parsed.profile, now, undefined), TypeError)
})
