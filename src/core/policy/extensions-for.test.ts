// SPDX-License-Identifier: Apache-2.0
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { encodeCsrAttributes, parseCsrAttributes } from '#format/est/csr-attributes.ts'
import { type ExtensionName, isCritical, readExtension } from '#format/x509/extension.ts'
import { extensionCodecs } from '#format/x509/extensions/table.ts'
import { generateKey } from '#trust/private-key.ts'
import { checkEnvironment } from './check-environment.ts'
import { checkKey } from './check-key.ts'
import { csrAttributesFor } from './csr-attributes.ts'
import { diffProfiles } from './document/diff-profiles.ts'
import { parseProfile } from './document/parse-profile.ts'
import { extensionsFor } from './extensions-for.ts'
import type { Profile } from './profile.ts'
import { type ReadyProfileName, readyProfiles } from './ready/ready-profiles.ts'

function ready(name: ReadyProfileName, changes: Record<string, unknown> = {}): Profile {
  const parsed = parseProfile({ ...readyProfiles[name], ...changes })
  assert.ok(parsed.kind === 'profile', JSON.stringify(parsed))
  return parsed.profile
}

const because = 'RFC 0000: a test'
const facts = {
  maker: 'Example',
  product: 'Pump',
  serial: 'PUMP-0001',
  name: 'pki',
  names: ['pki.example'],
}
const pointers = {
  subjectKeyIdentifier: new Uint8Array(20).fill(1),
  issuerKeyIdentifier: new Uint8Array(20).fill(2),
  crlUrl: 'http://pki.example/crl/1',
  ocspUrl: 'http://pki.example/ocsp',
  issuerUrl: 'http://pki.example/ca/issuing',
}

const namesByOid = new Map(Object.entries(extensionCodecs).map(([name, { oid }]) => [oid, name]))

/** What a certificate of each ready-made profile carries; `!` marks critical. */
const expected: Record<ReadyProfileName, readonly string[]> = {
  idevid: ['authorityKeyIdentifier', 'keyUsage!'],
  ldevid: [
    'authorityKeyIdentifier',
    'subjectKeyIdentifier',
    'keyUsage!',
    'extKeyUsage',
    'cRLDistributionPoints',
    'authorityInfoAccess',
  ],
  server: [
    'authorityKeyIdentifier',
    'subjectKeyIdentifier',
    'keyUsage!',
    'extKeyUsage',
    'subjectAltName',
    'cRLDistributionPoints',
    'authorityInfoAccess',
  ],
  client: [
    'authorityKeyIdentifier',
    'subjectKeyIdentifier',
    'keyUsage!',
    'extKeyUsage',
    'cRLDistributionPoints',
    'authorityInfoAccess',
  ],
  'firmware-signer': [
    'authorityKeyIdentifier',
    'subjectKeyIdentifier',
    'keyUsage!',
    'extKeyUsage',
    'cRLDistributionPoints',
    'authorityInfoAccess',
  ],
  'artefact-signer': [
    'authorityKeyIdentifier',
    'subjectKeyIdentifier',
    'keyUsage!',
    'extKeyUsage',
    'cRLDistributionPoints',
    'authorityInfoAccess',
  ],
  'artefact-signer-lasting': [
    'authorityKeyIdentifier',
    'subjectKeyIdentifier',
    'keyUsage!',
    'extKeyUsage',
    'cRLDistributionPoints',
    'authorityInfoAccess',
  ],
  'ocsp-signer': [
    'authorityKeyIdentifier',
    'subjectKeyIdentifier',
    'keyUsage!',
    'extKeyUsage',
    'ocspNoCheck',
  ],
  'time-stamp-signer': [
    'authorityKeyIdentifier',
    'subjectKeyIdentifier',
    'keyUsage!',
    'extKeyUsage!',
    'cRLDistributionPoints',
    'authorityInfoAccess',
  ],
  issuing: [
    'authorityKeyIdentifier',
    'subjectKeyIdentifier',
    'basicConstraints!',
    'keyUsage!',
    'cRLDistributionPoints',
    'authorityInfoAccess',
  ],
  root: ['authorityKeyIdentifier', 'subjectKeyIdentifier', 'basicConstraints!', 'keyUsage!'],
  'trial-root': [
    'authorityKeyIdentifier',
    'subjectKeyIdentifier',
    'basicConstraints!',
    'keyUsage!',
  ],
}

for (const name of Object.keys(readyProfiles) as ReadyProfileName[])
  test(`a certificate of ${name} carries exactly its extensions`, () => {
    const drawn = extensionsFor(ready(name), facts, pointers)
    assert.deepEqual(
      drawn.map(({ oid, critical }) => `${namesByOid.get(oid)}${critical ? '!' : ''}`),
      expected[name],
    )
  })

test('pointers that are not known are left out', () => {
  const drawn = extensionsFor(ready('ldevid'), facts, {
    subjectKeyIdentifier: pointers.subjectKeyIdentifier,
  })
  const left: readonly ExtensionName[] = [
    'authorityKeyIdentifier',
    'cRLDistributionPoints',
    'authorityInfoAccess',
  ]
  for (const name of left) assert.equal(readExtension(drawn, name), undefined, name)
})

test('alternative names are critical only without a subject', () => {
  const nameless = ready('server', { subject: { attributes: [], requested: 'nothing', because } })
  assert.ok(isCritical(extensionsFor(nameless, facts, pointers), 'subjectAltName'))
  assert.ok(!isCritical(extensionsFor(ready('server'), facts, pointers), 'subjectAltName'))
})

test('every part of a rich profile reaches the certificate', () => {
  const rich = ready('idevid', {
    status: { crl: false, ocsp: false, issuer: true, noRevAvail: true, because },
    masa: { url: 'masa.example', because },
    certificatePolicies: { policies: ['1.3.6.1.4.1.99999.2'], because },
  })
  const drawn = extensionsFor(rich, facts, pointers)
  assert.equal(readExtension(drawn, 'masaUrl'), 'masa.example')
  assert.equal(readExtension(drawn, 'noRevAvail'), null)
  assert.deepEqual(readExtension(drawn, 'certificatePolicies'), [{ oid: '1.3.6.1.4.1.99999.2' }])
  assert.deepEqual(readExtension(drawn, 'authorityInfoAccess'), [
    { method: '1.3.6.1.5.5.7.48.2', location: { kind: 'uri', value: pointers.issuerUrl } },
  ])
  const ocsp = ready('ldevid', {
    status: { crl: false, ocsp: true, issuer: false, noRevAvail: false, because },
  })
  assert.deepEqual(readExtension(extensionsFor(ocsp, facts, pointers), 'authorityInfoAccess'), [
    { method: '1.3.6.1.5.5.7.48.1', location: { kind: 'uri', value: pointers.ocspUrl } },
  ])
})

test('a request is told the admitted keys and its usages', () => {
  const said = csrAttributesFor(ready('ldevid'), facts)
  const shown: (string | readonly string[])[] = []
  for (const one of parseCsrAttributes(encodeCsrAttributes(said)))
    if (one.kind === 'oid') shown.push(one.oid)
    else if (one.kind === 'attribute')
      shown.push([one.type, ...one.values.map((value) => value.toHex())])
  assert.deepEqual(shown.slice(0, -1), [
    ['1.2.840.10045.2.1', '06052b81040022', '06052b81040023', '06082a8648ce3d030107'],
    ['1.2.840.113549.1.1.1', '02020c00', '02021000'],
    '1.3.101.112',
    '1.3.101.113',
    '1.2.840.113549.1.1.10',
    '2.16.840.1.101.3.4.3.17',
    '2.16.840.1.101.3.4.3.18',
    '2.16.840.1.101.3.4.3.19',
  ])
  assert.equal(shown.at(-1)?.[0], '1.2.840.113549.1.9.14')
  const [birth] = csrAttributesFor(ready('idevid'), facts)
  assert.equal(birth?.kind === 'attribute' && birth.values.length, 2)
})

test('a key of another algorithm is refused, a weaker one as too weak', async () => {
  const [weak, other, good] = await Promise.all([
    generateKey('rsa-2048'),
    generateKey('ed25519'),
    generateKey('p-256'),
  ])
  const idevid = ready('idevid')
  assert.equal(checkKey(idevid, weak.publicKey)?.reason, 'key-too-weak')
  assert.match(
    checkKey(idevid, weak.publicKey)?.detail ?? '',
    /112 bits of strength, profile idevid asks 128/,
  )
  assert.equal(checkKey(idevid, other.publicKey)?.reason, 'key-algorithm-not-admitted')
  assert.equal(checkKey(idevid, good.publicKey), undefined)
})

test('a profile serves the environments that it names, and no other', () => {
  assert.equal(checkEnvironment(ready('trial-root'), 'trial'), undefined)
  assert.equal(checkEnvironment(ready('trial-root'), 'production')?.reason, 'profile-wrong')
  assert.equal(checkEnvironment(ready('root'), 'trial')?.reason, 'profile-wrong')
})

test('a difference names the place and both values', () => {
  const from = readyProfiles.ldevid
  const to = {
    ...from,
    version: 2,
    validity: { hours: 4380, because: from.validity.because },
    keys: { ...from.keys, algorithms: ['p-256'] },
    birthKey: undefined,
  }
  const differences = diffProfiles(from, JSON.parse(JSON.stringify(to)))
  assert.deepEqual(differences.slice(0, 3), [
    { path: 'version', from: 1, to: 2 },
    { path: 'keys.algorithms[1]', from: 'p-384', to: undefined },
    { path: 'keys.algorithms[2]', from: 'p-521', to: undefined },
  ])
  assert.deepEqual(differences.slice(-2), [
    { path: 'birthKey', from: from.birthKey, to: undefined },
    { path: 'validity.hours', from: 8760, to: 4380 },
  ])
  assert.deepEqual(diffProfiles(from, structuredClone(from)), [])
})
