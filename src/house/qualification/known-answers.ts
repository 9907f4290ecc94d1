// SPDX-License-Identifier: Apache-2.0
/** Cryptography of this run time held against answers that standards print. */
import { createCipheriv, createHash, createPublicKey, hkdfSync, verify } from 'node:crypto'
import { signatureAlgorithmFor } from '#trust/algorithms.ts'
import { generateKey, sign } from '#trust/private-key.ts'
import { verifySignature } from '#trust/signature.ts'
import { type Check, seen } from './step.ts'

export const knownAnswers: readonly Check[] = [
  {
    title: 'SHA-256',
    expected: 'the digest of "abc" in FIPS 180-4 (NIST example)',
    see: () =>
      match(
        createHash('sha256').update('abc').digest('hex'),
        'ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad',
      ),
  },
  {
    title: 'AES-256-GCM',
    expected: 'the tag of test case 13 of the GCM specification (SP 800-38D)',
    see: () => {
      const cipher = createCipheriv('aes-256-gcm', new Uint8Array(32), new Uint8Array(12))
      cipher.final()
      return match(cipher.getAuthTag().toString('hex'), '530f8afbc74536b9a963b4f1c4cb738b')
    },
  },
  {
    title: 'HKDF-SHA-256',
    expected: 'the output of RFC 5869 appendix A.1',
    see: () => {
      const key = hkdfSync(
        'sha256',
        new Uint8Array(22).fill(0x0b),
        Uint8Array.fromHex('000102030405060708090a0b0c'),
        Uint8Array.fromHex('f0f1f2f3f4f5f6f7f8f9'),
        42,
      )
      return match(
        new Uint8Array(key).toHex(),
        '3cb25f25faacd57a90434f64d0362f2a2d2d0a90cf1a5a4c5db02d56ecc4c5bf34007208d5b887185865',
      )
    },
  },
  {
    title: 'Ed25519',
    expected: 'RFC 8032 section 7.1, test 1, is good; one bit changed, it is not',
    see: () => {
      const x = Uint8Array.fromHex(
        'd75a980182b10ab7d54bfed3c964073a0ee172f3daa62325af021a68f707511a',
      )
      const signature = Uint8Array.fromHex(
        'e5564300c360ac729086e2cc806e828a84877f1eb8e5d974d873e065224901555fb8821590a33bacc61e39701cf9b46bd25bf5f0595bbe24655141438e7a100b',
      )
      const jwk = {
        kty: 'OKP',
        crv: 'Ed25519',
        x: x.toBase64({ alphabet: 'base64url', omitPadding: true }),
      }
      const key = createPublicKey({ key: jwk, format: 'jwk' })
      const good = verify(null, new Uint8Array(), key, signature)
      signature[0]! ^= 1
      const changed = verify(null, new Uint8Array(), key, signature)
      return seen(good && !changed, `good ${good}, changed ${changed}`)
    },
  },
  ...(['p-256', 'rsa-3072', 'ml-dsa-65'] as const).map(
    (name): Check => ({
      title: `signatures with ${name}`,
      expected: 'a fresh key signs and verifies; over other bytes its signature is refused',
      see: async () => {
        const { privateKey, publicKey } = await generateKey(name)
        const algorithm = signatureAlgorithmFor(name)
        const bytes = new TextEncoder().encode('qualification')
        const signature = await sign(privateKey, algorithm, bytes)
        const good = await verifySignature(algorithm.identifier, publicKey, bytes, signature)
        const other = bytes.slice(1)
        const changed = await verifySignature(algorithm.identifier, publicKey, other, signature)
        return seen(good === true && changed === false, `good ${good}, other bytes ${changed}`)
      },
    }),
  ),
]

function match(found: string, wanted: string) {
  return seen(found === wanted, found)
}
