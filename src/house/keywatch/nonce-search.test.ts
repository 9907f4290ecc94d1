// SPDX-License-Identifier: Apache-2.0
import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { SignedKey } from '#core/keywatch/ports.ts'
import { anyNumber, digestOf, knownKey, signDigest } from '../../../test/support/chosen-nonces.ts'
import { ThreadedNonceSearch } from './nonce-search.ts'

const never = new AbortController().signal
const budget = Temporal.Duration.from({ minutes: 1 })

/** A key that signed so often, with so many bits of each nonce zero. */
function signer(times: number, bits: number): SignedKey {
  const { curve, point, publicKey, ...key } = knownKey('p-256')
  const signatures = Array.from({ length: times }, (_, at) =>
    signDigest(
      { curve, ...key },
      anyNumber('p-256') >> BigInt(bits),
      digestOf('sha256', `message ${at}`),
    ),
  )
  return { fingerprint: publicKey.fingerprint, curve, point, signatures }
}

test('on its thread it finds what is short, and nothing of what is sound', async () => {
  const threads = new ThreadedNonceSearch()
  try {
    const search = threads.within(budget)
    const found = await search.search(signer(5, 64), never)
    assert.deepEqual([found?.end, found?.how, found?.signatures], ['upper', 'zero', 5])
    assert.equal(await search.search(signer(5, 0), never), null)
  } finally {
    await threads.close()
  }
})

test('a search that is cut off ends at once, in the middle of a key, and the next begins anew', async () => {
  const threads = new ThreadedNonceSearch()
  try {
    const search = threads.within(budget)
    const key = signer(5, 64)
    const stop = new AbortController()
    // Seconds of work.
    const searched = search.search({ ...signer(90, 0) }, stop.signal)
    stop.abort()
    assert.equal(await searched, undefined)
    assert.equal(await search.search(key, stop.signal), undefined)
    assert.equal((await search.search(key, never))?.signatures, 5)
  } finally {
    await threads.close()
  }
})

test('what was sound and signed nothing since is not searched again by this process', async () => {
  const threads = new ThreadedNonceSearch()
  try {
    const search = threads.within(budget)
    const { signatures, ...key } = signer(5, 64)
    const [newest] = signatures
    if (newest === undefined) assert.fail()
    // With another point nothing is found, and by its name it is the same key.
    const stranger = { ...key, signatures, point: signer(1, 0).point }
    assert.equal(await search.search(stranger, never), null)
    assert.equal(await search.search({ ...key, signatures }, never), undefined)
    assert.ok(await search.search({ ...key, signatures: [...signatures, newest] }, never))
  } finally {
    await threads.close()
  }
})
