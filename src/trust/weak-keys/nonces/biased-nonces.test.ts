// SPDX-License-Identifier: Apache-2.0
import assert from 'node:assert/strict'
import { randomBytes } from 'node:crypto'
import { test } from 'node:test'
import { parseSubjectPublicKeyInfo } from '#format/x509/public-key.ts'
import { importPublicKey } from '#trust/public-key.ts'
import { readVectors } from '../../../../test/frozen-vectors.ts'
import { Random, seedOfRun } from '../../../../test/fuzz/random.ts'
import {
  anyNumber,
  digestOf,
  type KnownKey,
  knownKey,
  signDigest,
} from '../../../../test/support/chosen-nonces.ts'
import {
  fewestSignatures,
  findBiasedNonces,
  mostSignatures,
  type NonceBias,
  signaturesFor,
} from './biased-nonces.ts'
import { type CurveName, curves, numberOf, octetsOf } from './curve.ts'
import type { EcdsaParts } from './ecdsa-signature.ts'

type Kind = Pick<NonceBias, 'end' | 'how'>

const kinds: readonly Kind[] = [
  { end: 'upper', how: 'zero' },
  { end: 'lower', how: 'zero' },
  { end: 'upper', how: 'equal' },
  { end: 'lower', how: 'equal' },
]

/** Nonces as a bad generator gives them: so many of their bits are zero, or the same in all. */
function generator({ end, how }: Kind, bits: number, curve: CurveName): () => bigint {
  const { order, orderBits } = curves[curve]
  const rest = BigInt(orderBits - bits)
  const same = how === 'zero' ? 0n : anyNumber(curve)
  return () => {
    for (;;) {
      const chance = anyNumber(curve)
      const nonce =
        end === 'upper'
          ? ((same >> rest) << rest) | (chance & ((1n << rest) - 1n))
          : ((chance >> BigInt(bits)) << BigInt(bits)) | (same & ((1n << BigInt(bits)) - 1n))
      if (nonce > 0n && nonce < order) return nonce
    }
  }
}

function signedBy(key: KnownKey, count: number, nonceOf: () => bigint): readonly EcdsaParts[] {
  return Array.from({ length: count }, (_, at) =>
    signDigest(key, nonceOf(), digestOf('sha256', `message ${at}`)),
  )
}

/** The same signature as it is told by those who tell the lesser s. */
function lesser(parts: EcdsaParts, curve: CurveName): EcdsaParts {
  const { order, octets } = curves[curve]
  const s = numberOf(parts.s)
  return s * 2n > order ? { ...parts, s: octetsOf(order - s, octets) } : parts
}

function search({ curve, point }: KnownKey, signatures: readonly EcdsaParts[]) {
  return findBiasedNonces(curve, point, signatures)
}

const planted: readonly (readonly [CurveName, number, readonly Kind[]])[] = [
  ...[128, 96, 64, 32, 16].map((bits) => ['p-256', bits, kinds] as const),
  // The other kinds take seconds each: bench/keywatch.ts plants them.
  ['p-256', 8, kinds.slice(0, 1)],
  ...[128, 64, 32].map((bits) => ['p-384', bits, kinds] as const),
  ...[128, 64].map((bits) => ['p-521', bits, kinds] as const),
]

for (const [curve, bits, some] of planted)
  for (const kind of some)
    test(`${curve}: ${bits} ${kind.end} bits that are ${kind.how} give the key away, by as few signatures as are said`, () => {
      const key = knownKey(curve)
      const least = signaturesFor(bits, curves[curve]) ?? assert.fail('no lattice is that large')
      const count = kind.how === 'zero' ? least : least + 1
      const found = search(key, signedBy(key, count, generator(kind, bits, curve)))
      assert.deepEqual([found?.end, found?.how, found?.signatures], [kind.end, kind.how, count])
      // By chance one or two more of them may be alike.
      assert.ok(found !== undefined && found.bits >= bits && found.bits <= bits + 8)
      assert.equal(found.orderBits, curves[curve].orderBits)
    })

for (const vector of readVectors('trust/nonces'))
  test(`what others published of their search: ${vector.name}`, () => {
    const [first, ...blocks] = vector.blocks
    const key = importPublicKey(parseSubjectPublicKeyInfo(first?.bytes ?? new Uint8Array()))
    if ('kind' in key) assert.fail(key.detail)
    const point = key.keyObject.export({ format: 'raw-public', type: 'uncompressed' }).subarray(1)
    const pairs = Array.from({ length: blocks.length / 2 }, (_, at) => {
      const [digest, both] = [blocks[2 * at]?.bytes, blocks[2 * at + 1]?.bytes]
      if (digest === undefined || both === undefined) assert.fail('half a pair')
      return { digest, r: both.subarray(0, 32), s: both.subarray(32) }
    })
    const found = findBiasedNonces('p-256', point, pairs)
    assert.equal(found === undefined ? 'nothing' : `${found.end} ${found.how}`, vector.expect)
  })

test('honest keys are never found, however often they sign', (t) => {
  t.diagnostic(`seed ${seedOfRun()}`)
  const random = new Random(seedOfRun())
  const any = (curve: CurveName) => anyNumber(curve, (octets) => random.bytes(octets))
  for (const [curve, signatures, keys] of [
    ['p-256', 9, 12],
    ['p-256', 19, 2],
    ['p-384', 9, 4],
    ['p-521', 9, 4],
  ] as const)
    for (let at = 0; at < keys; at++) {
      const key = knownKey(curve, any(curve))
      assert.equal(
        search(
          key,
          signedBy(key, signatures, () => any(curve)),
        ),
        undefined,
      )
    }
})

test('what does not multiply to the key is not told', () => {
  const key = knownKey('p-256')
  const short = generator({ end: 'upper', how: 'zero' }, 128, 'p-256')
  const signatures = signedBy(key, 3, short)
  assert.equal(findBiasedNonces('p-256', knownKey('p-256').point, signatures), undefined)
  assert.ok(search(key, signatures))
})

test('either sign of s is as good, where the bits are zero', () => {
  for (const end of ['upper', 'lower'] as const) {
    const key = knownKey('p-256')
    const signatures = signedBy(key, 9, generator({ end, how: 'zero' }, 32, 'p-256'))
    const found = search(
      key,
      signatures.map((one) => lesser(one, 'p-256')),
    )
    assert.deepEqual([found?.end, found?.how], [end, 'zero'])
    assert.ok(found !== undefined && found.bits >= 32 && found.bits < 40)
  }
})

test('a generator that was mended is found by what it signed before, and one that broke by what it signed since', () => {
  const key = knownKey('p-256')
  const bad = signedBy(key, 5, generator({ end: 'upper', how: 'zero' }, 64, 'p-256'))
  const good = signedBy(key, 5, () => anyNumber('p-256'))
  for (const both of [
    [...good, ...bad],
    [...bad, ...good],
  ])
    assert.equal(search(key, both)?.signatures, 5)
})

test('it says which bits, and nothing that is secret', () => {
  const key = knownKey('p-256')
  const nonceOf = generator({ end: 'upper', how: 'equal' }, 128, 'p-256')
  const nonces = Array.from({ length: 4 }, nonceOf)
  const waiting = [...nonces]
  const found = search(
    key,
    signedBy(key, 4, () => waiting.pop() ?? 1n),
  )
  assert.deepEqual(Object.keys(found ?? {}).toSorted(), [
    ...['bits', 'end', 'how', 'orderBits', 'signatures'],
  ])
})

test('one signature many times over, and numbers of no signature, are passed over', () => {
  const key = knownKey('p-256')
  const short = generator({ end: 'upper', how: 'zero' }, 128, 'p-256')
  const [one, ...more] = signedBy(key, 3, short)
  if (one === undefined) assert.fail()
  const { order, octets } = curves['p-256']
  const zero = new Uint8Array(octets)
  const rubbish: readonly EcdsaParts[] = [
    { ...one, r: zero },
    { ...one, s: zero },
    { ...one, r: octetsOf(order, octets) },
    { ...one, s: zero.map(() => 0xff) },
    { ...one, r: new Uint8Array(1_000).fill(1) },
    { ...one, s: new Uint8Array() },
    { digest: new Uint8Array(), r: octetsOf(7n, octets), s: octetsOf(7n, octets) },
  ]
  assert.equal(
    search(
      key,
      Array.from({ length: 50 }, () => one),
    ),
    undefined,
  )
  assert.equal(search(key, rubbish), undefined)
  assert.equal(search(key, [one, ...rubbish.slice(0, 6), one, ...more])?.signatures, 3)
})

test('numbers that somebody made so that they hang together end in nothing', () => {
  const { point } = knownKey('p-256')
  const { octets } = curves['p-256']
  // r / s is the same in all, so that no difference has anything of the key in it.
  const alike = Array.from({ length: 12 }, (_, at): EcdsaParts => {
    const number = octetsOf(BigInt(at + 1), octets)
    return { digest: randomBytes(32), r: number, s: number }
  })
  assert.equal(findBiasedNonces('p-256', point, alike), undefined)
  const empty = alike.map((one) => ({ ...one, digest: new Uint8Array(32) }))
  assert.equal(findBiasedNonces('p-256', point, empty), undefined)
})

test('of a million signatures of one key only the first are searched', () => {
  const key = knownKey('p-256')
  const [one] = signedBy(key, 1, () => 5n)
  const short = signedBy(key, 3, generator({ end: 'upper', how: 'zero' }, 128, 'p-256'))
  const many = new Array<EcdsaParts>(1_000_000).fill(one ?? assert.fail())
  assert.equal(search(key, [...many, ...short]), undefined)
  assert.ok(search(key, [...many.slice(0, mostSignatures - 3), ...short]))
})

test('of fewer signatures than anything follows from nothing is searched', () => {
  assert.deepEqual(
    (Object.keys(curves) as CurveName[]).map((curve) => [curve, fewestSignatures(curve)]),
    [
      ['p-256', 3],
      ['p-384', 4],
      ['p-521', 5],
    ],
  )
  assert.equal(signaturesFor(8, curves['p-521']), undefined)
})
