// SPDX-License-Identifier: Apache-2.0
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { limits } from '#format/der/budget.ts'
import { oid, parseOidText } from '#format/der/oid.ts'
import { readDer } from '#format/der/reader.ts'
import { encodeDer } from '#format/der/writer.ts'
import type { FormatCode } from '#format/format-error.ts'
import { extensionCodecs } from '#format/x509/extensions/table.ts'
import {
  type Extension,
  type ExtensionName,
  type ExtensionValues,
  encodeExtension,
  isCritical,
  readExtension,
  readExtensions,
  type UnknownCritical,
  writeExtensions,
} from './extension.ts'
import type { GeneralName } from './general-name.ts'
import { parseNameText } from './name.ts'

const names: readonly GeneralName[] = [
  { kind: 'dns', value: 'pump.example.com' },
  { kind: 'email', value: 'pump@example.com' },
  { kind: 'uri', value: 'urn:example:1' },
  { kind: 'ip', bytes: new Uint8Array([192, 0, 2, 1]) },
  { kind: 'ip', bytes: new Uint8Array(16) },
  { kind: 'directory', name: parseNameText('CN=a,O=b') },
  { kind: 'registeredId', oid: parseOidText('1.2.3') },
  { kind: 'other', type: parseOidText('1.2.3.4'), value: Uint8Array.fromHex('0c0161') },
  {
    kind: 'hardwareModuleName',
    hardwareType: parseOidText('1.2.9'),
    serialNumber: new Uint8Array([0, 255]),
  },
  { kind: 'permanentIdentifier', identifier: 'a', assigner: parseOidText('1.2.8') },
  { kind: 'permanentIdentifier', identifier: 'a' },
  { kind: 'permanentIdentifier', assigner: parseOidText('1.2.8') },
  { kind: 'permanentIdentifier' },
]
const uri = [{ kind: 'uri', value: 'http://example.com/1' }] as const
const policy = parseOidText('1.2.3.4')

/** Values that between them reach every branch of every codec. */
const values: { readonly [N in ExtensionName]: readonly ExtensionValues[N][] } = {
  authorityInfoAccess: [[{ method: policy, location: uri[0] }]],
  authorityKeyIdentifier: [
    {},
    { keyIdentifier: new Uint8Array(20) },
    { keyIdentifier: new Uint8Array([1]), issuer: names, serialNumber: new Uint8Array([0, 0x80]) },
  ],
  basicConstraints: [
    { ca: false },
    { ca: true },
    { ca: true, pathLength: 0 },
    { ca: true, pathLength: 300 },
  ],
  cRLDistributionPoints: [
    [{ fullName: uri }],
    [
      { fullName: uri, reasons: ['keyCompromise', 'aACompromise'], crlIssuer: names },
      { fullName: [], crlIssuer: names },
    ],
  ],
  cRLNumber: [0n, 127n, 128n, 2n ** 150n],
  cRLReason: [0, 1, 10],
  certificateIssuer: [names],
  certificatePolicies: [
    [{ oid: policy }],
    [{ oid: policy, cps: ['http://a', 'http://b'] }, { oid: oid('2.5.29.32.0') }],
    [
      {
        oid: policy,
        notices: [
          {},
          { text: 'ä' },
          { organization: 'o', noticeNumbers: [1, 200] },
          { organization: 'o', noticeNumbers: [], text: 't' },
        ],
      },
    ],
  ],
  deltaCRLIndicator: [5n],
  extKeyUsage: [[policy, oid('1.3.6.1.5.5.7.3.2')]],
  freshestCRL: [[{ fullName: uri }]],
  inhibitAnyPolicy: [0, 300],
  invalidityDate: [
    Temporal.Instant.from('2026-01-01T00:00:00Z'),
    Temporal.Instant.from('2060-01-01T00:00:00Z'),
  ],
  issuerAltName: [names],
  issuingDistributionPoint: [
    { fullName: uri },
    { onlyContainsUserCerts: true },
    { onlyContainsCACerts: true, onlySomeReasons: ['keyCompromise'], indirectCRL: true },
    { onlyContainsAttributeCerts: true },
  ],
  keyUsage: [['digitalSignature'], ['keyCertSign', 'cRLSign'], ['keyAgreement', 'decipherOnly']],
  masaUrl: ['masa.example.com'],
  mudUrl: ['https://example.com/mud'],
  nameConstraints: [
    { permitted: [{ base: { kind: 'dns', value: '' } }], excluded: [] },
    {
      permitted: [],
      excluded: [
        { base: { kind: 'ip', bytes: new Uint8Array(8) } },
        { base: { kind: 'ip', bytes: new Uint8Array(32) } },
      ],
    },
  ],
  noRevAvail: [null],
  ocspNoCheck: [null],
  policyConstraints: [
    { requireExplicitPolicy: 0 },
    { inhibitPolicyMapping: 1 },
    { requireExplicitPolicy: 200, inhibitPolicyMapping: 0 },
  ],
  policyMappings: [[{ issuerDomainPolicy: policy, subjectDomainPolicy: parseOidText('1.2.5') }]],
  subjectAltName: [names],
  subjectInfoAccess: [[{ method: policy, location: uri[0] }]],
  subjectKeyIdentifier: [new Uint8Array(20)],
  tlsFeature: [[5], [5, 17]],
}

function parse(extensions: readonly Extension[], unknownCritical: UnknownCritical = 'refuse') {
  const der = encodeDer((writer) => writeExtensions(writer, extensions))
  return readDer(der, limits.small, (reader) => readExtensions(reader, unknownCritical))
}

function checkInverse<N extends ExtensionName>(name: N): void {
  for (const value of values[name]) {
    const extension = encodeExtension(name, value)
    assert.deepEqual(parse([extension]), [extension])
    const read = readExtension([extension], name)
    if (value instanceof Temporal.Instant) assert.ok(value.equals(String(read)))
    else assert.deepEqual(read, value)
  }
}

for (const name of Object.keys(extensionCodecs) as ExtensionName[])
  test(`${name} is read as it was written`, () => checkInverse(name))

test("criticality is the table's unless given", () => {
  const extensions = [
    encodeExtension('keyUsage', ['cRLSign']),
    encodeExtension('extKeyUsage', [policy], true),
    encodeExtension('noRevAvail', null),
  ]
  assert.deepEqual(
    (['keyUsage', 'extKeyUsage', 'noRevAvail', 'masaUrl'] as const).map((name) =>
      isCritical(extensions, name),
    ),
    [true, true, false, false],
  )
  assert.equal(readExtension(extensions, 'masaUrl'), undefined)
})

const stranger = { oid: parseOidText('1.2.3.4.5.6'), value: new Uint8Array([0xde, 0xad]) }

test('a stranger is kept as bytes, refused if critical, kept if asked for', () => {
  const critical = { ...stranger, critical: true }
  assert.deepEqual(parse([{ ...stranger, critical: false }]), [{ ...stranger, critical: false }])
  assert.deepEqual(parse([critical], 'keep'), [critical])
  assert.throws(() => parse([critical]), { code: 'extension-unknown-critical', offset: 2 })
})

test('an extension stands once', () => {
  const once = encodeExtension('subjectKeyIdentifier', new Uint8Array(4))
  assert.throws(() => parse([once, once]), { code: 'extension-duplicate', offset: 2 + 15 })
  const two = { ...stranger, critical: false }
  assert.throws(() => parse([two, two]), { code: 'extension-duplicate' })
})

test('there is at least one extension', () =>
  assert.throws(() => parse([]), { code: 'element-missing' }))

const refusals: readonly (readonly [string, ExtensionName, string, FormatCode])[] = [
  ['cA FALSE written', 'basicConstraints', '3003010100', 'default-encoded'],
  ['a path length without cA', 'basicConstraints', '3003020100', 'value-not-allowed'],
  ['a negative path length', 'basicConstraints', '30060101ff0201ff', 'value-not-allowed'],
  ['bytes after basic constraints', 'basicConstraints', '30000500', 'trailing-bytes'],
  ['key usage without use', 'keyUsage', '030100', 'value-not-allowed'],
  ['key usage with trailing zeros', 'keyUsage', '03020080', 'bit-string-malformed'],
  ['no purpose', 'extKeyUsage', '3000', 'element-missing'],
  ['no name', 'subjectAltName', '3000', 'element-missing'],
  ['an address of five octets', 'subjectAltName', '300787050102030405', 'value-not-allowed'],
  [
    'a mask outside name constraints',
    'subjectAltName',
    '300a87080102030405060708',
    'value-not-allowed',
  ],
  ['an x400Address', 'subjectAltName', '3002a300', 'tag-not-expected'],
  ['an ediPartyName', 'subjectAltName', '3002a500', 'tag-not-expected'],
  ['a dNSName with NUL', 'subjectAltName', '30058203610062', 'string-characters'],
  ['a dNSName beyond IA5', 'subjectAltName', '30038201e4', 'string-characters'],
  ['a serial without its issuer', 'authorityKeyIdentifier', '3003820101', 'element-missing'],
  ['a policy twice', 'certificatePolicies', '300a300306012a300306012a', 'value-not-allowed'],
  [
    'an unknown qualifier',
    'certificatePolicies',
    '300c300a06012a3005300306012a',
    'value-not-allowed',
  ],
  ['empty policy constraints', 'policyConstraints', '3000', 'element-missing'],
  ['empty name constraints', 'nameConstraints', '3000', 'element-missing'],
  ['an empty list of subtrees', 'nameConstraints', '3002a000', 'element-missing'],
  ['minimum 0 written', 'nameConstraints', '300aa0083006820161800100', 'default-encoded'],
  ['a minimum', 'nameConstraints', '300aa0083006820161800101', 'value-not-allowed'],
  ['a maximum', 'nameConstraints', '300aa0083006820161810101', 'value-not-allowed'],
  [
    'an address without mask in name constraints',
    'nameConstraints',
    '300aa0083006870401020304',
    'value-not-allowed',
  ],
  ['an empty distribution point', 'cRLDistributionPoints', '30023000', 'element-missing'],
  ['a point with reasons only', 'cRLDistributionPoints', '3006300481020640', 'element-missing'],
  [
    'a name relative to the issuer',
    'cRLDistributionPoints',
    '30063004a002a100',
    'value-not-allowed',
  ],
  ['an empty issuing distribution point', 'issuingDistributionPoint', '3000', 'element-missing'],
  [
    'FALSE in an issuing distribution point',
    'issuingDistributionPoint',
    '3003810100',
    'default-encoded',
  ],
  ['noRevAvail with content', 'noRevAvail', '050100', 'value-not-allowed'],
  ['a negative CRL number', 'cRLNumber', '0201ff', 'value-not-allowed'],
  ['a CRL number of 21 octets', 'cRLNumber', `0215${'01'.repeat(21)}`, 'value-not-allowed'],
  ['reason 7', 'cRLReason', '0a0107', 'value-not-allowed'],
  ['reason 11', 'cRLReason', '0a010b', 'value-not-allowed'],
  [
    'an invalidity date in UTCTime',
    'invalidityDate',
    '170d3236303130313030303030305a',
    'tag-not-expected',
  ],
  ['a MASA URL in UTF8String', 'masaUrl', '0c0161', 'tag-not-expected'],
  [
    'a notice in PrintableString',
    'certificatePolicies',
    '301830160601' + '2a3011300f06082b060105050702023003130161',
    'string-type-wrong',
  ],
]

for (const [rule, name, hex, code] of refusals)
  test(`refuses ${rule}`, () => {
    const { oid: type, critical } = extensionCodecs[name]
    const value = Uint8Array.fromHex(hex)
    assert.throws(() => parse([{ oid: type, critical, value }]), { code })
    assert.throws(() => readExtension([{ oid: type, critical, value }], name), { code })
  })
