// SPDX-License-Identifier: Apache-2.0
import assert from 'node:assert/strict'
import { checkPrimeSync, createECDH, createPublicKey, generatePrimeSync } from 'node:crypto'
import { test } from 'node:test'
import { bytesOf, numberOf } from '#trust/weak-keys/shared-primes/octets.ts'
import { readVectors } from '../../../../test/frozen-vectors.ts'
import { inverseOf, multiply, type ShortCurve, shortCurves } from '../scalars/short-curve.ts'
import { dividedBy } from './divided-point.ts'
import { powerModulo } from './power.ts'
import { SmallScalars } from './small-scalars.ts'
import { checkModulusDeeply, hasSmoothPrime } from './smooth-primes.ts'

function prime(bits: number): bigint {
  return generatePrimeSync(bits, { bigint: true })
}

const vectors = new Map(readVectors('trust/smooth-moduli').map((vector) => [vector.name, vector]))

function modulusIn(name: string): bigint {
  const [block] = vectors.get(name)?.blocks ?? []
  const { n } = createPublicKey({
    ...{ key: Buffer.from(block?.bytes ?? []), format: 'der', type: 'spki' },
  }).export({ format: 'jwk' })
  return numberOf(Buffer.from(n ?? '', 'base64url'))
}

test('p-1 finds the prime of a key of 2048 bits whose last factors lie below its bound', () => {
  const [found] = checkModulusDeeply(modulusIn('one-prime-2048'))
  assert.equal(found?.name, vectors.get('one-prime-2048')?.expect)
})

for (const [bound, isFound] of [
  [4_096, true],
  [1_024, false],
] as const)
  test(`p-1 to ${bound} ${isFound ? 'finds' : 'does not find'} two primes with factors up to 4093`, () => {
    assert.equal(hasSmoothPrime(modulusIn('both-primes-1024'), bound), isFound)
  })

test('sound moduli are none of what takes long to see', () => {
  assert.deepEqual(checkModulusDeeply(prime(256) * prime(256)), [])
})

test('primes whose predecessors share a large factor are found where the rest of one is smooth', () => {
  const shared = prime(200)
  const above = (least: bigint) => {
    let factor = least
    while (!checkPrimeSync(2n * shared * factor + 1n)) factor += 1n
    return 2n * shared * factor + 1n
  }
  assert.equal(hasSmoothPrime(above(100n) * above(2_000n), 4_096), true)
})

test('a modulus that is a prime, or a power, is told to be no modulus', () => {
  const [found] = checkModulusDeeply(prime(512))
  assert.deepEqual(
    [found?.name, found?.detail],
    ['modulus-degenerate', 'the modulus is itself a prime'],
  )
  for (const degree of [2, 3, 5]) {
    const [power] = checkModulusDeeply(prime(256) ** BigInt(degree))
    assert.equal(power?.name, 'modulus-degenerate')
    assert.match(power.detail, new RegExp(`${degree} times`))
  }
})

test('powers are those of a plain computation, also where OpenSSL gives none', () => {
  const modulus = prime(300) * prime(300)
  const plain = (base: bigint, exponent: bigint) => {
    let power = 1n
    for (const bit of exponent.toString(2)) {
      power = (power * power) % modulus
      if (bit === '1') power = (power * base) % modulus
    }
    return power
  }
  for (const exponent of [1n, 2n, 65_537n, 3n ** 700n])
    assert.equal(powerModulo(3n, bytesOf(exponent), modulus), plain(3n, exponent))
  // 1 modulo one prime and -1 modulo the other: its square is 1, which no exchange tells.
  const [first, second] = [prime(300), prime(300)]
  const root = 1n + first * (second - ((2n * inverseOf(first, second)) % second))
  assert.equal(powerModulo(root, Uint8Array.of(2), first * second), 1n)
  // Too small for an exchange.
  assert.equal(powerModulo(5n, Uint8Array.of(3), 7n * 31n), 125n)
})

for (const [name, curve] of Object.entries(shortCurves) as [string, ShortCurve][]) {
  const babies = 2 ** 9
  const bits = 16
  const search = new SmallScalars(curve, babies, bits)
  const stride = BigInt(2 * babies + 1)
  const small = [1n, 2n, 3n, 511n, 512n, 513n, stride - 1n, stride, stride + 1n, 2n * stride + 512n]

  test(`every kind of small scalar of ${name} is found, and its negative`, () => {
    for (const scalar of [...small, 40_000n, 65_535n])
      for (const each of [scalar, curve.order - scalar])
        assert.ok(search.has(pointOf(each, curve)), `${each}`)
  })

  test(`other scalars of ${name} are not taken for small ones`, () => {
    for (const scalar of [70_000n, 2n ** 17n, curve.order / 2n, curve.order / 3n])
      assert.equal(search.has(pointOf(scalar, curve)), false, `${scalar}`)
  })

  test(`a number before zeros is found on ${name} by dividing its point`, () => {
    const divisor = 2n ** BigInt(8 * curve.octets - 32)
    const point = pointOf((51_966n * divisor) % curve.order, curve)
    assert.equal(search.has(point), false)
    assert.ok(search.has(dividedBy(divisor, point, curve)))
  })
}

/** By OpenSSL, which shares no line with what is tested. */
function pointOf(scalar: bigint, { openssl, octets }: ShortCurve) {
  const exchange = createECDH(openssl)
  exchange.setPrivateKey(Uint8Array.fromHex(scalar.toString(16).padStart(2 * octets, '0')))
  const point = exchange.getPublicKey()
  return { x: numberOf(point.subarray(1, 1 + octets)), y: numberOf(point.subarray(1 + octets)) }
}

test('points are multiplied as OpenSSL does it', () => {
  const { 'p-256': curve } = shortCurves
  assert.deepEqual(
    multiply(123_456_789n, curve.generator, curve.prime),
    pointOf(123_456_789n, curve),
  )
})
