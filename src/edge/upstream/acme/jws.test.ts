// SPDX-License-Identifier: Apache-2.0
import assert from 'node:assert/strict'
import { createHmac, createPublicKey, verify } from 'node:crypto'
import { test } from 'node:test'
import { signatureAlgorithmFor } from '#trust/algorithms.ts'
import { sha256 } from '#trust/digest.ts'
import { generateKey, sign } from '#trust/private-key.ts'
import { accountKey, externalBinding, signedBody, thumbprint } from './jws.ts'

const text = (part: string) => Buffer.from(part, 'base64url').toString()

test("node's own view of the signature agrees, for numbers of every length", async () => {
  const { privateKey, publicKey } = await generateKey('p-256')
  const signer = (bytes: Uint8Array) => sign(privateKey, signatureAlgorithmFor('p-256'), bytes)
  const key = createPublicKey(privateKey)
  // One signature in 128 has a number that is shorter than 32 bytes.
  for (let count = 0; count < 300; count++) {
    const body = JSON.parse(await signedBody({ nonce: `${count}`, url: 'https://a' }, {}, signer))
    const input = Buffer.from(`${body.protected}.${body.payload}`)
    const signature = Buffer.from(body.signature, 'base64url')
    assert.equal(signature.length, 64)
    assert.ok(verify('sha256', input, { key, dsaEncoding: 'ieee-p1363' }, signature))
  }
  const header = JSON.parse(text(JSON.parse(await signedBody({ nonce: 'n' }, 1, signer)).protected))
  assert.deepEqual(header, { alg: 'ES256', nonce: 'n' })
  assert.equal(JSON.parse(await signedBody({}, undefined, signer)).payload, '', 'POST-as-GET')
  assert.equal(accountKey(publicKey.spki).kty, 'EC')
})

test('a thumbprint is that of RFC 7638: members in their order, and no others', () => {
  const key = { crv: 'P-256', kty: 'EC', x: 'f83OJ3D2xF1Bg8vub9tLe1gHMzV76e8Tus9uPHvRVEU' } as const
  const whole = { ...key, y: 'x_FEzRu9m36HLN_tue659LNpXW6pCyStikYjKIWI5a0' }
  // RFC 7515 appendix A.3 gives the key; its thumbprint is what openssl and this sorted text give.
  const sorted = `{"crv":"P-256","kty":"EC","x":"${whole.x}","y":"${whole.y}"}`
  const expected = hashOf(sorted)
  assert.equal(thumbprint(whole), expected)
  assert.equal(thumbprint({ ...whole, kid: 'x' } as typeof whole), expected)
})

test('the binding of an account names it, and is signed with the key that was given for it', () => {
  const macKey = new Uint8Array(32).fill(7)
  const key = { crv: 'P-256', kty: 'EC', x: 'x', y: 'y' } as const
  const bound = externalBinding({ kid: 'kid-1', url: 'https://a/new', macKey }, key)
  const parts = bound as { protected: string; payload: string; signature: string }
  assert.deepEqual(JSON.parse(text(parts.protected)), {
    ...{ alg: 'HS256', kid: 'kid-1', url: 'https://a/new' },
  })
  assert.deepEqual(JSON.parse(text(parts.payload)), key)
  const mac = createHmac('sha256', macKey).update(`${parts.protected}.${parts.payload}`)
  assert.equal(parts.signature, mac.digest('base64url'))
})

test('the key of an account is P-256', async () => {
  const { publicKey } = await generateKey('p-384')
  assert.throws(() => accountKey(publicKey.spki), /P-256/)
})

function hashOf(input: string): string {
  return Buffer.from(sha256(new TextEncoder().encode(input))).toString('base64url')
}
