// SPDX-License-Identifier: Apache-2.0
import assert from 'node:assert/strict'
import { createECDH, createPublicKey } from 'node:crypto'
import { test } from 'node:test'
import { generateKey } from '#trust/private-key.ts'
import { readVectors } from '../../../test/frozen-vectors.ts'
import { ThreadedDeepSearch } from './deep-search.ts'

/** Of P-256: the key of a scalar. */
function spkiOf(scalar: bigint): Uint8Array {
  const exchange = createECDH('prime256v1')
  exchange.setPrivateKey(Uint8Array.fromHex(scalar.toString(16).padStart(64, '0')))
  const point = exchange.getPublicKey()
  const [x, y] = [
    point.subarray(1, 33).toString('base64url'),
    point.subarray(33).toString('base64url'),
  ]
  return createPublicKey({ key: { kty: 'EC', crv: 'P-256', x, y }, format: 'jwk' }).export({
    ...{ format: 'der', type: 'spki' },
  })
}

function pageOf(spkis: readonly Uint8Array[]) {
  return {
    ids: spkis.map((_, at) => `key_${String(at).padStart(32, '0')}`),
    spkis: {
      octets: Uint8Array.from(spkis.flatMap((spki) => [...spki])),
      lengths: spkis.map(({ length }) => length),
    },
  }
}

const never = new AbortController().signal

test('a key is found whose scalar is one number of 32 bits, at either end of its buffer', async () => {
  const search = new ThreadedDeepSearch()
  try {
    const page = pageOf([
      spkiOf(0xdead_beefn),
      spkiOf(0x1234_5678_9abc_def0_1234_5678_9abc_def0n),
      spkiOf(0xdead_beefn << 224n),
    ])
    const found = await search.test(page, never)
    assert.deepEqual(
      found.map(({ kind, key }) => [kind, key]),
      [
        ['scalar-small', page.ids[0]],
        ['scalar-pattern', page.ids[2]],
      ],
    )
    for (const { detail } of found) assert.doesNotMatch(detail, /dead|beef|3735928559/)
    // What is sound is not tested again by this process; what is not is told again.
    assert.equal((await search.test(page, never)).length, 2)
  } finally {
    await search.close()
  }
})

test('a key is found one of whose primes is found by p-1', async () => {
  const [vector] = readVectors('trust/smooth-moduli').filter(({ name }) => name.endsWith('2048'))
  const search = new ThreadedDeepSearch()
  try {
    const [found] = await search.test(pageOf([vector?.blocks[0]?.bytes ?? new Uint8Array()]), never)
    assert.equal(found?.kind, vector?.expect)
  } finally {
    await search.close()
  }
})

test('a search that is cut off ends at once, in the middle of a key', async () => {
  const stop = new AbortController()
  const search = new ThreadedDeepSearch()
  const found = search.test(pageOf([spkiOf(2n ** 200n + 1n), spkiOf(5n)]), stop.signal)
  stop.abort()
  assert.deepEqual(await found, [])
  await search.close()
})

test('keys that nobody can read, or that no such test is for, are passed over', async () => {
  const search = new ThreadedDeepSearch()
  try {
    const edwards = (await generateKey('ed25519')).publicKey.spki
    assert.deepEqual(await search.test(pageOf([edwards]), never), [])
  } finally {
    await search.close()
  }
})
