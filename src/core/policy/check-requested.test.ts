// SPDX-License-Identifier: Apache-2.0
import assert from 'node:assert/strict'
import { generateKeyPairSync } from 'node:crypto'
import { test } from 'node:test'
import { oid } from '#format/der/oid.ts'
import { encodeSigned } from '#format/x509/certificate.ts'
import {
  type CertificationRequest,
  encodeCertificationRequestInfo,
  parseCertificationRequest,
} from '#format/x509/certification-request.ts'
import { type Extension, encodeExtension, readExtension } from '#format/x509/extension.ts'
import { parseNameText } from '#format/x509/name.ts'
import { signatureAlgorithms } from '#trust/algorithms.ts'
import { checkRequested, takenOver } from './check-requested.ts'
import { parseProfile } from './document/parse-profile.ts'
import type { ProfileDocument } from './document/profile-document.ts'
import type { CertificateFacts, Profile } from './profile.ts'
import { readyProfiles } from './ready/ready-profiles.ts'

const because = 'RFC 0000: a test'
const facts: CertificateFacts = { maker: 'Example', product: 'Pump', serial: 'PUMP-0001' }
const { publicKey } = generateKeyPairSync('ec', { namedCurve: 'P-256' })
const spki = Uint8Array.from(publicKey.export({ format: 'der', type: 'spki' }))

function profileOf(document: ProfileDocument): Profile {
  const parsed = parseProfile(document)
  assert.ok(parsed.kind === 'profile', JSON.stringify(parsed))
  return parsed.profile
}

interface Wish {
  readonly subject?: string
  readonly extensions?: readonly Extension[]
  readonly attributes?: CertificationRequest['attributes']
}

/** A request as a device would send it; the signature is not what is tried here. */
function requestFor({
  subject = '',
  extensions = [],
  attributes = [],
}: Wish): CertificationRequest {
  const info = encodeCertificationRequestInfo({
    subject: parseNameText(subject),
    publicKey: spki,
    extensions,
    attributes,
  })
  const { identifier } = signatureAlgorithms['ecdsa-sha256']
  return parseCertificationRequest(encodeSigned(info, identifier, new Uint8Array(8)))
}

const ldevid = profileOf(readyProfiles.ldevid)
const withSubject = (requested: 'nothing' | 'same' | 'part' | 'ignored') =>
  profileOf({ ...readyProfiles.ldevid, subject: { ...readyProfiles.ldevid.subject, requested } })

const reasonFor = (profile: Profile, wish: Wish) =>
  checkRequested(profile, facts, requestFor(wish))?.reason

const whole = 'serialNumber=PUMP-0001,CN=PUMP-0001,OU=Pump,O=Example'

/** subject asked for -> the freedoms that let it pass */
const subjects: readonly (readonly [string, readonly string[]])[] = [
  ['', ['nothing', 'same', 'part', 'ignored']],
  [whole, ['same', 'part', 'ignored']],
  ['serialnumber=pump-0001,CN=PUMP-0001,OU=pump,O=EXAMPLE', ['same', 'part', 'ignored']],
  ['CN=PUMP-0001', ['part', 'ignored']],
  ['serialNumber=PUMP-0001', ['part', 'ignored']],
  ['O=Example,CN=PUMP-0001', ['part', 'ignored']],
  ['CN=PUMP-0002', ['ignored']],
  ['CN=PUMP-0001,C=DE', ['ignored']],
  ['serialNumber=PUMP-0001+CN=PUMP-0001', ['ignored']],
]

for (const freedom of ['nothing', 'same', 'part', 'ignored'] as const)
  test(`where the subject's freedom is "${freedom}" only what it says passes`, () => {
    for (const [subject, passing] of subjects) {
      const expected = passing.includes(freedom) ? undefined : 'subject-beyond-profile'
      assert.equal(reasonFor(withSubject(freedom), { subject }), expected, subject)
    }
  })

const names = (...values: readonly string[]) =>
  encodeExtension(
    'subjectAltName',
    values.map((value) => ({ kind: 'dns', value }) as const),
  )

const named = (more: Partial<NonNullable<ProfileDocument['subjectAlternativeName']>> = {}) =>
  profileOf({
    ...readyProfiles.ldevid,
    subjectAlternativeName: {
      names: [
        { kind: 'dns', value: '{serial}.example' },
        { kind: 'dns', value: 'pump.example' },
      ],
      requested: 'part',
      because,
      ...more,
    },
  })

test('alternative names that the profile does not know are refused', () => {
  assert.equal(
    reasonFor(ldevid, { extensions: [names('a.example')] }),
    'subject-alternative-name-beyond-profile',
  )
  assert.equal(
    reasonFor(named(), { extensions: [names('a.example')] }),
    'subject-alternative-name-beyond-profile',
  )
})

test('alternative names that the template draws may be asked for, in part or exactly', () => {
  const part = { extensions: [names('pump-0001.EXAMPLE')] }
  const all = { extensions: [names('pump.example', 'PUMP-0001.example')] }
  assert.equal(reasonFor(named(), part), undefined)
  assert.equal(
    reasonFor(named({ requested: 'same' }), part),
    'subject-alternative-name-beyond-profile',
  )
  assert.equal(reasonFor(named({ requested: 'same' }), all), undefined)
  assert.equal(
    reasonFor(named({ requested: 'nothing' }), all),
    'subject-alternative-name-beyond-profile',
  )
  assert.equal(
    reasonFor(named({ requested: 'ignored' }), { extensions: [names('evil.example')] }),
    undefined,
  )
})

test('names may be added within the patterns, up to their number', () => {
  const open = named({ mayAdd: [{ kind: 'dns', value: '*.{serial}.example' }], mayAddAtMost: 2 })
  const asked = names('a.PUMP-0001.example', 'b.pump-0001.example')
  assert.equal(reasonFor(open, { extensions: [asked] }), undefined)
  for (const beyond of [
    names('a.b.PUMP-0001.example'),
    names('.PUMP-0001.example'),
    names('*.PUMP-0001.example'),
    names('a.PUMP-0002.example'),
    names('PUMP-0001.example.evil'),
    names('a.pump-0001.example', 'b.pump-0001.example', 'c.pump-0001.example'),
  ])
    assert.equal(
      reasonFor(open, { extensions: [beyond] }),
      'subject-alternative-name-beyond-profile',
    )
})

test('added names stand in the certificate beside those of the template, each once', () => {
  const open = named({ mayAdd: [{ kind: 'dns', value: '*.{serial}.example' }], mayAddAtMost: 2 })
  const request = requestFor({
    extensions: [names('a.pump-0001.example', 'A.pump-0001.example', 'pump.example')],
  })
  assert.deepEqual(
    readExtension(takenOver(open, facts, request), 'subjectAltName')?.map(
      (name) => 'value' in name && name.value,
    ),
    ['PUMP-0001.example', 'pump.example', 'a.pump-0001.example'],
  )
})

test('usages may be asked for as far as the profile gives them', () => {
  const clientAuth = oid('1.3.6.1.5.5.7.3.2')
  const serverAuth = oid('1.3.6.1.5.5.7.3.1')
  const good = [
    encodeExtension('keyUsage', ['digitalSignature']),
    encodeExtension('extKeyUsage', [clientAuth]),
    encodeExtension('basicConstraints', { ca: false }),
    encodeExtension('subjectKeyIdentifier', Uint8Array.of(1, 2, 3)),
  ]
  assert.equal(reasonFor(ldevid, { extensions: good }), undefined)
  for (const beyond of [
    encodeExtension('keyUsage', ['digitalSignature', 'keyCertSign']),
    encodeExtension('extKeyUsage', [clientAuth, serverAuth]),
    encodeExtension('basicConstraints', { ca: true }),
    encodeExtension('certificatePolicies', [{ oid: oid('1.2.3') }]),
    { oid: oid('1.3.6.1.4.1.99999.1'), critical: true, value: Uint8Array.of(5, 0) },
  ])
    assert.equal(
      reasonFor(ldevid, { extensions: [...good.slice(3), beyond] }),
      'attribute-beyond-profile',
    )
})

test('extensions that the profile names are taken over, never critical', () => {
  const mud = oid('1.3.6.1.5.5.7.1.25')
  const open = profileOf({ ...readyProfiles.ldevid, requestedExtensions: { oids: [mud], because } })
  const asked = encodeExtension('mudUrl', 'https://example/mud', true)
  const request = requestFor({ extensions: [asked] })
  assert.equal(checkRequested(open, facts, request), undefined)
  assert.deepEqual(takenOver(open, facts, request), [{ ...asked, critical: false }])
  assert.deepEqual(takenOver(ldevid, facts, request), [])
})

test('an extension that is taken over must be der', () => {
  const stranger = oid('1.3.6.1.4.1.99999.1')
  const open = profileOf({
    ...readyProfiles.ldevid,
    requestedExtensions: { oids: [stranger], because },
  })
  const wish = (hex: string) => ({
    extensions: [{ oid: stranger, critical: false, value: Uint8Array.fromHex(hex) }],
  })
  assert.equal(reasonFor(open, wish('0500')), undefined)
  for (const hex of ['05', '0501', '050000', '3080', ''])
    assert.equal(reasonFor(open, wish(hex)), 'attribute-beyond-profile', hex)
})

test('attributes that ask for names or extensions by another way are refused, others passed over', () => {
  const attribute = (type: string) => [{ type: oid(type), values: [Uint8Array.of(0x30, 0)] }]
  assert.equal(
    reasonFor(ldevid, { attributes: attribute('1.3.6.1.5.5.7.7.36') }),
    'attribute-beyond-profile',
  )
  assert.equal(
    reasonFor(ldevid, { attributes: attribute('1.3.6.1.4.1.311.2.1.14') }),
    'attribute-beyond-profile',
  )
  assert.equal(reasonFor(ldevid, { attributes: attribute('1.2.840.113549.1.9.15') }), undefined)
})
