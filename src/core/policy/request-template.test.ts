// SPDX-License-Identifier: Apache-2.0
import assert from 'node:assert/strict'
import { test } from 'node:test'
import {
  asks,
  encodeCsrAttributes,
  parseCsrAttributes,
  templateOf,
} from '#format/est/csr-attributes.ts'
import { readRsaKeyBits } from '#format/est/dummy-rsa-key.ts'
import { type ClientFacts, requestFromTemplate } from '#format/est/request-from-template.ts'
import type { RequestTemplate } from '#format/est/request-template.ts'
import { attributes, attributeTypes } from '#format/oids.ts'
import { encodeSigned } from '#format/x509/certificate.ts'
import {
  encodeCertificationRequestInfo,
  parseCertificationRequest,
} from '#format/x509/certification-request.ts'
import { encodeExtension } from '#format/x509/extension.ts'
import { extensionCodecs } from '#format/x509/extensions/table.ts'
import { formatName } from '#format/x509/name.ts'
import { keyAlgorithms, signatureAlgorithmFor } from '#trust/algorithms.ts'
import { provePossession } from '#trust/possession.ts'
import { generateKey, sign } from '#trust/private-key.ts'
import { checkKey } from './check-key.ts'
import { checkRequested, takenOver } from './check-requested.ts'
import { csrAttributesFor } from './csr-attributes.ts'
import { parseProfile } from './document/parse-profile.ts'
import type { ProfileDocument } from './document/profile-document.ts'
import { extensionsFor } from './extensions-for.ts'
import type { CertificateFacts, Profile } from './profile.ts'
import { readyProfiles } from './ready/ready-profiles.ts'
import { readySets } from './ready/ready-sets.ts'
import { drawSubject } from './templates.ts'

const because = 'RFC 0000: a test'
const facts: CertificateFacts = {
  ...{ maker: 'Example', product: 'Pump', serial: 'PUMP-0001', name: 'pki' },
  names: ['pki.example'],
}
const known: ClientFacts = {
  attributes: {
    [attributeTypes.commonName]: 'PUMP-0001',
    [attributeTypes.serialNumber]: 'PUMP-0001',
  },
  extensions: {},
}

function profileOf(document: ProfileDocument): Profile {
  const parsed = parseProfile(document)
  assert.ok(parsed.kind === 'profile', JSON.stringify(parsed))
  return parsed.profile
}

/** What a device reads of an answer to csrattrs. */
function told(profile: Profile): RequestTemplate {
  const der = encodeCsrAttributes(csrAttributesFor(profile, { maker: 'Example', product: 'Pump' }))
  const template = templateOf(parseCsrAttributes(der))
  assert.ok(template)
  return template
}

async function requestAfter(profile: Profile, client = known) {
  const template = told(profile)
  const filled = requestFromTemplate(template, client)
  assert.ok(filled.kind === 'filled', JSON.stringify(filled))
  const algorithm = profile.keyAlgorithms.find(
    (name) =>
      keyAlgorithms[name].identifier.der.toHex() === template.key?.algorithm.der.toHex() &&
      (template.key.dummyKey === undefined ||
        keyAlgorithms[name].bits === readRsaKeyBits(template.key.dummyKey)),
  )
  assert.ok(algorithm)
  const { privateKey, publicKey } = await generateKey(algorithm)
  const info = encodeCertificationRequestInfo({ ...filled.info, publicKey: publicKey.spki })
  const row = signatureAlgorithmFor(algorithm)
  const signature = await sign(privateKey, row, info)
  return parseCertificationRequest(encodeSigned(info, row.identifier, signature))
}

const ready = [...Object.values(readyProfiles), ...Object.values(readySets).flat()]
for (const document of ready)
  test(`a request after the template of ${document.name} is within the profile`, async () => {
    const profile = profileOf(document)
    const request = await requestAfter(profile)
    const possession = await provePossession(request)
    assert.ok(possession.kind === 'proved')
    assert.equal(checkKey(profile, possession.proved.publicKey), undefined)
    assert.equal(checkRequested(profile, facts, request), undefined)
    // And what it asks for is what the certificate will say.
    const given = [
      ...extensionsFor(profile, facts, { subjectKeyIdentifier: new Uint8Array(20) }),
      ...takenOver(profile, facts, request),
    ]
    for (const asked of request.requestedExtensions)
      assert.deepEqual(
        given.find(({ oid }) => oid === asked.oid),
        asked,
      )
  })

test('fixed parts of the subject are filled in, the serial is left to the device', async () => {
  const profile = profileOf(readyProfiles.ldevid)
  const { subject } = told(profile)
  assert.deepEqual(
    subject?.map(([part]) => [part?.type, part?.given?.value]),
    [
      [attributeTypes.organizationName, 'Example'],
      [attributeTypes.organizationalUnitName, 'Pump'],
      [attributeTypes.commonName, undefined],
      [attributeTypes.serialNumber, undefined],
    ],
  )
  const request = await requestAfter(profile)
  assert.equal(formatName(request.subject), formatName(drawSubject(profile, facts)))
  const lacking = requestFromTemplate(told(profile), { attributes: {}, extensions: {} })
  assert.deepEqual(lacking, {
    kind: 'lacking',
    oids: [attributeTypes.commonName, attributeTypes.serialNumber],
  })
})

test('a request that says another serial than its template asks for is refused', async () => {
  const profile = profileOf(readyProfiles.ldevid)
  const request = await requestAfter(profile, {
    ...known,
    attributes: { ...known.attributes, [attributeTypes.serialNumber]: 'PUMP-0002' },
  })
  assert.equal(checkRequested(profile, facts, request)?.reason, 'subject-beyond-profile')
})

test('nothing is asked of a name that no request may say or that is passed over', () => {
  for (const requested of ['nothing', 'ignored'] as const) {
    const subject = { ...readyProfiles.ldevid.subject, requested }
    assert.equal(told(profileOf({ ...readyProfiles.ldevid, subject })).subject, undefined)
  }
})

const namesOf = (
  requested: 'same' | 'part' | 'ignored',
  ...values: readonly string[]
): ProfileDocument => ({
  ...readyProfiles.ldevid,
  subjectAlternativeName: {
    names: values.map((value) => ({ kind: 'uri', value })),
    requested,
    because,
  },
})
const sanOf = (document: ProfileDocument) =>
  told(profileOf(document)).extensions.find(({ oid }) => oid === extensionCodecs.subjectAltName.oid)

test('alternative names are written out where all devices have the same, else left to the device', async () => {
  const fixed = encodeExtension('subjectAltName', [{ kind: 'uri', value: 'urn:Example:Pump' }])
  assert.deepEqual(sanOf(namesOf('part', 'urn:{maker}:{product}')), fixed)
  assert.equal(sanOf(namesOf('ignored', 'urn:{maker}:{product}')), undefined)
  assert.equal(sanOf(namesOf('part', 'urn:{serial}')), undefined)
  const open = namesOf('same', 'urn:{serial}')
  assert.deepEqual(sanOf(open), { ...fixed, value: undefined })
  const own = encodeExtension('subjectAltName', [{ kind: 'uri', value: 'urn:PUMP-0001' }])
  const client = { ...known, extensions: { [own.oid]: own.value } }
  const request = await requestAfter(profileOf(open), client)
  assert.equal(checkRequested(profileOf(open), facts, request), undefined)
})

test('of an RSA key the size is asked for by a key that is nobody’s', () => {
  const keys = { algorithms: ['rsa-3072' as const, 'p-256' as const], because }
  const { key } = told(profileOf({ ...readyProfiles.ldevid, keys }))
  assert.ok(key?.dummyKey)
  assert.equal(readRsaKeyBits(key.dummyKey), 3072)
})

test('where the request is bound to its connection there is no template, but the older form says so', () => {
  const channelBinding = { type: 'tls-exporter' as const, because }
  const bound = profileOf({ ...readyProfiles.ldevid, channelBinding })
  const wanted = csrAttributesFor(bound, { maker: 'Example', product: 'Pump' })
  assert.equal(templateOf(wanted), undefined)
  assert.ok(asks(wanted, attributes.challengePassword))
  const free = csrAttributesFor(profileOf(readyProfiles.ldevid), { maker: 'Example' })
  assert.ok(!asks(free, attributes.challengePassword))
  assert.ok(asks(free.slice(-1), extensionCodecs.keyUsage.oid))
})
