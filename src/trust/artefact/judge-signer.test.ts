// SPDX-License-Identifier: Apache-2.0
import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { Oid } from '#format/der/oid.ts'
import { keyPurposes } from '#format/oids.ts'
import type { Certificate } from '#format/x509/certificate.ts'
import { type Extension, encodeExtension } from '#format/x509/extension.ts'
import {
  certify,
  certifyAuthority,
  type Entity,
  madeNotAfter,
  madeNotBefore,
  madeNow,
  makeEntity,
} from '../../../test/made-certificates.ts'
import type { StatusAnswer } from '../peer/status-source.ts'
import { judgeSigner, type SignerClaim } from './judge-signer.ts'
import type { SignerPurpose } from './signer-purpose.ts'
import type { DeviceTrust } from './verdict.ts'

const [root, issuing, signer, trialRoot] = (await Promise.all(
  ['CN=Root', 'CN=Issuing', 'CN=Firmware', 'O=Acme TRIAL,CN=Root'].map((name) => makeEntity(name)),
)) as [Entity, Entity, Entity, Entity]
const rootCertificate = await certifyAuthority(root)
const issuingCertificate = await certifyAuthority(issuing, root)
const { publicKey } = signer.pair

const both = [keyPurposes.codeSigning, keyPurposes.emailProtection]
const stampRoots = [await certifyAuthority(await makeEntity('CN=Stamps'))]

function saying(purposes: readonly Oid[], usage = 'digitalSignature' as const): Extension[] {
  return [
    encodeExtension('keyUsage', [usage]),
    ...(purposes.length === 0 ? [] : [encodeExtension('extKeyUsage', purposes)]),
  ]
}

async function leafFor(purposes: readonly Oid[] = both): Promise<Certificate> {
  return certify(signer, issuing, { extensions: saying(purposes) })
}

const device: DeviceTrust = {
  ...{ keys: [], roots: [rootCertificate], purpose: 'email-and-code', now: madeNow },
  ...{ stampRoots: [], counter: undefined, demandsBoth: false },
}

async function wordFor(
  claim: Partial<SignerClaim> = {},
  trust: Partial<DeviceTrust> = {},
): Promise<string> {
  const chain = claim.chain ?? [await leafFor(), issuingCertificate]
  const found = await judgeSigner({ publicKey, ...claim, chain }, { ...device, ...trust })
  return 'reason' in found ? found.reason : String(found.judgedAt ?? 'known')
}

test('believes a signer whose certificate leads to a root of the device, as of its clock', async () => {
  assert.equal(await wordFor(), String(madeNow))
})

test('believes a bare key that it was given, and no other', async () => {
  assert.equal(await wordFor({ chain: [] }, { keys: [publicKey] }), 'known')
  assert.equal(await wordFor({ chain: [] }), 'artefact-signer-unknown')
  assert.equal(
    await wordFor({ chain: [] }, { keys: [root.pair.publicKey] }),
    'artefact-signer-unknown',
  )
})

test('a key that it was given needs no certificate, expired or not', async () => {
  const late = madeNotAfter.add({ hours: 24 })
  assert.equal(await wordFor({}, { keys: [publicKey], now: late }), 'known')
})

test('refuses a certificate of another key than signed', async () => {
  assert.equal(await wordFor({ publicKey: root.pair.publicKey }), 'signature-wrong')
})

test('refuses a signer below a stranger’s root', async () => {
  const stranger = await certifyAuthority(await makeEntity('CN=Root'))
  assert.equal(await wordFor({}, { roots: [stranger] }), 'signature-wrong')
  assert.equal(await wordFor({}, { roots: [] }), 'certificate-not-trusted')
})

test('a purpose that is asked is said by the signer, as each verifier asks it', async () => {
  // formats.md 2.2: leaf, email (RAUC and SWUpdate by default), code (both when strict).
  const rows: [readonly Oid[], string, string][] = [
    [[keyPurposes.codeSigning], 'no', 'yes'],
    [[keyPurposes.emailProtection], 'yes', 'no'],
    [both, 'yes', 'yes'],
    [[], 'yes', 'no'],
    [[keyPurposes.serverAuth], 'no', 'no'],
    [[keyPurposes.anyExtendedKeyUsage], 'no', 'no'],
  ]
  for (const [purposes, email, code] of rows) {
    const chain = [await leafFor(purposes), issuingCertificate]
    const passes = async (purpose: SignerPurpose) => {
      const word = await wordFor({ chain }, { purpose })
      assert.ok(word === String(madeNow) || word === 'certificate-wrong-purpose', word)
      return word === String(madeNow) ? 'yes' : 'no'
    }
    assert.equal(await passes('email'), email, `email of ${purposes}`)
    assert.equal(await passes('code'), code, `code of ${purposes}`)
    assert.equal(await passes('email-and-code'), email === 'yes' ? code : 'no')
    assert.equal(await passes('any'), 'yes')
    assert.equal(await passes('update-package'), 'no')
  }
  const update = [await leafFor([...both, keyPurposes.updatePackageSigning]), issuingCertificate]
  assert.equal(await wordFor({ chain: update }, { purpose: 'update-package' }), String(madeNow))
})

test('refuses a signer whose key may not sign, and an authority that is for something else', async () => {
  const extensions = [encodeExtension('keyUsage', ['keyAgreement'])]
  const leaf = await certify(signer, issuing, { extensions })
  assert.equal(
    await wordFor({ chain: [leaf, issuingCertificate] }, { purpose: 'email' }),
    'certificate-wrong-purpose',
  )
  const narrow = await certifyAuthority(issuing, root, [
    encodeExtension('extKeyUsage', [keyPurposes.clientAuth]),
  ])
  assert.equal(await wordFor({ chain: [await leafFor(), narrow] }), 'certificate-wrong-purpose')
})

test('an expired signer is refused, unless a time-stamp that is believed saw it sign', async () => {
  const late = { now: madeNotAfter.add({ hours: 24 }) }
  assert.equal(await wordFor({}, late), 'certificate-expired')
  assert.equal(await wordFor({ stampedAt: madeNow }, late), 'certificate-expired')
  assert.equal(await wordFor({ stampedAt: madeNow }, { ...late, stampRoots }), String(madeNow))
  assert.equal(
    await wordFor({ stampedAt: late.now }, { now: madeNow, stampRoots }),
    'certificate-expired',
  )
})

test('without a clock the time that was signed counts, and never one before what was seen', async () => {
  const lost = { now: undefined }
  assert.equal(await wordFor({}, lost), 'artefact-time-unknown')
  assert.equal(await wordFor({ claimedAt: madeNow }, lost), String(madeNow))
  assert.equal(await wordFor({}, { ...lost, seen: madeNow }), String(madeNow))
  const later = madeNow.add({ hours: 24 })
  assert.equal(await wordFor({ claimedAt: madeNow }, { ...lost, seen: later }), String(later))
  // What it has seen is a lower bound: that the certificate has begun is signed by an authority.
  const earlier = madeNotBefore.subtract({ hours: 1 })
  assert.equal(await wordFor({}, { ...lost, seen: earlier }), String(madeNotBefore))
  const over = madeNotAfter.add({ hours: 1 })
  assert.equal(
    await wordFor({ claimedAt: madeNow }, { ...lost, seen: over }),
    'certificate-expired',
  )
})

test('a clock that stands before what was seen is no clock', async () => {
  const unset = Temporal.Instant.from('1970-01-01T00:00:12Z')
  assert.equal(await wordFor({}, { now: unset }), 'certificate-not-yet-valid')
  assert.equal(await wordFor({}, { now: unset, seen: madeNow }), String(madeNow))
  assert.equal(
    await wordFor({ claimedAt: madeNotAfter }, { now: unset, seen: madeNotBefore }),
    String(madeNotAfter),
  )
})

test('a trial signer is refused by a device in the field, by name, wherever the mark stands', async () => {
  const trial = await certifyAuthority(trialRoot)
  const leaf = await certify(signer, trialRoot, { extensions: saying(both) })
  const shown = { chain: [leaf] }
  const trust = { roots: [trial] }
  assert.equal(
    await wordFor(shown, { ...trust, environment: 'production' }),
    'artefact-signer-of-trial',
  )
  assert.equal(await wordFor(shown, { ...trust, environment: 'test' }), 'artefact-signer-of-trial')
  assert.equal(await wordFor(shown, { ...trust, environment: 'trial' }), String(madeNow))
})

test('a revoked signer is refused, and an unknown one as the device was told', async () => {
  const leaf = await leafFor()
  const asking = (answer: StatusAnswer, whenUnknown: 'refuse' | 'accept') => ({
    status: {
      ...{ sources: [{ name: 'a test', statusOf: () => answer }], whenUnknown },
      scope: 'leaf' as const,
    },
  })
  const chain = [leaf, issuingCertificate]
  const revoked = { kind: 'revoked', since: madeNow, reason: 1 } as const
  assert.equal(await wordFor({ chain }, asking(revoked, 'accept')), 'certificate-revoked')
  const stamped = { chain, stampedAt: madeNow }
  assert.equal(
    await wordFor(stamped, { ...asking(revoked, 'accept'), stampRoots }),
    'certificate-revoked',
  )
  const unknown = { kind: 'unknown', because: 'no list' } as const
  assert.equal(await wordFor({ chain }, asking(unknown, 'refuse')), 'status-unknown')
  assert.equal(await wordFor({ chain }, asking(unknown, 'accept')), String(madeNow))
  const good = { kind: 'good', until: madeNotAfter } as const
  assert.equal(await wordFor({ chain }, asking(good, 'refuse')), String(madeNow))
})
