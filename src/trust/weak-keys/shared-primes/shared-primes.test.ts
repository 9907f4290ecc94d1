// SPDX-License-Identifier: Apache-2.0
import assert from 'node:assert/strict'
import { generatePrimeSync } from 'node:crypto'
import { test } from 'node:test'
import { sha256 } from '#trust/digest.ts'
import { Random, seedOfRun } from '../../../../test/fuzz/random.ts'
import { findHits, positionsSharing } from './common-factors.ts'
import { greatestCommonDivisor } from './greatest-common-divisor.ts'
import { nameSharedPrimes } from './name-shared-primes.ts'
import { bytesOf } from './octets.ts'
import { bitsOf, growTree } from './product-tree.ts'
import { eachRemainder } from './remainders.ts'

const seed = seedOfRun()
const random = new Random(seed)

function numberOf(bits: number): bigint {
  return BigInt(`0x${random.bytes(Math.ceil(bits / 8)).toHex()}`) >> BigInt((8 - (bits % 8)) % 8)
}

/** After Euclid, as the oracle. */
function euclid(left: bigint, right: bigint): bigint {
  let [larger, smaller] = [left, right]
  while (smaller !== 0n) [larger, smaller] = [smaller, larger % smaller]
  return larger
}

function free() {}

function prime(bits: number): bigint {
  return generatePrimeSync(bits, { bigint: true })
}

function keyId(at: number): string {
  return `key_${at.toString(16).padStart(32, '0')}`
}

function keysOf(moduli: readonly bigint[]) {
  return moduli.map((modulus, at) => ({ id: keyId(at + 1), modulus: bytesOf(modulus) }))
}

test('the greatest common divisor is that of Euclid, for numbers of any two sizes', (context) => {
  context.diagnostic(`seed ${seed}`)
  for (let round = 0; round < 3_000; round++) {
    const common = numberOf(1 + random.below(round % 3 === 0 ? 1_200 : 40))
    const left = common * numberOf(1 + random.below(2_100))
    const right = round % 7 === 0 ? left : common * numberOf(1 + random.below(2_100))
    assert.equal(greatestCommonDivisor(left, right), euclid(left, right), `${left}, ${right}`)
  }
})

test('the greatest common divisor is right where quotients are as small and as great as can be', () => {
  let [small, large] = [1n, 1n]
  for (let step = 0; step < 3_000; step++) [small, large] = [large, small + large]
  const power = 1n << 2_048n
  for (const [left, right] of [
    [large, small],
    [power, power - 1n],
    [power - 1n, (power >> 1n) - 1n],
    [power, 3n],
    [power, 0n],
    [0n, 0n],
    [power * 5n, power * 15n],
    [(power - 1n) * (power + 1n), power - 1n],
  ] as const)
    assert.equal(greatestCommonDivisor(left, right), euclid(left, right))
})

test('bits are counted as they stand in memory', () => {
  for (const bits of [1, 2, 3, 4, 5, 63, 64, 65, 2_047, 2_048])
    for (const value of [1n << BigInt(bits - 1), (1n << BigInt(bits)) - 1n])
      assert.equal(bitsOf(value), bits)
})

test('every remainder of a tree is that of a division', () => {
  for (const count of [1, 2, 3, 63, 64, 65, 129, 300]) {
    const moduli = Array.from({ length: count }, () => numberOf(16 + random.below(600)) + 2n)
    const tree = growTree(moduli, free)
    assert.equal(
      tree.root.value,
      moduli.reduce((all, one) => all * one, 1n),
    )
    for (const dividend of [0n, 1n, tree.root.value, tree.root.value - 1n, numberOf(9_000)]) {
      const remainders: bigint[] = []
      eachRemainder(tree, dividend, free, (_, remainder) => remainders.push(remainder))
      assert.deepEqual(
        remainders,
        moduli.map((modulus) => dividend % modulus),
      )
    }
  }
})

test('small fleets share exactly what all pairs show', () => {
  for (let round = 0; round < 60; round++) {
    const primes = Array.from({ length: 4 + random.below(30) }, () => prime(24 + random.below(40)))
    const moduli = Array.from(
      { length: 1 + random.below(90) },
      () => random.oneOf(primes) * random.oneOf(primes),
    )
    const others = Array.from({ length: random.below(5) }, () => random.oneOf(primes))
    const tree = growTree(moduli, free)
    const product = others.reduce((all, one) => all * one, 1n)
    const expected = moduli.flatMap((modulus, at) => {
      const rest = moduli
        .filter((_, other) => other !== at)
        .reduce((all, one) => all * one, product)
      const divisor = euclid(modulus, rest % modulus)
      return divisor === 1n ? [] : [{ position: at, divisor }]
    })
    assert.deepEqual(findHits(tree, product, free), expected)
    assert.deepEqual(
      positionsSharing(tree, product, free),
      moduli.flatMap((modulus, at) => (euclid(modulus, product) === 1n ? [] : [at])),
    )
  }
})

test('each shared prime is named with all that have it, as pairs would name it', () => {
  for (let round = 0; round < 40; round++) {
    const primes = Array.from({ length: 3 + random.below(12) }, () => prime(64))
    const pairs = Array.from({ length: 2 + random.below(40) }, () => {
      const first = random.oneOf(primes)
      return [first, random.oneOf(primes.filter((one) => one !== first))] as const
    })
    const named = nameSharedPrimes(keysOf(pairs.map(([first, second]) => first * second)))
    for (const one of new Set(primes)) {
      const members = pairs.flatMap((pair, at) => (pair.includes(one) ? [keyId(at + 1)] : []))
      const moduli = new Set(pairs.filter((pair) => pair.includes(one)).map(([p, q]) => p * q))
      const told = named.find(({ cause }) => cause.toHex() === sha256(bytesOf(one)).toHex())
      // What only copies of one modulus have is the modulus, not a prime of it.
      assert.deepEqual(told?.members, moduli.size > 1 ? members : undefined)
    }
  }
})

test('nine primes in all their pairs are told apart, as a known generator made them', () => {
  // "Mining Your Ps and Qs", section 4.1: remote management cards that had no more than nine primes.
  const primes = Array.from({ length: 9 }, () => prime(512))
  const moduli = primes.flatMap((first, at) => primes.slice(at + 1).map((second) => first * second))
  const named = nameSharedPrimes(keysOf(moduli))
  assert.equal(named.length, 9)
  for (const { kind, members } of named) assert.deepEqual([kind, members.length], ['prime', 8])
})

test('the same modulus twice is the same modulus, and no shared prime', () => {
  const modulus = prime(512) * prime(512)
  const [named, ...more] = nameSharedPrimes(keysOf([modulus, prime(512) * prime(512), modulus]))
  assert.deepEqual(more, [])
  assert.equal(named?.kind, 'modulus')
  assert.deepEqual(named?.members, [keyId(1), keyId(3)])
  assert.deepEqual(named?.cause, sha256(bytesOf(modulus)))
})

test('moduli of 1024 to 4096 bits are searched together', () => {
  // Mersenne's primes, which take no time to find: shared by moduli of 1,128 to 3,738 bits.
  const [shared, ...others] = [521n, 607n, 1_279n, 2_203n, 3_217n].map((bits) => (1n << bits) - 1n)
  assert.ok(shared !== undefined)
  const moduli = [...others.map((other) => shared * other), prime(512) * prime(512)]
  const [named] = nameSharedPrimes(keysOf(moduli))
  assert.deepEqual(named?.members, [1, 2, 3, 4].map(keyId))
  assert.deepEqual(named?.cause, sha256(bytesOf(shared)))
})

test('a number that was made of the modulus of another key says nothing about that key', () => {
  // Whoever knows a public key can multiply it, and knows none of its primes by that.
  const [holder, other, beside] = [0, 0, 0].map(() => prime(256) * prime(256))
  assert.ok(holder !== undefined && other !== undefined && beside !== undefined)
  for (const made of [[holder * prime(256)], [holder * other], [holder ** 2n]]) {
    const named = nameSharedPrimes(keysOf([holder, other, beside, ...made]))
    assert.deepEqual(new Set(named.flatMap(({ members }) => members)), new Set([keyId(4)]))
    for (const { kind } of named) assert.equal(kind, 'multiple')
  }
  const twice = nameSharedPrimes(keysOf([holder, holder * prime(256), holder * prime(256)]))
  assert.deepEqual(
    twice.map(({ kind, members, cause }) => [kind, members, cause]),
    [['multiple', [keyId(2), keyId(3)], sha256(bytesOf(holder))]],
  )
})

test('a key that is broken is found beside a number that was made of its modulus', () => {
  const [shared, first, second] = [prime(256), prime(256), prime(256)]
  const moduli = [shared * first, shared * second, shared * first * prime(256)]
  const named = nameSharedPrimes(keysOf(moduli))
  const ofShared = named.find(({ cause }) => cause.toHex() === sha256(bytesOf(shared)).toHex())
  assert.equal(ofShared?.kind, 'prime')
  assert.deepEqual(ofShared.members, [1, 2, 3].map(keyId))
})

test('keys that share nothing are told nothing of', () => {
  const moduli = Array.from({ length: 20 }, () => prime(256) * prime(256))
  assert.deepEqual(nameSharedPrimes(keysOf(moduli)), [])
})
