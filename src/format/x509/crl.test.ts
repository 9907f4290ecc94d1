// SPDX-License-Identifier: Apache-2.0
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { encodeDer } from '#format/der/writer.ts'
import { algorithms } from '#format/oids.ts'
import { encodeAlgorithmIdentifier } from './algorithm-identifier.ts'
import { encodeSigned } from './certificate.ts'
import { encodeTbsCrl, parseCrl, type TbsCrl } from './crl.ts'
import { encodeExtension, readExtension } from './extension.ts'
import { parseNameText } from './name.ts'

const algorithm = encodeAlgorithmIdentifier(algorithms.ecdsaWithSha256)
const now = Temporal.Instant.from('2026-01-01T00:00:00Z')
const tbs: TbsCrl = {
  signatureAlgorithm: algorithm,
  issuer: parseNameText('CN=a'),
  thisUpdate: now,
  nextUpdate: now.add({ hours: 24 }),
  revoked: [],
  extensions: [encodeExtension('cRLNumber', 7n)],
}
const signed = (crl: Partial<TbsCrl>) =>
  encodeSigned(encodeTbsCrl({ ...tbs, ...crl }), algorithm, new Uint8Array(8))

test('a list is read as it was written, as often as one looks', () => {
  const serialNumber = new Uint8Array([1, 2, 3])
  const revoked = [
    { serialNumber, revokedAt: now, reason: 1 },
    { serialNumber: new Uint8Array([4]), revokedAt: now, reason: 0 },
    { serialNumber: new Uint8Array([5]), revokedAt: now },
  ]
  const crl = parseCrl(signed({ revoked }))
  assert.equal(crl.revokedCount, 3)
  for (let time = 0; time < 2; time++)
    assert.deepEqual(
      [...crl.revoked].map(({ reason }) => reason),
      [1, undefined, undefined],
    )
  assert.deepEqual([...crl.revoked][0]?.serialNumber, serialNumber)
  assert.equal(readExtension(crl.extensions, 'cRLNumber'), 7n)
  assert.deepEqual(encodeTbsCrl(crl), crl.tbs)
})

test('an empty list is left out', () => {
  const crl = parseCrl(signed({}))
  assert.deepEqual([...crl.revoked], [])
  assert.equal(crl.revokedCount, 0)
  assert.deepEqual(encodeTbsCrl(crl), crl.tbs)
})

test('all extensions of an entry are kept', () => {
  const extensions = [encodeExtension('cRLReason', 4), encodeExtension('invalidityDate', now)]
  const crl = parseCrl(
    signed({ revoked: [{ serialNumber: new Uint8Array([1]), revokedAt: now, extensions }] }),
  )
  assert.deepEqual([...crl.revoked][0]?.extensions, extensions)
  assert.equal([...crl.revoked][0]?.reason, 4)
})

test('writes no reason that does not exist', () => {
  for (const reason of [7, 11, -1, 1.5])
    assert.throws(
      () => signed({ revoked: [{ serialNumber: new Uint8Array([1]), revokedAt: now, reason }] }),
      {
        code: 'value-not-allowed',
      },
    )
})

test('refuses lists that RFC 5280 does not allow', () => {
  const list = (version: string, updates: string, entries: string) =>
    encodeSigned(
      encodeDer((writer) => {
        writer.sequence(() => {
          for (const part of [
            version,
            algorithm.der.toHex(),
            tbs.issuer.der.toHex(),
            updates,
            entries,
          ])
            writer.raw(Uint8Array.fromHex(part))
        })
      }),
      algorithm,
      new Uint8Array(8),
    )
  const time = '170d3236303130313030303030305a'
  assert.doesNotThrow(() => parseCrl(list('020101', time + time, '')))
  for (const [version, updates, entries, code] of [
    ['', time + time, '', 'version-unknown'],
    ['020100', time + time, '', 'version-unknown'],
    ['020102', time + time, '', 'version-unknown'],
    ['020101', time, '', 'element-missing'],
    ['020101', time + time, '3000', 'element-missing'],
    ['020101', time + time, `30143012020100${time}`, 'serial-number-wrong'],
    ['020101', time + time, `30163014020101${time}3000`, 'element-missing'],
    ['020101', time + time, `30213020020101${time}`, 'truncated'],
    [
      '020101',
      time + time,
      `30233021020101${time}300d300b06022a030101ff04020500`,
      'extension-unknown-critical',
    ],
  ] as const)
    assert.throws(() => parseCrl(list(version, updates, entries)), { code })
})
