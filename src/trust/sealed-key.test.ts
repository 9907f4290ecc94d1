// SPDX-License-Identifier: Apache-2.0
import assert from 'node:assert/strict'
import {
  constants,
  createDecipheriv,
  createHash,
  createPublicKey,
  diffieHellman,
  type KeyObject,
  privateDecrypt,
} from 'node:crypto'
import { test } from 'node:test'
import { type EnvelopedData, parseEnvelopedData } from '#format/cms/enveloped-data.ts'
import { parseKeyPackage } from '#format/cms/key-package.ts'
import { parseSignedData } from '#format/cms/signed-data.ts'
import { encodeSignedAttributes } from '#format/cms/signer-info.ts'
import { encodeDer } from '#format/der/writer.ts'
import { contentTypes } from '#format/oids.ts'
import type { Certificate } from '#format/x509/certificate.ts'
import { encodeExtension } from '#format/x509/extension.ts'
import { encodeSubjectPublicKeyInfo } from '#format/x509/public-key.ts'
import { certify, type Entity, makeEntity } from '../../test/made-certificates.ts'
import type { KeyAlgorithmName } from './algorithms.ts'
import { encodePrivateKey, generateKey } from './private-key.ts'
import { sealableTo, sealPrivateKey } from './sealed-key.ts'
import { verifySignature } from './signature.ts'

type Usage = 'digitalSignature' | 'keyAgreement' | 'keyEncipherment'

async function owner(
  algorithm: KeyAlgorithmName,
  usages?: readonly Usage[],
): Promise<{ entity: Entity; certificate: Certificate }> {
  const entity = await makeEntity('CN=chip', algorithm)
  const extensions = usages === undefined ? [] : [encodeExtension('keyUsage', usages)]
  const by = await makeEntity('CN=chips')
  return { entity, certificate: await certify(entity, by, { extensions }) }
}

function reasonFor({ certificate }: { certificate: Certificate }): string {
  const sealable = sealableTo(certificate)
  return sealable.kind === 'refused' ? sealable.reason : sealable.kind
}

test('a key is sealed only to a certificate that enciphers or agrees on keys, or says nothing of its use', async () => {
  for (const [algorithm, usages, wanted] of [
    ['rsa-2048', undefined, 'sealable'],
    ['rsa-2048', ['keyEncipherment'], 'sealable'],
    ['rsa-2048', ['digitalSignature'], 'certificate-wrong-purpose'],
    ['p-384', undefined, 'sealable'],
    ['p-256', ['digitalSignature', 'keyAgreement'], 'sealable'],
    ['p-256', ['keyEncipherment'], 'certificate-wrong-purpose'],
    ['ed25519', undefined, 'certificate-wrong-purpose'],
    ['rsa-pss-2048', undefined, 'certificate-wrong-purpose'],
    ['ml-kem-768', undefined, 'certificate-wrong-purpose'],
  ] as const)
    assert.equal(reasonFor(await owner(algorithm, usages)), wanted, `${algorithm} ${usages}`)
})

/** What a device does with its own key. */
function open({ recipient, encryptedContent, contentEncryption }: EnvelopedData, own: KeyObject) {
  const { encryptedKey } = recipient
  const contentKey =
    recipient.kind === 'key-transport'
      ? privateDecrypt(
          { key: own, padding: constants.RSA_PKCS1_OAEP_PADDING, oaepHash: 'sha256' },
          encryptedKey,
        )
      : unwrap(recipient, own)
  const iv = contentEncryption.parameters?.subarray(2) ?? assert.fail()
  const decipher = createDecipheriv('aes-256-cbc', contentKey, iv)
  return Uint8Array.from(Buffer.concat([decipher.update(encryptedContent), decipher.final()]))
}

/** RFC 5753, with its SharedInfo written out: aes256-wrap without parameters, 256 bits. */
function unwrap(
  recipient: EnvelopedData['recipient'] & { kind: 'key-agreement' },
  own: KeyObject,
): Uint8Array {
  const { originatorAlgorithm, originatorKey, encryptedKey } = recipient
  const { der } = encodeSubjectPublicKeyInfo(originatorAlgorithm, originatorKey)
  const publicKey = createPublicKey({ key: Buffer.from(der), format: 'der', type: 'spki' })
  const shared = diffieHellman({ privateKey: own, publicKey })
  const info = '3015300b060960864801650304012da206040400000100'
  const key = createHash('sha256').update(shared).update('00000001', 'hex').update(info, 'hex')
  const decipher = createDecipheriv('id-aes256-wrap', key.digest(), Buffer.alloc(8, 0xa6))
  return Buffer.concat([decipher.update(encryptedKey), decipher.final()])
}

test('what is sealed is opened by its owner, and signed by who made it', async () => {
  const random = { bytes: (count: number) => crypto.getRandomValues(new Uint8Array(count)) }
  for (const algorithm of ['rsa-2048', 'p-256', 'p-521'] as const) {
    const { entity, certificate } = await owner(algorithm)
    const sealable = sealableTo(certificate)
    assert.ok(sealable.kind === 'sealable')
    for (const by of ['p-256', 'ed25519', 'ml-dsa-44'] as const) {
      const maker = await owner(by)
      const { privateKey } = await generateKey('p-256')
      const chain = [maker.certificate.der]
      const pair = maker.entity.pair
      const der = await sealPrivateKey(privateKey, sealable.recipient, { pair, chain }, random)
      const signed = open(parseEnvelopedData(der), entity.pair.privateKey)
      const whole = encodeDer((writer) =>
        writer.sequence(() => {
          writer.oid(contentTypes.signedData)
          writer.context(0, () => writer.raw(signed))
        }),
      )
      const { content, contentType, certificates, signers } = parseSignedData(whole)
      assert.equal(contentType, contentTypes.keyPackage)
      assert.deepEqual(certificates, chain)
      assert.deepEqual(parseKeyPackage(content ?? der), [encodePrivateKey(privateKey)])
      const [signer] = signers
      assert.ok(signer)
      const attributes = encodeSignedAttributes(signer.signedAttributes)
      const { signatureAlgorithm, signature } = signer
      const genuine = await verifySignature(
        signatureAlgorithm,
        pair.publicKey,
        attributes,
        signature,
      )
      assert.equal(genuine, true)
    }
  }
})
