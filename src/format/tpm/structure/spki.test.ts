// SPDX-License-Identifier: Apache-2.0
import assert from 'node:assert/strict'
import { createPublicKey, generateKeyPairSync } from 'node:crypto'
import { test } from 'node:test'
import { parseSubjectPublicKeyInfo } from '#format/x509/public-key.ts'
import { endorsementTemplates } from '#trust/tpm/templates.ts'
import { encodePublic, parsePublic, type TpmPublic } from './public.ts'
import { encodeSpki, padCoordinate, publicFromSpki } from './spki.ts'

const ecc = endorsementTemplates['p-256-low'].public as TpmPublic
const rsa = endorsementTemplates['rsa-2048-low'].public as TpmPublic

function spkiOf(type: 'ec' | 'rsa', size: { namedCurve?: string; modulusLength?: number }) {
  const { publicKey } =
    type === 'ec'
      ? generateKeyPairSync('ec', { namedCurve: size.namedCurve ?? 'P-256' })
      : generateKeyPairSync('rsa', { modulusLength: size.modulusLength ?? 2048 })
  return parseSubjectPublicKeyInfo(
    new Uint8Array(publicKey.export({ format: 'der', type: 'spki' })),
  )
}

test('a key goes from X.509 into a public area and back unchanged', () => {
  for (const [spki, template] of [
    [spkiOf('ec', {}), ecc],
    [spkiOf('rsa', {}), rsa],
  ] as const) {
    const value = publicFromSpki(spki, template)
    assert.deepEqual(encodeSpki(value).der, spki.der)
    assert.deepEqual(parsePublic(encodePublic(value)), value)
  }
})

test('a key that does not fit the template is refused', () => {
  for (const [spki, template] of [
    [spkiOf('ec', { namedCurve: 'P-384' }), ecc],
    [spkiOf('ec', {}), rsa],
    [spkiOf('rsa', {}), ecc],
    [spkiOf('rsa', { modulusLength: 3072 }), rsa],
  ] as const)
    assert.throws(() => publicFromSpki(spki, template), { code: 'value-not-allowed' })
})

test('an exponent of zero is 65537, and another name than 65537 written out', () => {
  const spki = spkiOf('rsa', {})
  const value = publicFromSpki(spki, rsa)
  assert.ok(value.type === 'rsa' && value.exponent === 0)
  const { n } = createPublicKey({
    key: Buffer.from(encodeSpki(value).der),
    format: 'der',
    type: 'spki',
  }).export({ format: 'jwk' })
  assert.ok(n)
  const written = { ...value, exponent: 65_537 }
  assert.deepEqual(encodeSpki(written).der, spki.der)
  assert.notDeepEqual(encodePublic(written), encodePublic(value))
})

test('a coordinate without its leading zeros, or with one too many, is the same point', () => {
  const short = Uint8Array.of(1, 2)
  assert.deepEqual(padCoordinate(short, 4), Uint8Array.of(0, 0, 1, 2))
  assert.deepEqual(padCoordinate(Uint8Array.of(0, 1, 2, 3, 4), 4), Uint8Array.of(1, 2, 3, 4))
  assert.throws(() => padCoordinate(Uint8Array.of(1, 1, 2, 3, 4), 4), {
    code: 'value-not-allowed',
  })
})
