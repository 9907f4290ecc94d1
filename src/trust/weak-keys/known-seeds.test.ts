// SPDX-License-Identifier: Apache-2.0
import assert from 'node:assert/strict'
import { createPrivateKey, createPublicKey } from 'node:crypto'
import { test } from 'node:test'
import { parseSubjectPublicKeyInfo } from '#format/x509/public-key.ts'
import { importPublicKey } from '../public-key.ts'
import { checkKey } from './check-key.ts'
import { knownSeeds } from './known-seeds.ts'

/** RFC 8410 section 7: what stands before the seed of an Edwards key in PKCS #8. */
const edwards = {
  ed25519: '302e020100300506032b657004220420',
  ed448: '3047020100300506032b6571043b0439',
} as const

const seedOctets = {
  ...{ ed25519: 32, ed448: 57, 'ml-dsa-44': 32, 'ml-dsa-65': 32, 'ml-dsa-87': 32 },
  ...{ 'ml-kem-512': 64, 'ml-kem-768': 64, 'ml-kem-1024': 64 },
} as const

function keyOf(name: keyof typeof seedOctets, seed: Uint8Array) {
  const privateKey =
    name === 'ed25519' || name === 'ed448'
      ? createPrivateKey({
          key: Buffer.from(edwards[name] + seed.toHex(), 'hex'),
          ...{ format: 'der', type: 'pkcs8' },
        })
      : createPrivateKey({ key: Buffer.from(seed), format: 'raw-seed', asymmetricKeyType: name })
  const spki = createPublicKey(privateKey).export({ format: 'der', type: 'spki' })
  const key = importPublicKey(parseSubjectPublicKeyInfo(new Uint8Array(spki)))
  return 'kind' in key ? assert.fail(key.detail) : key
}

const seeds: Readonly<Record<string, (at: number) => number>> = {
  ...Object.fromEntries(
    [0x00, 0xff, 0x01, 0x11, 0x22, 0x42, 0x55, 0x5a, 0xa5, 0xaa].map((octet) => [
      octet.toString(16).padStart(2, '0'),
      () => octet,
    ]),
  ),
  ...{ 'from 00': (at) => at, 'from 01': (at) => at + 1, 'down from ff': (at) => 255 - at },
}

for (const name of Object.keys(seedOctets) as (keyof typeof seedOctets)[])
  test(`${name}: a key of each seed that anybody would try first is found, and of another one is not`, () => {
    for (const [words, octetAt] of Object.entries(seeds)) {
      const seed = Uint8Array.from({ length: seedOctets[name] }, (_, at) => octetAt(at))
      const found = checkKey(keyOf(name, seed))
      assert.deepEqual(
        found.filter((one) => one.name === 'seed-known').map(({ detail }) => detail),
        [`the key was made from a seed of octets ${words}`],
      )
      seed[7] = (seed[7] ?? 0) ^ 1
      assert.deepEqual(checkKey(keyOf(name, seed)), [], words)
    }
  })

test('each line of the table is made anew', () => {
  assert.equal(knownSeeds.size, Object.keys(seedOctets).length * Object.keys(seeds).length)
})
