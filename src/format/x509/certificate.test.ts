// SPDX-License-Identifier: Apache-2.0
import assert from 'node:assert/strict'
import { generateKeyPairSync, sign, X509Certificate } from 'node:crypto'
import { test } from 'node:test'
import { limits } from '#format/der/budget.ts'
import { parseOidText } from '#format/der/oid.ts'
import { tag } from '#format/der/tag.ts'
import { noWellDefinedEnd } from '#format/der/time.ts'
import { encodeDer } from '#format/der/writer.ts'
import type { FormatCode } from '#format/format-error.ts'
import { algorithms } from '#format/oids.ts'
import { encodeAlgorithmIdentifier } from './algorithm-identifier.ts'
import {
  encodeSigned,
  encodeTbsCertificate,
  parseCertificate,
  type TbsCertificate,
} from './certificate.ts'
import { encodeExtension } from './extension.ts'
import { formatName, parseNameText, sameName } from './name.ts'

const keys = generateKeyPairSync('ec', { namedCurve: 'P-256' })
const publicKey = new Uint8Array(keys.publicKey.export({ format: 'der', type: 'spki' }))
const algorithm = encodeAlgorithmIdentifier(algorithms.ecdsaWithSha256)
const name = parseNameText('CN=PUMP-0001,O=Example,C=DE')
const tbs: TbsCertificate = {
  serialNumber: new Uint8Array([0, 0x80]),
  signatureAlgorithm: algorithm,
  issuer: name,
  notBefore: Temporal.Instant.from('2026-01-01T00:00:00Z'),
  notAfter: noWellDefinedEnd,
  subject: name,
  publicKey,
  extensions: [encodeExtension('basicConstraints', { ca: true })],
}

test('a certificate is read as it was written, by Node too', () => {
  const toBeSigned = encodeTbsCertificate(tbs)
  const signature = new Uint8Array(sign('sha256', toBeSigned, keys.privateKey))
  const der = encodeSigned(toBeSigned, algorithm, signature)
  const certificate = parseCertificate(der)
  assert.deepEqual({ ...certificate.tbs }, { ...toBeSigned })
  assert.deepEqual(certificate.der, der)
  assert.deepEqual(certificate.serialNumber, tbs.serialNumber)
  assert.ok(sameName(certificate.issuer, name))
  assert.equal(formatName(certificate.subject), 'CN=PUMP-0001,O=Example,C=DE')
  assert.ok(
    certificate.notBefore.equals(tbs.notBefore) && certificate.notAfter.equals(noWellDefinedEnd),
  )
  assert.deepEqual(certificate.publicKey.der, publicKey)
  assert.deepEqual(certificate.extensions, tbs.extensions)
  assert.deepEqual(certificate.signature, signature)
  assert.deepEqual(
    encodeTbsCertificate({ ...certificate, publicKey: certificate.publicKey.der }),
    toBeSigned,
  )
  const node = new X509Certificate(der)
  assert.ok(node.verify(keys.publicKey))
  assert.equal(node.serialNumber, '80')
})

/** The parts of a certificate in hexadecimal, each of which a test may replace. */
interface Parts {
  readonly version: string
  readonly serialNumber: string
  readonly inside: string
  readonly notBefore: string
  readonly notAfter: string
  readonly subject: string
  readonly afterKey: string
  readonly outside: string
  readonly signature: string
  readonly after: string
}

const right: Parts = {
  version: 'a003020102',
  serialNumber: '020101',
  inside: algorithm.der.toHex(),
  notBefore: '170d3236303130313030303030305a',
  notAfter: '170d3237303130313030303030305a',
  subject: name.der.toHex(),
  afterKey: '',
  outside: algorithm.der.toHex(),
  signature: '03020001',
  after: '',
}

function certificateOf(changed: Partial<Parts>): Uint8Array {
  const parts = { ...right, ...changed }
  const raw = (hex: string) => Uint8Array.fromHex(hex)
  return encodeDer((writer) => {
    writer.sequence(() => {
      writer.sequence(() => {
        for (const hex of [parts.version, parts.serialNumber, parts.inside]) writer.raw(raw(hex))
        writer.raw(name.der)
        writer.sequence(() => {
          writer.raw(raw(parts.notBefore))
          writer.raw(raw(parts.notAfter))
        })
        writer.raw(raw(parts.subject))
        writer.raw(publicKey)
        writer.raw(raw(parts.afterKey))
      })
      for (const hex of [parts.outside, parts.signature, parts.after]) writer.raw(raw(hex))
    })
  })
}

test('the certificate of the refusals is right before it is changed', () => {
  assert.doesNotThrow(() => parseCertificate(certificateOf({})))
  assert.doesNotThrow(() =>
    parseCertificate(certificateOf({ serialNumber: `0214${'7f'.repeat(20)}` })),
  )
})

const refusals: readonly (readonly [string, Partial<Parts>, FormatCode])[] = [
  ['version 1, left out', { version: '' }, 'version-unknown'],
  ['version 1, written', { version: 'a003020100' }, 'default-encoded'],
  ['version 2', { version: 'a003020101' }, 'version-unknown'],
  ['version 4', { version: 'a003020103' }, 'version-unknown'],
  ['two versions in one', { version: 'a006020102020102' }, 'trailing-bytes'],
  ['serial number 0', { serialNumber: '020100' }, 'serial-number-wrong'],
  ['a negative serial number', { serialNumber: '020180' }, 'serial-number-wrong'],
  [
    'a serial number of 21 octets',
    { serialNumber: `0215${'7f'.repeat(21)}` },
    'serial-number-wrong',
  ],
  ['a padded serial number', { serialNumber: '02020001' }, 'integer-malformed'],
  [
    'another algorithm outside',
    { outside: '300a06082a8648ce3d040303' },
    'signature-algorithm-differs',
  ],
  [
    'other parameters outside',
    { outside: '300c06082a8648ce3d0403020500' },
    'signature-algorithm-differs',
  ],
  ['two parameters', { inside: '300e06082a8648ce3d04030205000500' }, 'trailing-bytes'],
  ['a time without seconds', { notBefore: '170b323630313031303030305a' }, 'time-malformed'],
  [
    'GeneralizedTime before 2050',
    { notAfter: '180f32303237303130313030303030305a' },
    'time-type-wrong',
  ],
  ['a time that is a string', { notAfter: '130d3237303130313030303030305a' }, 'tag-not-expected'],
  ['three times', { notAfter: '170d3237303130313030303030305a0500' }, 'trailing-bytes'],
  ['a subject that is no sequence', { subject: '3100' }, 'tag-not-expected'],
  ['an issuer unique identifier', { afterKey: '81020001' }, 'tag-not-expected'],
  ['an empty list of extensions', { afterKey: 'a3023000' }, 'element-missing'],
  [
    'extensions twice',
    { afterKey: 'a30f300d300b0603551d0e040404020101'.repeat(2) },
    'trailing-bytes',
  ],
  [
    'an unknown critical extension',
    { afterKey: 'a30f300d300b06022a030101ff04020500' },
    'extension-unknown-critical',
  ],
  ['critical FALSE', { afterKey: 'a30f300d300b06022a0301010004020500' }, 'default-encoded'],
  ['a signature of half octets', { signature: '03020110' }, 'bit-string-malformed'],
  ['bytes after the signature', { after: '0500' }, 'trailing-bytes'],
  [
    'a NULL with content in parameters of an unknown algorithm',
    { inside: '300706022a03010102', outside: '' },
    'boolean-not-canonical',
  ],
]

for (const [rule, changed, code] of refusals)
  test(`refuses ${rule}`, () =>
    assert.throws(() => parseCertificate(certificateOf(changed)), { code }))

test('keeps an unknown critical extension if asked to', () => {
  const der = certificateOf({ afterKey: 'a30f300d300b06022a030101ff04020500' })
  const [extension] = parseCertificate(der, { unknownCritical: 'keep' }).extensions
  assert.deepEqual(extension, { oid: '1.2.3', critical: true, value: new Uint8Array([5, 0]) })
})

test('refuses bytes before and after', () => {
  const der = certificateOf({})
  assert.throws(() => parseCertificate(new Uint8Array([...der, 0])), {
    code: 'trailing-bytes',
    offset: der.length,
  })
  assert.throws(() => parseCertificate(new Uint8Array(limits.certificate.maxBytes + 1)), {
    code: 'too-large',
  })
})

test('writes no serial number that it would not read', () => {
  for (const [hex, code] of [
    ['00', 'serial-number-wrong'],
    ['80', 'serial-number-wrong'],
    ['01'.repeat(21), 'serial-number-wrong'],
    ['', 'integer-malformed'],
    ['0001', 'integer-malformed'],
  ] as const)
    assert.throws(() => encodeTbsCertificate({ ...tbs, serialNumber: Uint8Array.fromHex(hex) }), {
      code,
    })
})

test('a foreign string type of the subject is named with its place', () => {
  const subject = encodeDer((writer) => {
    writer.sequence(() => {
      writer.constructed(tag.set, () => {
        writer.sequence(() => {
          writer.oid(parseOidText('2.5.4.3'))
          writer.octets(new Uint8Array([0x61]), tag.teletexString)
        })
      })
    })
  })
  const der = certificateOf({ subject: subject.toHex() })
  assert.throws(
    () => parseCertificate(der),
    (error: { code: string; offset: number }) => {
      assert.equal(error.code, 'string-type-wrong')
      assert.equal(der[error.offset], tag.teletexString)
      return true
    },
  )
})
