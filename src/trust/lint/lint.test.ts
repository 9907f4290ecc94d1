// SPDX-License-Identifier: Apache-2.0
import assert from 'node:assert/strict'
import { generateKeyPairSync, randomInt } from 'node:crypto'
import { readFileSync } from 'node:fs'
import { test } from 'node:test'
import { oid } from '#format/der/oid.ts'
import { keyPurposes } from '#format/oids.ts'
import {
  type Certificate,
  encodeSigned,
  encodeTbsCertificate,
  parseCertificate,
  type TbsCertificate,
} from '#format/x509/certificate.ts'
import {
  type Extension,
  type ExtensionName,
  type ExtensionValues,
  encodeExtension,
} from '#format/x509/extension.ts'
import { extensionCodecs } from '#format/x509/extensions/table.ts'
import { encodeName, parseNameText } from '#format/x509/name.ts'
import { keyAlgorithms, signatureAlgorithms } from '../algorithms.ts'
import { generateKey } from '../private-key.ts'
import type { CertificateKind } from './kinds.ts'
import { lintCertificate, parseRule } from './lint.ts'
import { lintDocument } from './lint-document.ts'
import { rules } from './rules.ts'

const at = (text: string) => Temporal.Instant.from(text)
const ecdsa = signatureAlgorithms['ecdsa-sha256'].identifier

function newKey(curve: string) {
  const { publicKey } = generateKeyPairSync('ec', { namedCurve: curve })
  return Uint8Array.from(publicKey.export({ format: 'der', type: 'spki' }))
}

const issuerKey = newKey('P-256')
const leafKey = newKey('P-256')
const issuerIdentifier = new Uint8Array(20).fill(7)
const issuerName = parseNameText('CN=Issuing,O=Example')

/** An extension with another value, another criticality, or (undefined) none. */
type Changes = { readonly [N in ExtensionName]?: ExtensionValues[N] | undefined }
interface Case {
  readonly kind: CertificateKind
  readonly tbs?: Partial<TbsCertificate>
  readonly set?: Changes
  /** These have the other criticality than usual. */
  readonly flip?: readonly ExtensionName[]
  readonly issuer?: Case | 'none'
}

const authority: Changes = {
  subjectKeyIdentifier: issuerIdentifier,
  basicConstraints: { ca: true, pathLength: 0 },
  keyUsage: ['keyCertSign', 'cRLSign'],
}
const leaf: Changes = {
  authorityKeyIdentifier: { keyIdentifier: issuerIdentifier },
  subjectKeyIdentifier: new Uint8Array(20).fill(8),
  keyUsage: ['digitalSignature'],
  cRLDistributionPoints: [{ fullName: [{ kind: 'uri', value: 'http://pki.example/crl/1' }] }],
}
const endless = at('9999-12-31T23:59:59Z')
const year = { notBefore: at('2026-01-02T00:00:00Z'), notAfter: at('2026-12-31T23:59:59Z') }
const device = parseNameText('serialNumber=PUMP-0001,CN=PUMP-0001,O=Example')

/** What is right for each kind. */
const right: Record<CertificateKind, { tbs: Partial<TbsCertificate>; set: Changes }> = {
  birth: {
    tbs: { subject: device, notAfter: endless },
    set: { ...leaf, subjectKeyIdentifier: undefined, cRLDistributionPoints: undefined },
  },
  working: { tbs: { subject: device }, set: { ...leaf, extKeyUsage: [keyPurposes.clientAuth] } },
  server: {
    tbs: {},
    set: {
      ...leaf,
      extKeyUsage: [keyPurposes.serverAuth],
      subjectAltName: [{ kind: 'dns', value: 'pki.example' }],
    },
  },
  client: { tbs: {}, set: { ...leaf, extKeyUsage: [keyPurposes.clientAuth] } },
  signer: { tbs: {}, set: { ...leaf, extKeyUsage: [keyPurposes.codeSigning] } },
  ocsp: {
    tbs: {},
    set: {
      ...leaf,
      extKeyUsage: [keyPurposes.ocspSigning],
      ocspNoCheck: null,
      cRLDistributionPoints: undefined,
    },
  },
  attestation: {
    tbs: { subject: device },
    set: { ...leaf, extKeyUsage: [keyPurposes.tcgAttestationKey] },
  },
  issuing: {
    tbs: { notAfter: endless },
    set: { ...leaf, ...authority, subjectKeyIdentifier: new Uint8Array(20).fill(9) },
  },
  root: {
    tbs: { subject: issuerName, publicKey: issuerKey, notAfter: endless },
    set: { ...authority, basicConstraints: { ca: true, pathLength: 1 } },
  },
  link: {
    tbs: { subject: issuerName, notBefore: at('2025-01-01T00:00:00Z'), notAfter: endless },
    set: {
      ...authority,
      authorityKeyIdentifier: { keyIdentifier: issuerIdentifier },
      subjectKeyIdentifier: new Uint8Array(20).fill(9),
      basicConstraints: { ca: true, pathLength: 1 },
    },
  },
}

function extensionsOf({ kind, set = {}, flip = [] }: Case): readonly Extension[] {
  const all = { ...right[kind].set, ...set }
  return (Object.keys(all) as ExtensionName[]).flatMap((name) => {
    if (all[name] === undefined) return []
    const critical = extensionCodecs[name].critical !== flip.includes(name)
    return [encodeAny(name, all[name], critical)]
  })
}

function encodeAny<N extends ExtensionName>(name: N, value: ExtensionValues[N], critical: boolean) {
  return encodeExtension(name, value, critical)
}

function toBeSigned(one: Case): Uint8Array {
  return encodeTbsCertificate({
    serialNumber: new Uint8Array(16).fill(0x42),
    signatureAlgorithm: ecdsa,
    issuer: issuerName,
    ...year,
    subject: parseNameText('CN=somebody,O=Example'),
    publicKey: leafKey,
    ...right[one.kind].tbs,
    extensions: extensionsOf(one),
    ...one.tbs,
  })
}

/** The path length of who signs such a certificate; 0 above leaves. */
const lengths = new Map<CertificateKind, number>([
  ['issuing', 1],
  ['link', 1],
])

/** Above a leaf stands an issuing authority without end, above an issuing one a root. */
function issuerOf(one: Case): Certificate | undefined {
  if (one.issuer === 'none' || one.kind === 'root') return undefined
  const usual: Case = {
    kind: 'root',
    tbs: { notBefore: at('2026-01-01T00:00:00Z') },
    set: { basicConstraints: { ca: true, pathLength: lengths.get(one.kind) ?? 0 } },
  }
  return parseCertificate(encodeSigned(toBeSigned(one.issuer ?? usual), ecdsa, new Uint8Array(8)))
}

const findingsOf = (one: Case) => lintCertificate(toBeSigned(one), issuerOf(one), one.kind)

for (const kind of Object.keys(right) as CertificateKind[])
  test(`nothing is found in a right ${kind} certificate`, () => {
    assert.deepEqual(findingsOf({ kind }), [])
  })

const spkiOf = (type: 'rsa' | 'compressed' | 'short' | 'unknown'): Uint8Array => {
  if (type === 'rsa') {
    const { publicKey } = generateKeyPairSync('rsa', { modulusLength: 1024 })
    return Uint8Array.from(publicKey.export({ format: 'der', type: 'spki' }))
  }
  const point = leafKey.slice(-65)
  const head = '06072a8648ce3d020106082a8648ce3d030107'
  if (type === 'compressed')
    return Uint8Array.fromHex(`30393013${head}032200${'02'}${point.slice(1, 33).toHex()}`)
  if (type === 'short')
    return Uint8Array.fromHex(`30383013${head}032100${'04'}${point.slice(1, 32).toHex()}`)
  return Uint8Array.fromHex('300b300506032a030403020001')
}

const mlKemKey = (await generateKey('ml-kem-768')).publicKey.spki
const mlDsaKey = (await generateKey('ml-dsa-65')).publicKey.spki

/** For each rule a certificate that breaks it. */
const breaking: Record<string, Case> = {
  'key-usage-of-encapsulation': {
    kind: 'signer',
    tbs: { publicKey: mlKemKey },
    set: { keyUsage: ['keyEncipherment', 'digitalSignature'] },
  },
  'tls-purpose-fits-algorithm': {
    kind: 'client',
    tbs: { publicKey: mlKemKey },
    set: { keyUsage: ['keyEncipherment'] },
  },
  'issuer-no-weaker-than-key': { kind: 'working', tbs: { publicKey: mlDsaKey } },
  'serial-number-unguessable': {
    kind: 'working',
    tbs: { serialNumber: new Uint8Array(8).fill(1) },
  },
  'signature-algorithm-known': {
    kind: 'working',
    tbs: {
      signatureAlgorithm: { ...ecdsa, der: Uint8Array.fromHex('300c06082a8648ce3d0403020500') },
    },
  },
  'signature-algorithm-fits-issuer': {
    kind: 'working',
    tbs: { signatureAlgorithm: signatureAlgorithms['rsa-sha256'].identifier },
  },
  'issuer-named': { kind: 'working', tbs: { issuer: encodeName([]) } },
  'issuer-is-the-signer': {
    kind: 'working',
    tbs: { issuer: parseNameText('CN=issuing,O=Example') },
  },
  'validity-in-order': { kind: 'working', tbs: { notAfter: at('2026-01-01T12:00:00Z') } },
  'ends-within-issuer': {
    kind: 'working',
    issuer: { kind: 'root', tbs: { notAfter: at('2026-12-31T23:59:58Z') } },
  },
  'begins-within-issuer': {
    kind: 'working',
    issuer: { kind: 'root', tbs: { notBefore: at('2026-01-02T00:00:01Z') } },
  },
  'issuer-may-sign': {
    kind: 'working',
    issuer: { kind: 'root', set: { basicConstraints: undefined } },
  },
  'subject-or-alternative-name': { kind: 'client', tbs: { subject: encodeName([]) } },
  'authority-subject-named': { kind: 'issuing', tbs: { subject: encodeName([]) } },
  'subject-within-upper-bounds': {
    kind: 'client',
    tbs: { subject: parseNameText(`CN=${'x'.repeat(65)}`) },
  },
  'subject-country-of-two-letters': {
    kind: 'client',
    tbs: { subject: parseNameText('CN=x,C=de') },
  },
  'subject-visible': {
    kind: 'client',
    tbs: { subject: encodeName([[{ type: oid('2.5.4.3'), value: 'a\u202eb' }]]) },
  },
  'subject-attribute-once': { kind: 'client', tbs: { subject: parseNameText('CN=a,CN=b') } },
  'subject-of-single-parts': { kind: 'client', tbs: { subject: parseNameText('CN=a+O=b') } },
  'device-serial-number-in-subject': {
    kind: 'working',
    tbs: { subject: parseNameText('CN=PUMP-0001') },
  },
  'public-key-algorithm-known': { kind: 'working', tbs: { publicKey: spkiOf('unknown') } },
  'public-key-of-its-size': { kind: 'working', tbs: { publicKey: spkiOf('rsa') } },
  'public-key-uncompressed': { kind: 'working', tbs: { publicKey: spkiOf('compressed') } },
  'public-key-of-its-own': { kind: 'working', tbs: { publicKey: issuerKey } },
  'ends-before-algorithm-sunset': { kind: 'client', tbs: { notAfter: at('2036-01-01T00:00:00Z') } },
  'authority-key-identifier-present': {
    kind: 'working',
    set: { authorityKeyIdentifier: undefined },
  },
  'authority-key-identifier-matches': {
    kind: 'working',
    set: { authorityKeyIdentifier: { keyIdentifier: new Uint8Array(20) } },
  },
  'authority-key-identifier-not-critical': { kind: 'working', flip: ['authorityKeyIdentifier'] },
  'subject-key-identifier-on-authority': {
    kind: 'issuing',
    set: { subjectKeyIdentifier: undefined },
  },
  'subject-key-identifier-on-leaf': { kind: 'working', set: { subjectKeyIdentifier: undefined } },
  'subject-key-identifier-not-critical': { kind: 'working', flip: ['subjectKeyIdentifier'] },
  'key-usage-present': { kind: 'working', set: { keyUsage: undefined } },
  'key-usage-critical': { kind: 'working', flip: ['keyUsage'] },
  'authority-signs-certificates': { kind: 'issuing', set: { keyUsage: ['cRLSign'] } },
  'leaf-signs-no-certificates': {
    kind: 'working',
    set: { keyUsage: ['digitalSignature', 'cRLSign'] },
  },
  'leaf-signs': { kind: 'working', set: { keyUsage: ['nonRepudiation'] } },
  'key-usage-fits-algorithm': {
    kind: 'working',
    set: { keyUsage: ['digitalSignature', 'keyEncipherment'] },
  },
  'extended-key-usage-absent-at-birth': {
    kind: 'birth',
    set: { extKeyUsage: [keyPurposes.clientAuth] },
  },
  'extended-key-usage-fits-kind': {
    kind: 'server',
    set: { extKeyUsage: [keyPurposes.clientAuth] },
  },
  'ocsp-signing-of-responders-alone': {
    kind: 'working',
    set: { extKeyUsage: [keyPurposes.clientAuth, keyPurposes.ocspSigning] },
  },
  'attestation-key-does-nothing-else': {
    kind: 'attestation',
    set: { extKeyUsage: [keyPurposes.tcgAttestationKey, keyPurposes.clientAuth] },
  },
  'no-any-purpose': { kind: 'working', set: { extKeyUsage: [keyPurposes.anyExtendedKeyUsage] } },
  'purposes-within-issuer': {
    kind: 'working',
    issuer: { kind: 'root', set: { extKeyUsage: [keyPurposes.serverAuth] } },
  },
  'authority-has-basic-constraints': { kind: 'issuing', flip: ['basicConstraints'] },
  'leaf-is-no-authority': { kind: 'working', set: { basicConstraints: { ca: true } } },
  'path-length-within-issuer': {
    kind: 'issuing',
    set: { basicConstraints: { ca: true, pathLength: 1 } },
  },
  'issuing-authority-has-path-length': { kind: 'issuing', set: { basicConstraints: { ca: true } } },
  'name-constraints-on-authority': {
    kind: 'working',
    set: {
      nameConstraints: { permitted: [{ base: { kind: 'dns', value: 'example' } }], excluded: [] },
    },
  },
  'name-constraints-critical': {
    kind: 'issuing',
    set: {
      nameConstraints: { permitted: [{ base: { kind: 'dns', value: 'example' } }], excluded: [] },
    },
    flip: ['nameConstraints'],
  },
  'policy-constraints-critical': {
    kind: 'issuing',
    set: { inhibitAnyPolicy: 0 },
    flip: ['inhibitAnyPolicy'],
  },
  'alternative-names-critical-without-subject': {
    kind: 'server',
    tbs: { subject: encodeName([]) },
  },
  'alternative-names-not-critical-beside-subject': { kind: 'server', flip: ['subjectAltName'] },
  'server-has-alternative-names': {
    kind: 'server',
    set: { subjectAltName: [{ kind: 'email', value: 'a@example' }] },
  },
  'dns-name-in-preferred-syntax': {
    kind: 'server',
    set: { subjectAltName: [{ kind: 'dns', value: 'a_b.example' }] },
  },
  'uri-absolute': { kind: 'client', set: { subjectAltName: [{ kind: 'uri', value: '/path' }] } },
  'email-a-mailbox': {
    kind: 'client',
    set: { subjectAltName: [{ kind: 'email', value: 'A <a@example>' }] },
  },
  'hardware-module-name-filled': {
    kind: 'birth',
    set: {
      subjectAltName: [
        { kind: 'hardwareModuleName', hardwareType: oid('1.2.3'), serialNumber: new Uint8Array() },
      ],
    },
  },
  'alternative-names-once': {
    kind: 'server',
    set: {
      subjectAltName: [
        { kind: 'dns', value: 'a.example' },
        { kind: 'dns', value: 'a.example' },
      ],
    },
  },
  'crl-distribution-points-not-critical': { kind: 'working', flip: ['cRLDistributionPoints'] },
  'authority-info-access-not-critical': {
    kind: 'working',
    set: {
      authorityInfoAccess: [
        { method: oid('1.3.6.1.5.5.7.48.2'), location: { kind: 'uri', value: 'http://a' } },
      ],
    },
    flip: ['authorityInfoAccess'],
  },
  'pointers-plain-http': {
    kind: 'working',
    set: {
      cRLDistributionPoints: [{ fullName: [{ kind: 'uri', value: 'https://pki.example/crl' }] }],
    },
  },
  'no-rev-avail-stands-alone': { kind: 'working', set: { noRevAvail: null } },
  'no-rev-avail-not-critical': {
    kind: 'working',
    set: { noRevAvail: null, cRLDistributionPoints: undefined },
    flip: ['noRevAvail'],
  },
  'no-rev-avail-on-leaf': {
    kind: 'issuing',
    set: { noRevAvail: null, cRLDistributionPoints: undefined },
  },
  'ocsp-no-check-on-responder': { kind: 'ocsp', set: { ocspNoCheck: undefined } },
  'ocsp-no-check-of-responders-alone': { kind: 'working', set: { ocspNoCheck: null } },
  'birth-without-end': { kind: 'birth', tbs: { notAfter: at('2046-01-01T00:00:00Z') } },
  'birth-without-distribution-points': {
    kind: 'birth',
    set: {
      cRLDistributionPoints: [{ fullName: [{ kind: 'uri', value: 'http://pki.example/crl/1' }] }],
    },
  },
  'working-at-most-three-years': { kind: 'working', tbs: { notAfter: at('2029-01-05T00:00:00Z') } },
  'signer-at-most-460-days': { kind: 'signer', tbs: { notAfter: at('2027-04-07T00:00:00Z') } },
  'masa-url-at-birth-alone': { kind: 'working', set: { masaUrl: 'masa.example' } },
  'link-between-roots-of-one-name': {
    kind: 'link',
    tbs: { subject: parseNameText('CN=issuing,O=Example') },
  },
  'link-path-length-within-issuer': {
    kind: 'link',
    set: { basicConstraints: { ca: true, pathLength: 2 } },
  },
}

/** Rules that a certificate breaks together with the one that is tried. */
const together: Record<string, readonly string[]> = {
  'key-usage-of-encapsulation': ['issuer-no-weaker-than-key'],
  'tls-purpose-fits-algorithm': ['issuer-no-weaker-than-key'],
  'issuer-named': ['issuer-is-the-signer'],
  'authority-subject-named': ['subject-or-alternative-name'],
  'issuing-authority-has-path-length': ['path-length-within-issuer'],
}

for (const { id, severity, source } of rules)
  test(`${id} finds what breaks it, and nothing else does`, () => {
    const one = breaking[id]
    assert.ok(one, 'no certificate breaks this rule')
    const found = findingsOf(one)
    const finding = found.find(({ rule }) => rule === id)
    assert.equal(finding?.severity, severity)
    assert.equal(finding?.source, source)
    assert.match(finding?.detail ?? '', /^[a-zA-Z"][^\n]*[^.]$/)
    const others = found.map(({ rule }) => rule).filter((rule) => rule !== id)
    assert.deepEqual(others, together[id] ?? [])
  })

test('rule names are unique, and no test is left of a rule that is gone', () => {
  const ids = rules.map(({ id }) => id)
  assert.equal(new Set(ids).size, ids.length)
  assert.deepEqual(
    Object.keys(breaking).filter((id) => !ids.includes(id)),
    [],
  )
})

test('a permanent identifier that names nothing is found too', () => {
  const found = findingsOf({
    kind: 'birth',
    set: { subjectAltName: [{ kind: 'permanentIdentifier' }] },
  })
  assert.deepEqual(
    found.map(({ rule }) => rule),
    ['hardware-module-name-filled'],
  )
})

test('a leaf that nobody issued is found', () => {
  const found = findingsOf({ kind: 'working', issuer: 'none' })
  assert.ok(found.some(({ rule }) => rule === 'issuer-may-sign'))
})

for (const { name, postQuantum, uses, signsWith } of Object.values(keyAlgorithms)) {
  test(`nothing is found in a right key of ${name}`, async () => {
    const { publicKey } = await generateKey(name)
    const found = findingsOf({
      kind: uses.includes('tls') ? 'client' : 'signer',
      tbs: { publicKey: publicKey.spki },
      ...(signsWith === null && { set: { keyUsage: ['keyEncipherment'] } }),
    })
    assert.deepEqual(
      found.map(({ rule }) => rule),
      // Its issuer here has a P-256 key.
      postQuantum ? ['issuer-no-weaker-than-key'] : [],
    )
  })

  if (uses.includes('tls')) continue
  test(`a ${name} key is found in a certificate for tls`, async () => {
    const { publicKey } = await generateKey(name)
    for (const kind of ['server', 'client', 'working'] as const) {
      const found = findingsOf({ kind, tbs: { publicKey: publicKey.spki } })
      assert.ok(
        found.some(({ rule }) => rule === 'tls-purpose-fits-algorithm'),
        kind,
      )
    }
  })
}

test('a key that withstands quantum computers is not found under one that does, and is no weaker', async () => {
  const [device, equal, weaker] = await Promise.all(
    (['ml-dsa-65', 'slh-dsa-sha2-192f', 'ml-dsa-44'] as const).map((name) => generateKey(name)),
  )
  const under = (above: typeof equal) =>
    findingsOf({
      kind: 'working',
      tbs: { publicKey: device!.publicKey.spki },
      issuer: {
        kind: 'root',
        tbs: {
          publicKey: above!.publicKey.spki,
          notBefore: at('2026-01-01T00:00:00Z'),
        },
        set: { basicConstraints: { ca: true, pathLength: 0 } },
      },
    }).map(({ rule }) => rule)
  // Only the signature algorithm of these made-up bytes is not the issuer's.
  assert.deepEqual(under(equal), ['signature-algorithm-fits-issuer'])
  assert.deepEqual(under(weaker), ['signature-algorithm-fits-issuer', 'issuer-no-weaker-than-key'])
})

test('an rsa-pss key that would encipher is found', async () => {
  const { publicKey } = await generateKey('rsa-pss-3072')
  const found = findingsOf({
    kind: 'client',
    tbs: { publicKey: publicKey.spki },
    set: { keyUsage: ['digitalSignature', 'keyEncipherment'] },
  })
  assert.deepEqual(
    found.map(({ rule }) => rule),
    ['key-usage-fits-algorithm'],
  )
})

test('an rsa key of 2048 bits is found when the certificate outlives 2030', async () => {
  const { publicKey } = await generateKey('rsa-2048')
  const found = findingsOf({
    kind: 'client',
    tbs: { publicKey: publicKey.spki, notAfter: at('2031-01-01T00:00:00Z') },
  })
  assert.deepEqual(
    found.map(({ rule }) => rule),
    ['ends-before-algorithm-sunset'],
  )
})

test('a point of the wrong length is found', () => {
  const found = findingsOf({ kind: 'working', tbs: { publicKey: spkiOf('short') } })
  assert.ok(found.some(({ rule }) => rule === 'public-key-of-its-size'))
})

test('what does not parse is one finding, and nothing throws', () => {
  const seed = randomInt(2 ** 31)
  const whole = toBeSigned({ kind: 'server' })
  const issuer = issuerOf({ kind: 'server' })
  let broken = 0
  for (let round = 0; round < 5000; round++) {
    const bytes = Uint8Array.from(whole)
    const step = Math.imul(seed ^ round, 2654435761) >>> 0
    bytes[step % bytes.length]! ^= 1 << (step >>> 29)
    const found = lintCertificate(bytes, issuer, 'server')
    if (found.some(({ rule }) => rule === parseRule.id)) {
      broken++
      assert.equal(found.length, 1, `seed ${seed}, round ${round}`)
    }
  }
  assert.ok(broken > 500)
  for (const bytes of [new Uint8Array(), whole.subarray(1), whole.subarray(0, -1)])
    assert.equal(lintCertificate(bytes, issuer, 'server')[0]?.rule, parseRule.id)
})

test('docs/conformance/lint.md is made from the table of rules', () => {
  assert.equal(readFileSync('docs/conformance/lint.md', 'utf8'), lintDocument())
})
