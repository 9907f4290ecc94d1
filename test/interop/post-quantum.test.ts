// SPDX-License-Identifier: Apache-2.0
/**
 * Certificates and requests with ML-DSA, made here, verified without a line of ours and without OpenSSL:
 * @peculiar/x509 reads them, @noble/post-quantum checks the signatures. And the other way round.
 */
import 'reflect-metadata'
import assert from 'node:assert/strict'
import type { webcrypto } from 'node:crypto'
import { test } from 'node:test'
import { ml_dsa44, ml_dsa65, ml_dsa87 } from '@noble/post-quantum/ml-dsa.js'
import * as x509 from '@peculiar/x509'
import { parseCertificate } from '#format/x509/certificate.ts'
import { formatName } from '#format/x509/name.ts'
import { signatureAlgorithmFor } from '#trust/algorithms.ts'
import { validatePath } from '#trust/path.ts'
import { encodePrivateKey, generateKey, parsePrivateKey, sign } from '#trust/private-key.ts'
import { verifySignature } from '#trust/signature.ts'
import {
  certify,
  certifyAuthority,
  madeNow,
  makeAnchor,
  makeEntity,
  request,
} from '../made-certificates.ts'

const implementations = {
  'ml-dsa-44': { noble: ml_dsa44, octets: 1312 },
  'ml-dsa-65': { noble: ml_dsa65, octets: 1952 },
  'ml-dsa-87': { noble: ml_dsa87, octets: 2592 },
} as const
type MlDsaName = keyof typeof implementations
const names = Object.keys(implementations) as MlDsaName[]

/** What @peculiar/x509 asks of a WebCrypto, answered by noble. */
function nobleCrypto(name: MlDsaName): Crypto {
  const { noble, octets } = implementations[name]
  const subtle = {
    importKey: async (_: string, spki: ArrayBuffer, algorithm: object) => ({
      algorithm,
      type: 'public',
      raw: new Uint8Array(spki).slice(-octets),
    }),
    verify: async (
      _: object,
      key: { raw: Uint8Array },
      signature: ArrayBuffer,
      data: ArrayBuffer,
    ) => noble.verify(new Uint8Array(signature), new Uint8Array(data), key.raw),
  }
  return { subtle } as unknown as Crypto
}

for (const name of names) {
  test(`a certificate with an ${name} key, signed by it, is verified by a second implementation`, async () => {
    const root = await makeEntity('CN=Post-Quantum Root,O=Maker', name)
    const made = await certifyAuthority(root)
    const read = new x509.X509Certificate(made.der)
    assert.equal(read.subject, 'O=Maker, CN=Post-Quantum Root')
    assert.deepEqual(new Uint8Array(read.publicKey.rawData), root.pair.publicKey.spki)
    const check = { publicKey: read.publicKey, signatureOnly: true }
    assert.equal(await read.verify(check, nobleCrypto(name)), true)
    const bent = new x509.X509Certificate(made.der.with(60, made.der[60]! ^ 1))
    assert.equal(await bent.verify(check, nobleCrypto(name)), false)
  })

  test(`an ${name} authority certifies a p-256 device for a second implementation`, async () => {
    const [root, device] = await Promise.all([
      makeEntity('CN=Root', name),
      makeEntity('CN=PUMP-0001'),
    ])
    const read = new x509.X509Certificate((await certify(device, root)).der)
    const issuer = new x509.X509Certificate((await certifyAuthority(root)).der)
    const check = { publicKey: issuer.publicKey, signatureOnly: true }
    assert.equal(await read.verify(check, nobleCrypto(name)), true)
  })

  test(`a request of an ${name} key is verified by a second implementation`, async () => {
    const made = await request(await makeEntity('CN=PUMP-0001', name))
    const read = new x509.Pkcs10CertificateRequest(made.der)
    assert.equal(await read.verify(nobleCrypto(name)), true)
  })

  test(`${name} signatures of a second implementation are verified here, from the same seed`, async () => {
    const { privateKey, publicKey } = await generateKey(name)
    const seed = encodePrivateKey(privateKey).slice(-32)
    const { noble, octets } = implementations[name]
    const theirs = noble.keygen(seed)
    assert.deepEqual(theirs.publicKey, publicKey.spki.slice(-octets))
    const data = Uint8Array.of(1, 2, 3)
    const algorithm = signatureAlgorithmFor(name)
    const signature = noble.sign(data, theirs.secretKey)
    assert.equal(await verifySignature(algorithm.identifier, publicKey, data, signature), true)
    const back = await parsePrivateKey(encodePrivateKey(privateKey))
    if (back.kind === 'refused') assert.fail(back.detail)
    const ours = await sign(back.pair.privateKey, algorithm, data)
    assert.equal(noble.verify(ours, data, theirs.publicKey), true)
  })
}

test('a chain that a second implementation made with ml-dsa is valid here', async () => {
  x509.cryptoProvider.set(globalThis.crypto)
  const algorithm = { name: 'ML-DSA-65' }
  const [keys, deviceKeys] = await Promise.all([makeWebPair(algorithm), makeWebPair(algorithm)])
  const validity = { notBefore: new Date('2027-01-01'), notAfter: new Date('2028-01-01') }
  const root = await x509.X509CertificateGenerator.createSelfSigned({
    name: 'CN=Their Root',
    keys,
    signingAlgorithm: algorithm,
    ...validity,
    extensions: [new x509.BasicConstraintsExtension(true, undefined, true)],
  })
  const leaf = await x509.X509CertificateGenerator.create({
    subject: 'CN=PUMP-0001',
    issuer: root.subject,
    publicKey: deviceKeys.publicKey,
    signingKey: keys.privateKey,
    signingAlgorithm: algorithm,
    ...validity,
    extensions: [new x509.KeyUsagesExtension(x509.KeyUsageFlags.digitalSignature, true)],
  })
  const result = validatePath({
    leaf: parseCertificate(new Uint8Array(leaf.rawData)),
    intermediates: [],
    anchors: [makeAnchor(parseCertificate(new Uint8Array(root.rawData)))],
    at: madeNow,
    purpose: 'device',
  })
  if (result.kind === 'refused') assert.fail(result.detail)
  assert.equal(formatName(result.path.leaf.subject), 'CN=PUMP-0001')
})

async function makeWebPair(algorithm: { readonly name: string }): Promise<webcrypto.CryptoKeyPair> {
  const made = await crypto.subtle.generateKey(algorithm, true, ['sign', 'verify'])
  return 'publicKey' in made ? made : assert.fail('no pair of keys')
}
