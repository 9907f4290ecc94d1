// SPDX-License-Identifier: Apache-2.0
import assert from 'node:assert/strict'
import { verify } from 'node:crypto'
import { test } from 'node:test'
import { Random, seedOfRun } from '../../../../test/fuzz/random.ts'
import {
  anyNumber,
  digestOf,
  type KnownKey,
  knownKey,
  signDigest,
} from '../../../../test/support/chosen-nonces.ts'
import { positive } from '../scalars/short-curve.ts'
import { type CurveName, curves, inverseOf, isPrivateKeyOf, numberOf, octetsOf } from './curve.ts'
import { type EcdsaParts, signedNumber } from './ecdsa-signature.ts'
import { type Recovered, type RecoveringPorts, recoverKeys, type SignatureOf } from './recover.ts'

const names = Object.keys(curves) as CurveName[]
const digests = ['sha256', 'sha384', 'sha512'] as const

interface Signed {
  readonly key: KnownKey
  readonly parts: EcdsaParts
}

/** Which of the keys follow, by their place in the order in which they were named. */
function recovered(all: readonly Signed[], nonceOf: RecoveringPorts['nonceOf'] = () => undefined) {
  const keys = [...new Set(all.map(({ key }) => key))]
  const signatures = all.map(({ key, parts }): SignatureOf => {
    return { key: String(keys.indexOf(key)), curve: key.curve, ...parts }
  })
  const pointOf = (key: string) => keys[Number(key)]?.point
  return Object.fromEntries(
    [...recoverKeys(signatures, { pointOf, nonceOf })].map(([key, { by }]) => [key, by]),
  ) satisfies Record<string, Recovered['by']>
}

function signed(
  key: KnownKey,
  nonce: bigint,
  message: string,
  digest: (typeof digests)[number] = 'sha256',
): Signed {
  return { key, parts: signDigest(key, nonce, digestOf(digest, message)) }
}

/** The same signature with the other sign of s, which verifies as well. */
function malleated({ key, parts }: Signed): Signed {
  const { order, octets } = curves[key.curve]
  return { key, parts: { ...parts, s: octetsOf(order - numberOf(parts.s), octets) } }
}

test("the test's own signatures are those of RFC 6979, and verify", () => {
  // RFC 6979 appendix A.2.5: P-256, SHA-256, message "sample".
  const key = knownKey('p-256', 0xc9afa9d845ba75166b5c215767b1d6934e50c3db36e89b127b8a622b120f6721n)
  const nonce = 0xa6e3c57dd01abe90086538398355dd4c3b17aa873382b0f24d6129493d8aad60n
  const { r, s } = signDigest(key, nonce, digestOf('sha256', 'sample'))
  assert.equal(r.toHex(), 'efd48b2aacb6a8fd1140dd9cd45e81d69d2c877b56aaf991c34d0ea84eaf3716')
  assert.equal(s.toHex(), 'f7cb1c942d657c41d436c7a1b6e29f65f3e900dbb9aff4064dc4ab2f843acda8')
  for (const curve of names) {
    for (const digest of digests) {
      const one = signed(knownKey(curve), anyNumber(curve), 'sample', digest)
      for (const { key, parts } of [one, malleated(one)]) {
        const signature = Buffer.concat([parts.r, parts.s])
        const how = { key: key.publicKey.keyObject, dsaEncoding: 'ieee-p1363' } as const
        assert.ok(verify(digest, Buffer.from('sample'), how, signature), `${curve} ${digest}`)
      }
    }
  }
})

test('the orders are those of the curves', () => {
  for (const curve of names) {
    const { order, octets } = curves[curve]
    // One less than the order is minus one: its point has the generator's x.
    const [one, last] = [knownKey(curve, 1n).point, knownKey(curve, order - 1n).point]
    assert.deepEqual(last.subarray(0, octets), one.subarray(0, octets))
    assert.notDeepEqual(last, one)
    assert.equal(isPrivateKeyOf(one, 1n, curves[curve]), true)
    for (const wrong of [0n, 2n, order, order + 1n, -1n])
      assert.equal(isPrivateKeyOf(one, wrong, curves[curve]), false)
  }
})

test('only the leading bits of a long digest are signed', () => {
  const digest = digestOf('sha512', 'x')
  assert.equal(
    signedNumber(digest, curves['p-256']),
    numberOf(digest.subarray(0, 32)) % curves['p-256'].order,
  )
  assert.equal(
    signedNumber(digest, curves['p-384']),
    numberOf(digest.subarray(0, 48)) % curves['p-384'].order,
  )
  assert.equal(signedNumber(digest, curves['p-521']), numberOf(digest))
})

for (const curve of names)
  for (const digest of digests)
    test(`two messages under one nonce give the key away: ${curve} with ${digest}`, () => {
      const key = knownKey(curve)
      const nonce = anyNumber(curve)
      const [one, other] = [signed(key, nonce, 'a', digest), signed(key, nonce, 'b', digest)]
      for (const pair of [
        [one, other],
        [malleated(one), other],
        [one, malleated(other)],
        [malleated(one), malleated(other)],
      ])
        assert.deepEqual(recovered(pair), { 0: 'nonce-repeated' })
    })

test('two digests of one message under one nonce give the key away, too', () => {
  const key = knownKey('p-256')
  const nonce = anyNumber('p-256')
  const all = [signed(key, nonce, 'a', 'sha256'), signed(key, nonce, 'a', 'sha384')]
  assert.deepEqual(recovered(all), { 0: 'nonce-repeated' })
})

test('one signed message that is sent 1,000 times says nothing, with either sign', () => {
  const key = knownKey('p-256')
  const one = signed(key, anyNumber('p-256'), 'a')
  const all = Array.from({ length: 1000 }, (_, at) => (at % 2 === 0 ? one : malleated(one)))
  assert.deepEqual(recovered(all), {})
})

test('random nonces say nothing, however many', (t) => {
  t.diagnostic(`seed ${seedOfRun()}`)
  const random = new Random(seedOfRun())
  for (const curve of names) {
    const keys = Array.from({ length: 4 }, () =>
      knownKey(
        curve,
        anyNumber(curve, (n) => random.bytes(n)),
      ),
    )
    const all = keys.flatMap((key) =>
      Array.from({ length: 8 }, (_, at) =>
        signed(
          key,
          anyNumber(curve, (n) => random.bytes(n)),
          `${at}`,
        ),
      ),
    )
    assert.deepEqual(recovered(all), {}, curve)
  }
})

test('a nonce that two keys share once gives neither away', () => {
  const nonce = anyNumber('p-256')
  const all = [signed(knownKey('p-256'), nonce, 'a'), signed(knownKey('p-256'), nonce, 'b')]
  assert.deepEqual(recovered(all), {})
})

for (const curve of names)
  test(`two keys that share two nonces fall together: ${curve}`, () => {
    const [first, second] = [knownKey(curve), knownKey(curve)]
    const [nonce, next] = [anyNumber(curve), anyNumber(curve)]
    const all = [
      ...[signed(first, nonce, 'a'), signed(second, nonce, 'b')],
      ...[malleated(signed(first, next, 'c')), signed(second, next, 'd')],
    ]
    assert.deepEqual(recovered(all), { 0: 'nonce-shared', 1: 'nonce-shared' })
  })

test('three keys in a circle of three nonces fall together', () => {
  const [a, b, c] = [knownKey('p-256'), knownKey('p-256'), knownKey('p-256')]
  const [k, l, m] = [anyNumber('p-256'), anyNumber('p-256'), anyNumber('p-256')]
  const open = [signed(a, k, '1'), signed(b, k, '2'), signed(b, l, '3'), signed(c, l, '4')]
  assert.deepEqual(recovered(open), {})
  const closed = [...open, malleated(signed(c, m, '5')), signed(a, m, '6')]
  assert.deepEqual(recovered(closed), { 0: 'nonce-shared', 1: 'nonce-shared', 2: 'nonce-shared' })
})

test('who shares a nonce with a key that falls, falls with it, and who shares with that one, too', () => {
  const [a, b, c, alone] = ['p-256', 'p-256', 'p-256', 'p-256'].map((curve) =>
    knownKey(curve as CurveName),
  )
  if (a === undefined || b === undefined || c === undefined || alone === undefined) assert.fail()
  const [k, l, m] = [anyNumber('p-256'), anyNumber('p-256'), anyNumber('p-256')]
  const all = [
    ...[signed(a, k, '1'), signed(a, k, '2'), signed(a, l, '3')],
    ...[malleated(signed(b, l, '4')), signed(b, m, '5'), signed(c, m, '6')],
    signed(alone, anyNumber('p-256'), '7'),
  ]
  assert.deepEqual(recovered(all), { 0: 'nonce-repeated', 1: 'nonce-shared', 2: 'nonce-shared' })
})

test('a nonce that can be guessed gives the key away by one signature', () => {
  for (const curve of names) {
    const guess = 4711n
    const { r } = signDigest({ curve, scalar: 1n }, guess, new Uint8Array(32))
    const nonceOf = (asked: CurveName, of: Uint8Array) =>
      asked === curve && of.toHex() === r.toHex() ? guess : undefined
    const one = signed(knownKey(curve), guess, 'a')
    assert.deepEqual(recovered([one], nonceOf), { 0: 'nonce-small' })
    assert.deepEqual(recovered([malleated(one)], nonceOf), { 0: 'nonce-small' })
    // Minus the nonce has the same r.
    const negative = signed(knownKey(curve), curves[curve].order - guess, 'a')
    assert.deepEqual(recovered([negative], nonceOf), { 0: 'nonce-small' })
  }
})

test('what is told of another key than the one that signed is not believed', () => {
  const nonce = anyNumber('p-256')
  const key = knownKey('p-256')
  const stranger = { ...key, point: knownKey('p-256').point }
  const all = [signed(stranger, nonce, 'a'), signed(stranger, nonce, 'b')]
  assert.deepEqual(recovered(all), {})
})

test('one nonce of a whole fleet is searched within bounds', () => {
  const nonce = anyNumber('p-256')
  const fleet = Array.from({ length: 300 }, () => signed(knownKey('p-256'), nonce, 'a'))
  assert.deepEqual(recovered(fleet), {})
  const traitor = fleet[0] ?? assert.fail()
  const all = [...fleet, signed(traitor.key, nonce, 'b')]
  assert.equal(Object.keys(recovered(all)).length, 300)
})

test('the inverse is one, and a multiple of the prime has none', () => {
  const { order } = curves['p-384']
  for (const number of [1n, 2n, order - 1n, anyNumber('p-384')])
    assert.equal(positive(number * (inverseOf(number, order) ?? 0n), order), 1n)
  assert.equal(inverseOf(0n, order), undefined)
  assert.equal(inverseOf(order * 3n, order), undefined)
})
