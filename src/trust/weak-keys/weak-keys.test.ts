// SPDX-License-Identifier: Apache-2.0
import assert from 'node:assert/strict'
import { checkPrimeSync, generatePrimeSync } from 'node:crypto'
import { test } from 'node:test'
import { encodeDer } from '#format/der/writer.ts'
import { encodeSubjectPublicKeyInfo, parseSubjectPublicKeyInfo } from '#format/x509/public-key.ts'
import { readVectors } from '../../../test/frozen-vectors.ts'
import { keyAlgorithms } from '../algorithms.ts'
import { generateKey } from '../private-key.ts'
import { importPublicKey } from '../public-key.ts'
import { checkKey } from './check-key.ts'
import { publishedKeys } from './published-keys.ts'
import { refuseWeakKey } from './weak-keys.ts'

function refusalOf(modulus: bigint) {
  const key = encodeDer((writer) => {
    writer.sequence(() => {
      writer.integer(modulus)
      writer.integer(65_537)
    })
  })
  const { identifier } = keyAlgorithms['rsa-2048']
  const publicKey = importPublicKey(encodeSubjectPublicKeyInfo(identifier, key))
  if ('kind' in publicKey) assert.fail(publicKey.detail)
  return refuseWeakKey(publicKey)
}

/** A prime of this size whose two highest bits are set, so that products keep their size. */
function prime(bits: number): bigint {
  const top = 3n << BigInt(bits - 2)
  for (;;) {
    const found = generatePrimeSync(bits, { bigint: true })
    if ((found & top) === top) return found
  }
}

test('fresh keys of every algorithm pass the gate', async () => {
  for (const name of Object.values(keyAlgorithms).map((row) => row.name))
    assert.equal(refuseWeakKey((await generateKey(name)).publicKey), undefined, name)
})

for (const factor of [3n, 751n, 65_537n])
  test(`a modulus with the factor ${factor} is refused`, () => {
    const bits = 2048 - factor.toString(2).length
    const modulus = [bits, bits + 1]
      .map((size) => factor * generatePrimeSync(size, { bigint: true }))
      .find((product) => product.toString(2).length === 2048)
    assert.ok(modulus !== undefined)
    const no = refusalOf(modulus)
    assert.equal(no?.reason, 'key-known-weak')
    assert.match(no.detail, /factor/)
  })

/** Their distance, and with it how many rounds Fermat's method takes: its square over 2^1027. */
for (const [rounds, distance] of [
  [1, 2n],
  [32, 1n << 516n],
] as const)
  test(`a modulus whose primes are found in about ${rounds} rounds is refused`, () => {
    const first = prime(1024)
    let second = first - distance
    while (!checkPrimeSync(second)) second -= 2n
    const no = refusalOf(first * second)
    assert.equal(no?.reason, 'key-known-weak')
    assert.match(no.detail, /fermat/)
  })

test('primes that lie as far apart as FIPS 186-5 asks are accepted', () => {
  const first = prime(1024)
  // Appendix A.1.3 (5): apart by more than 2^(1024 - 100).
  let second = first - (1n << 925n) - 1n
  if (second % 2n === 0n) second += 1n
  while (!checkPrimeSync(second)) second += 2n
  assert.equal(refusalOf(first * second), undefined)
})

test('a modulus made as the flawed library made it is refused', () => {
  const product = smallPrimes(167).reduce((all, one) => all * one, 1n)
  const rocaPrime = (exponent: number) => {
    let base = 1n
    for (let step = 0; step < exponent; step++) base = (base * 65_537n) % product
    for (let factor = (3n << 1022n) / product; ; factor += 1n) {
      const candidate = factor * product + base
      if (checkPrimeSync(candidate)) return candidate
    }
  }
  const modulus = rocaPrime(1) * rocaPrime(78)
  const no = refusalOf(modulus)
  assert.equal(no?.reason, 'key-known-weak')
  assert.match(no.detail, /ROCA/)
})

const inDocuments = readVectors('trust/published-keys')
const inPrograms = readVectors('trust/program-keys')

for (const { name, blocks, expect, head } of inDocuments)
  test(`published key ${name} is refused, and its source is said`, () => {
    const key = importPublicKey(parseSubjectPublicKeyInfo(blocks[0]!.bytes))
    if ('kind' in key) assert.fail(key.detail)
    const no = refuseWeakKey(key)
    assert.equal(no?.reason, expect)
    const source = publishedKeys.get(key.fingerprint.toHex()) ?? assert.fail('not in the table')
    assert.ok(head.get('source')?.startsWith(source) && no.detail.includes(source))
  })

for (const { name, blocks, expect, head } of inPrograms)
  test(`each of the ${blocks.length} keys that come with ${name} is refused, and its file is said`, () => {
    for (const { bytes } of blocks) {
      const key = importPublicKey(parseSubjectPublicKeyInfo(bytes))
      if ('kind' in key) assert.fail(key.detail)
      const found = checkKey(key).find((one) => one.name === expect)
      const source = publishedKeys.get(key.fingerprint.toHex()) ?? assert.fail('not in the table')
      assert.equal(found?.detail, `the private key is published in ${source}`)
      const [program = ''] = source.split(', ')
      assert.ok(head.get('source')?.startsWith(program), source)
    }
  })

test('every published key of the table has its vector', () => {
  const vectors = [...inDocuments, ...inPrograms].flatMap(({ blocks }) => blocks)
  assert.equal(vectors.length, publishedKeys.size)
})

function smallPrimes(limit: number): bigint[] {
  const primes: bigint[] = []
  for (let candidate = 2n; candidate <= limit; candidate += 1n)
    if (primes.every((one) => candidate % one !== 0n)) primes.push(candidate)
  return primes
}
