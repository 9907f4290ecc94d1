// SPDX-License-Identifier: Apache-2.0
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { checkPublicKey, openKeyLists } from 'vitalsign/trust/weak-keys'
import { generateKey } from '#trust/private-key.ts'
import { readVectors } from '../../../test/frozen-vectors.ts'
import { listOf } from '../../../test/support/key-lists.ts'

test('a program that has nothing else of ours hears what is wrong with a key, and what that means', async () => {
  const { publicKey } = await generateKey('p-256')
  const { spki } = publicKey
  assert.deepEqual(checkPublicKey(spki), { kind: 'sound', algorithm: 'p-256' })
  const { bytes } = listOf([publicKey])
  const readAt = (offset: number, octets: number) => bytes.subarray(offset, offset + octets)
  const lists = await openKeyLists([{ pieces: [bytes], readAt }])
  const checked = checkPublicKey(spki, lists)
  assert.ok(checked.kind === 'weak')
  assert.equal(checked.found[0]?.name, 'key-listed')
  const roca = readVectors('trust/weak-keys').find(({ name }) => name === 'paranoid-roca')
  const weak = checkPublicKey(roca?.blocks[0]?.bytes ?? new Uint8Array())
  assert.ok(weak.kind === 'weak' && /flawed library/.test(weak.found[0]?.means ?? ''))
  for (const none of [new Uint8Array(), spki.slice(0, -1)])
    assert.equal(checkPublicKey(none).kind, 'refused')
})
