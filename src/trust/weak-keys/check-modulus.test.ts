// SPDX-License-Identifier: Apache-2.0
import assert from 'node:assert/strict'
import { checkPrimeSync, createPublicKey, generatePrimeSync } from 'node:crypto'
import { test } from 'node:test'
import { encodeDer } from '#format/der/writer.ts'
import { encodeSubjectPublicKeyInfo } from '#format/x509/public-key.ts'
import { readVectors } from '../../../test/frozen-vectors.ts'
import { keyAlgorithms } from '../algorithms.ts'
import { generateKey } from '../private-key.ts'
import { importPublicKey } from '../public-key.ts'
import { checkModulus } from './check-key.ts'
import { modulusPattern } from './modulus-pattern.ts'
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

/** What a list says, and what takes longer than a request may, has its test elsewhere. */
const elsewhere = new Set(['key-listed', 'modulus-degenerate'])

for (const { name, blocks, expect } of readVectors('trust/weak-keys'))
  test(`${name}: ${expect}`, () => {
    const found = checkModulus(modulusOf(blocks[0]!.bytes)).map((one) => one.name)
    assert.deepEqual(found, expect === 'sound' || elsewhere.has(expect) ? [] : [expect])
  })

/** By another reader, since ours takes no key of 1024 bits. */
function modulusOf(spki: Uint8Array): bigint {
  const { n = '' } = createPublicKey({
    key: Buffer.from(spki),
    format: 'der',
    type: 'spki',
  }).export({
    format: 'jwk',
  })
  return BigInt(`0x${Buffer.from(n, 'base64url').toString('hex')}`)
}

test('a modulus that is a power of 65537 modulo each prime of ROCA, but not one and the same, is accepted', () => {
  // Modulo 5 and 17, whose orders share a factor: 65537^0 and 65537^1.
  const primes = smallPrimes(167).filter((one) => one > 2n)
  const product = primes.reduce((all, one) => all * one, 1n)
  let modulus = 1n << 2047n
  modulus -= modulus % product
  for (const one of primes) {
    const wanted = one === 7n ? 65_537n % 7n : 1n
    const others = product / one
    while (modulus % one !== wanted) modulus += others
  }
  if (modulus % 2n === 0n) modulus += product
  assert.ok(primes.every((one) => isPowerModulo(modulus, one)))
  assert.ok(checkModulus(modulus).every(({ name }) => name !== 'roca'))
})

function isPowerModulo(modulus: bigint, prime: bigint): boolean {
  let power = 1n
  for (let exponent = 0n; exponent < prime; exponent += 1n) {
    if (modulus % prime === power) return true
    power = (power * 65_537n) % prime
  }
  return false
}

for (const [word, what] of [
  [Uint8Array.of(0xa5), 'one octet'],
  [Uint8Array.of(0xde, 0xad, 0xbe, 0xef), '4 octets'],
  [Uint8Array.from({ length: 16 }, (_, at) => (at * 41) % 256), '16 octets'],
] as const)
  test(`a modulus in which ${what} stand again and again is refused, one with half as many is not`, () => {
    const modulus = new Uint8Array(256).map((_, at) => (at * at * 31 + at * 7) ^ (at >> 3))
    modulus[0] = 0xc1
    const withRun = (octets: number) => {
      const made = Uint8Array.from(modulus)
      for (let at = 0; at < octets; at++) made[100 + at] = word[at % word.length] ?? 0
      return BigInt(`0x${made.toHex()}`)
    }
    const enough = word.length + Math.max(15, 2 * word.length)
    assert.match(modulusPattern(withRun(enough)) ?? '', new RegExp(what))
    assert.equal(modulusPattern(withRun(enough >> 1)), undefined)
  })

for (const bits of [1, 7, 32, 127])
  test(`a modulus of two primes that repeat a pattern of ${bits} bits is refused`, () => {
    const patterned = (seed: bigint) => {
      const word = ((seed * 0x9e3779b97f4a7c15f39cc0605cedc834n) % (1n << BigInt(bits))) | 1n
      let made = 0n
      while (made.toString(2).length < 1024) made = (made << BigInt(bits)) | word
      made >>= BigInt(made.toString(2).length - 1024)
      made |= 1n
      while (!checkPrimeSync(made)) made += 2n
      return made
    }
    assert.ok(modulusPattern(patterned(3n) * patterned(5n)) !== undefined)
  })

test('of moduli with a share of set bits, those are refused that chance never makes', () => {
  const withShare = (set: number) => {
    // Every octet has its bits at other places, so that nothing repeats.
    const bits = Array.from({ length: 2048 }, (_, at) => ({ at, order: Math.sin(at * at) }))
    const chosen = new Set(
      bits
        .sort((a, b) => a.order - b.order)
        .slice(0, set)
        .map(({ at }) => at),
    )
    let modulus = 1n << 2047n
    for (const at of chosen) modulus |= 1n << BigInt(at)
    return modulusPattern(modulus) ?? ''
  }
  assert.match(withShare(700), /bits of the modulus/)
  assert.match(withShare(1300), /bits of the modulus/)
  assert.equal(withShare(960), '')
})

function smallPrimes(limit: number): bigint[] {
  const primes: bigint[] = []
  for (let candidate = 2n; candidate <= limit; candidate += 1n)
    if (primes.every((one) => candidate % one !== 0n)) primes.push(candidate)
  return primes
}
