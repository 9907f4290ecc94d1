// SPDX-License-Identifier: Apache-2.0
import assert from 'node:assert/strict'
import { generateKeyPairSync } from 'node:crypto'
import { test } from 'node:test'
import { encodeSigned, encodeTbsCertificate, parseCertificate } from '#format/x509/certificate.ts'
import { encodeRevoked, encodeTbsCrl, type TbsCrl } from '#format/x509/crl.ts'
import { type Extension, encodeExtension } from '#format/x509/extension.ts'
import { parseNameText } from '#format/x509/name.ts'
import { signatureAlgorithms } from '#trust/algorithms.ts'
import { type CrlKind, crlKinds, crlRules } from './crl-rules.ts'
import { crlEntriesRule, crlParseRule, lintCrl, lintEntries } from './lint-crl.ts'

const now = Temporal.Instant.from('2026-01-02T00:00:00Z')
const algorithm = signatureAlgorithms['ecdsa-sha256'].identifier
const name = parseNameText('CN=Issuing,O=Example')
const keyIdentifier = new Uint8Array(20).fill(7)
const { publicKey } = generateKeyPairSync('ec', { namedCurve: 'P-256' })

function issuerWith(keyUsage: readonly ('keyCertSign' | 'cRLSign')[]) {
  const toBeSigned = encodeTbsCertificate({
    ...{ serialNumber: new Uint8Array(16).fill(0x42), signatureAlgorithm: algorithm },
    ...{ issuer: parseNameText('CN=Root'), subject: name },
    ...{ notBefore: now.subtract({ hours: 24 }), notAfter: now.add({ hours: 24 * 30 }) },
    publicKey: Uint8Array.from(publicKey.export({ format: 'der', type: 'spki' })),
    extensions: [
      encodeExtension('subjectKeyIdentifier', keyIdentifier),
      encodeExtension('basicConstraints', { ca: true, pathLength: 0 }),
      encodeExtension('keyUsage', keyUsage),
    ],
  })
  return parseCertificate(encodeSigned(toBeSigned, algorithm, new Uint8Array(8)))
}

const issuer = issuerWith(['keyCertSign', 'cRLSign'])
const fullName = [{ kind: 'uri', value: 'http://pki.example/crl/a/1.crl' }] as const
const common = [
  encodeExtension('authorityKeyIdentifier', { keyIdentifier }),
  encodeExtension('cRLNumber', 7n),
]
const own: Record<CrlKind, Extension> = {
  full: encodeExtension('freshestCRL', [{ fullName }]),
  delta: encodeExtension('deltaCRLIndicator', 6n),
  shard: encodeExtension('issuingDistributionPoint', { fullName }),
}
const usual: TbsCrl = {
  ...{ signatureAlgorithm: algorithm, issuer: name, revoked: [] },
  ...{ thisUpdate: now, nextUpdate: now.add({ hours: 24 }), extensions: common },
}

interface Case {
  readonly kind: CrlKind
  readonly tbs?: Partial<TbsCrl>
  /** In the place of the one that its kind has. */
  readonly with?: readonly Extension[]
  readonly issuer?: typeof issuer
}

function found({ kind, tbs, with: extensions = [own[kind]], ...more }: Case): readonly string[] {
  const whole = { ...usual, extensions: [...common, ...extensions], ...tbs }
  return lintCrl(encodeTbsCrl(whole), more.issuer ?? issuer, kind).map(({ rule }) => rule)
}

test('nothing is found in a right list of any kind', () => {
  for (const kind of crlKinds) assert.deepEqual(found({ kind }), [], kind)
  assert.deepEqual(found({ kind: 'full', with: [] }), [])
})

const rsa = signatureAlgorithms['rsa-sha256'].identifier
const [aki, number] = common as [Extension, Extension]

/** For each rule lists that break it, and nothing else. */
const breaking: Record<string, readonly Case[]> = {
  'crl-signature-algorithm-of-issuer': [{ kind: 'full', tbs: { signatureAlgorithm: rsa } }],
  'crl-issuer-is-the-signer': [{ kind: 'shard', tbs: { issuer: parseNameText('CN=issuing') } }],
  'crl-issuer-may-sign': [{ kind: 'shard', issuer: issuerWith(['keyCertSign']) }],
  'crl-times-in-order': [{ kind: 'full', tbs: { nextUpdate: now } }],
  'crl-ends-within-issuer': [{ kind: 'full', tbs: { nextUpdate: now.add({ hours: 24 * 31 }) } }],
  'crl-extensions-known': [
    { kind: 'shard', with: [own.shard, own.full] },
    { kind: 'full', with: [own.shard] },
    { kind: 'delta', with: [own.delta, own.full] },
  ],
  'crl-criticality': [
    { kind: 'shard', with: [encodeExtension('issuingDistributionPoint', { fullName }, false)] },
    { kind: 'delta', with: [encodeExtension('deltaCRLIndicator', 6n, false)] },
    { kind: 'full', with: [encodeExtension('freshestCRL', [{ fullName }], true)] },
  ],
  'crl-authority-key-identifier': [
    { kind: 'full', tbs: { extensions: [number] } },
    {
      kind: 'full',
      tbs: {
        extensions: [
          encodeExtension('authorityKeyIdentifier', { keyIdentifier: new Uint8Array(20) }),
          number,
        ],
      },
    },
  ],
  'crl-number': [
    { kind: 'full', tbs: { extensions: [aki] } },
    { kind: 'full', tbs: { extensions: [aki, encodeExtension('cRLNumber', 0n)] } },
  ],
  'crl-delta-names-its-base': [
    { kind: 'delta', with: [] },
    { kind: 'delta', with: [encodeExtension('deltaCRLIndicator', 8n)] },
  ],
  'crl-shard-names-its-point': [
    { kind: 'shard', with: [] },
    {
      kind: 'shard',
      with: [
        encodeExtension('issuingDistributionPoint', { fullName, onlyContainsUserCerts: true }),
      ],
    },
    {
      kind: 'shard',
      with: [encodeExtension('issuingDistributionPoint', { fullName: [...fullName, ...fullName] })],
    },
    { kind: 'shard', with: [encodeExtension('issuingDistributionPoint', { indirectCRL: true })] },
  ],
  'crl-freshest-is-one-address': [
    { kind: 'full', with: [encodeExtension('freshestCRL', [{ fullName }, { fullName }])] },
  ],
}

for (const { id } of crlRules)
  test(`${id} is found where it is broken`, () => {
    const cases = breaking[id] ?? assert.fail('no list breaks it')
    for (const one of cases) assert.deepEqual(found(one), [id])
  })

test('what does not parse says nothing else', () => {
  const whole = encodeTbsCrl(usual)
  for (const bytes of [whole.subarray(1), whole.subarray(0, -1), new Uint8Array()])
    assert.deepEqual(
      lintCrl(bytes, issuer, 'full').map(({ rule }) => rule),
      [crlParseRule.id],
    )
})

test('entries are counted, and the first that is not plain is told', () => {
  const serialNumber = Uint8Array.of(1, 2)
  const piece = encodeRevoked([
    { serialNumber, revokedAt: now },
    { serialNumber, revokedAt: now, reason: 8 },
  ])
  assert.deepEqual(lintEntries(piece, 'delta'), { count: 2 })
  for (const kind of ['full', 'shard'] as const) {
    const { count, finding } = lintEntries(piece, kind)
    assert.deepEqual([count, finding?.rule], [1, crlEntriesRule.id])
  }
  const more = [encodeExtension('invalidityDate', now)]
  const strange = encodeRevoked([{ serialNumber, revokedAt: now, extensions: more }])
  assert.equal(lintEntries(strange, 'full').finding?.rule, crlEntriesRule.id)
})
