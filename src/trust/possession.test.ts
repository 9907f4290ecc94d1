// SPDX-License-Identifier: Apache-2.0
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { encodeSigned } from '#format/x509/certificate.ts'
import { parseCertificationRequest } from '#format/x509/certification-request.ts'
import { parseSubjectPublicKeyInfo } from '#format/x509/public-key.ts'
import { readVectors } from '../../test/frozen-vectors.ts'
import { makeEntity, request } from '../../test/made-certificates.ts'
import { keyAlgorithmsFor } from './algorithms.ts'
import { provePossession } from './possession.ts'
import { generateKey } from './private-key.ts'
import { importPublicKey } from './public-key.ts'

async function reasonOf(asked: Parameters<typeof provePossession>[0]): Promise<string> {
  const result = await provePossession(asked)
  return result.kind === 'proved' ? result.kind : result.reason
}

for (const { name } of keyAlgorithmsFor('request'))
  test(`a request that its own ${name} key signed is proved, with that key`, async () => {
    const entity = await makeEntity('CN=PUMP-0001', name)
    const asked = await request(entity)
    const result = await provePossession(asked)
    assert.equal(result.kind, 'proved')
    if (result.kind !== 'proved') return
    assert.equal(result.proved.request, asked)
    assert.deepEqual(result.proved.publicKey.fingerprint, entity.pair.publicKey.fingerprint)
  })

test('a request that its own key did not sign is refused', async () => {
  const [device, thief] = await Promise.all([makeEntity('CN=a'), makeEntity('CN=b')])
  assert.equal(
    await reasonOf(await request(device, thief.pair.privateKey)),
    'possession-not-proved',
  )
})

test('a request whose content was changed after signing is refused', async () => {
  const asked = await request(await makeEntity('CN=PUMP-0001'))
  const at = asked.der.indexOf('P'.charCodeAt(0), 8)
  const bent = parseCertificationRequest(asked.der.with(at, 'Q'.charCodeAt(0)))
  assert.equal(await reasonOf(bent), 'possession-not-proved')
})

test('a request with a key that everyone has is refused before its signature is looked at', async () => {
  const device = await makeEntity('CN=a')
  const vector = readVectors('trust/published-keys').find(({ name }) => name === 'rfc9500-p-256')!
  const publicKey = importPublicKey(parseSubjectPublicKeyInfo(vector.blocks[0]!.bytes))
  if ('kind' in publicKey) assert.fail(publicKey.detail)
  const copied = { ...device, pair: { ...device.pair, publicKey } }
  assert.equal(await reasonOf(await request(copied)), 'key-known-weak')
})

test('a request whose signature algorithm does not fit its key is refused', async () => {
  const asked = await request(await makeEntity('CN=a'))
  const other = await request(await makeEntity('CN=b', 'ed25519'))
  const mixed = encodeSigned(asked.info, other.signatureAlgorithm, other.signature)
  assert.equal(await reasonOf(parseCertificationRequest(mixed)), 'possession-not-proved')
})

test('a request for a key that cannot sign is refused, and told where to ask', async () => {
  const device = await makeEntity('CN=a')
  const { publicKey } = await generateKey('ml-kem-768')
  const asked = await request(
    { ...device, pair: { ...device.pair, publicKey } },
    undefined,
    'p-256',
  )
  const result = await provePossession(asked)
  assert.equal(result.kind === 'refused' && result.reason, 'possession-not-proved')
  assert.match(result.kind === 'refused' ? result.detail : '', /serverkeygen/)
})

test('what was not proved does not pass for what was', async () => {
  const result = await provePossession(await request(await makeEntity('CN=a')))
  assert.ok(result.kind === 'proved')
  // @ts-expect-error an object literal has no brand
  const forged: typeof result.proved = { ...result.proved }
  assert.notEqual(forged, result.proved)
})
