// SPDX-License-Identifier: Apache-2.0
import assert from 'node:assert/strict'
import { hash } from 'node:crypto'
import { test } from 'node:test'
import {
  type KeyAlgorithmName,
  type SignatureAlgorithmName,
  signatureAlgorithms,
} from '#trust/algorithms.ts'
import { generateKey } from '#trust/private-key.ts'
import { verifyOver } from '#trust/verify-digest.ts'
import { makeSystemRandomness } from '../chance/system-randomness.ts'
import { signAsAsked } from './sign-as-asked.ts'

const random = makeSystemRandomness()
const message = new TextEncoder().encode('an image that does not leave where it was built')
const ways = [
  ['p-256', 'ecdsa-sha256'],
  ['p-384', 'ecdsa-sha384'],
  ['p-521', 'ecdsa-sha512'],
  ['p-256', 'ecdsa-sha384'],
  ['rsa-3072', 'rsa-sha256'],
  ['rsa-3072', 'rsa-pss-sha256'],
  ['rsa-4096', 'rsa-pss-sha384'],
  ['rsa-2048', 'rsa-pss-sha256-longest-salt'],
  ['rsa-3072', 'rsa-pss-sha512-longest-salt'],
] as const satisfies readonly (readonly [KeyAlgorithmName, SignatureAlgorithmName])[]

for (const [keyName, algorithm] of ways)
  test(`a digest signed by ${algorithm} with ${keyName} is a signature over its message`, async () => {
    const pair = await generateKey(keyName)
    const row = signatureAlgorithms[algorithm]
    const { digest } = row
    assert.ok(digest !== null)
    const digested = Uint8Array.from(hash(digest, message, 'buffer'))
    for (const [over, bytes] of [
      ['digest', digested],
      ['message', message],
    ] as const) {
      const signature = await signAsAsked(pair, bytes, { algorithm, over }, random)
      assert.ok(await verifyOver('message', row, pair.publicKey, message, signature))
      assert.ok(await verifyOver('digest', row, pair.publicKey, digested, signature))
    }
    await assert.rejects(
      signAsAsked(pair, message, { algorithm, over: 'digest' }, random),
      TypeError,
    )
  })

test('a key signs by no algorithm of another kind, and EdDSA and keys that are for PSS alone no digest', async () => {
  const cases = [
    ['ed25519', 'ecdsa-sha256'],
    ['ed25519', 'ed25519'],
    ['rsa-pss-3072', 'rsa-pss-sha256'],
  ] as const
  for (const [keyName, algorithm] of cases) {
    const pair = await generateKey(keyName)
    await assert.rejects(
      signAsAsked(pair, new Uint8Array(32), { algorithm, over: 'digest' }, random),
      TypeError,
    )
  }
})
