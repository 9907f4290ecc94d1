// SPDX-License-Identifier: Apache-2.0
import assert from 'node:assert/strict'
import { createECDH } from 'node:crypto'
import { test } from 'node:test'
import { encodeSubjectPublicKeyInfo } from '#format/x509/public-key.ts'
import { keyAlgorithms } from '#trust/algorithms.ts'
import { generateKey } from '#trust/private-key.ts'
import { importPublicKey } from '#trust/public-key.ts'
import { checkKey } from '../check-key.ts'
import { readKeyList } from '../lists/key-list.ts'
import { SortedKeyLists } from '../lists/sorted-key-lists.ts'
import { checkScalar, searchScalars } from './check-scalar.ts'
import { families, type Named, type Powers } from './families.ts'
import { makeScalarList } from './scalar-list.ts'
import { isShortCurve, type ShortCurve, type ShortCurveName, shortCurves } from './short-curve.ts'

const curveNames = Object.keys(shortCurves).filter(isShortCurve)

/** The key that OpenSSL makes of a private key, taken modulo the order. */
function keyOf(name: ShortCurveName, scalar: bigint) {
  const { openssl, octets, order } = shortCurves[name]
  const pair = createECDH(openssl)
  const reduced = ((scalar % order) + order) % order
  pair.setPrivateKey(Uint8Array.fromHex(reduced.toString(16).padStart(2 * octets, '0')))
  const { identifier } = keyAlgorithms[name]
  const key = importPublicKey(
    encodeSubjectPublicKeyInfo(identifier, Uint8Array.from(pair.getPublicKey())),
  )
  if ('kind' in key) assert.fail(key.detail)
  return key
}

function names(found: readonly { readonly name: string }[]) {
  return found.map(({ name }) => name)
}

function someOf(scalars: Powers | Named, curve: ShortCurve): readonly bigint[] {
  if (scalars.kind === 'named') return scalars.of(curve).slice(-3)
  const highest = 1n << BigInt(curve.order.toString(2).length - 2)
  return [highest, highest - 1n, 1n << 100n]
}

for (const name of curveNames) {
  const { octets } = shortCurves[name]
  const word = (hex: string) => BigInt(`0x${hex.repeat(octets).slice(0, 2 * Math.floor(octets))}`)

  for (const scalar of [1n, 2n, 1024n, -1n, -1000n])
    test(`${name}: the private key ${scalar} is known without any list`, () => {
      assert.deepEqual(names(checkScalar(keyOf(name, scalar))), ['scalar-small'])
      assert.ok(names(checkKey(keyOf(name, scalar))).includes('scalar-small'))
    })

  test(`${name}: one octet again and again, counting octets and written words are known without any list`, () => {
    const whole = name === 'p-521' ? 65 : octets
    const counting = BigInt(`0x${Uint8Array.from({ length: whole }, (_, at) => at + 1).toHex()}`)
    for (const scalar of [0xa5, 0x01, 0xff].map((octet) =>
      word(octet.toString(16).padStart(2, '0')),
    )) {
      const kept = name === 'p-521' ? scalar >> 8n : scalar
      assert.deepEqual(names(checkScalar(keyOf(name, kept))), ['scalar-pattern'], kept.toString(16))
    }
    assert.deepEqual(names(checkScalar(keyOf(name, counting))), ['scalar-pattern'])
  })

  test(`${name}: each family is found, at its ends and by its negatives, and what lies beyond is not`, () => {
    const curve = shortCurves[name]
    for (const { finds, scalars } of Object.values(families)) {
      const some =
        scalars.kind !== 'multiples'
          ? someOf(scalars, curve)
          : [1n, 777n % BigInt(scalars.count), 1025n % BigInt(scalars.count), BigInt(scalars.count)]
              .filter((times) => times > 0n)
              .map((times) => scalars.base(curve) * times)
      for (const scalar of [...some, -(some[0] ?? 1n)]) {
        // The smallest numbers are in more than one family.
        const found = searchScalars(keyOf(name, scalar))
        assert.equal(found.length, 1, scalar.toString(16))
        if (scalar > 2n ** 20n) assert.equal(found[0]?.name, finds, scalar.toString(16))
      }
    }
    assert.deepEqual(searchScalars(keyOf(name, 2n ** 20n + 5_000n)), [])
  })

  test(`${name}: a key that chance made is of no family`, async () => {
    const { publicKey } = await generateKey(name)
    assert.deepEqual(searchScalars(publicKey), [])
  })
}

const few = 1_500
const made = makeScalarList(curveNames, few)
const bytes = new Uint8Array([...made.head, ...made.entries])
const list = await readKeyList([bytes], (offset, octets) => bytes.subarray(offset, offset + octets))
const lists = new SortedKeyLists([list])

test('the list that is made finds what it was made of, by one reading and a closer look', () => {
  for (const name of curveNames)
    for (const [part, { finds, scalars }] of Object.entries(families)) {
      const scalar =
        scalars.kind !== 'multiples'
          ? (someOf(scalars, shortCurves[name])[0] ?? 0n)
          : scalars.base(shortCurves[name]) * BigInt(Math.min(few, scalars.count))
      const found = lists.find(keyOf(name, scalar))
      // A power of two may be a small number.
      assert.equal(found.length, 1, `${name}, part ${part}`)
      if (scalar > 2n ** 20n) assert.equal(found[0]?.name, finds, `${name}, part ${part}`)
      assert.doesNotMatch(found[0]?.detail ?? '', new RegExp(scalar.toString(16).padStart(8, '#')))
    }
})

test('the list is the same wherever it is made', () => {
  const digest = 'ecf7db317d99114f96eb43f77468850002a114124110181e472a09a98bd71b91'
  assert.equal(list.head.sha256.toHex(), digest)
})

test('what a list meets by chance is no finding', async () => {
  const { publicKey } = await generateKey('p-256')
  // An entry with the digest of a sound key, as one key in 270,000 meets one.
  const chance = new SortedKeyLists([
    Object.assign(Object.create(list), { find: () => 1, finds: 'scalar-small', head: list.head }),
  ])
  assert.deepEqual(chance.find(publicKey), [])
})

test('a weak key is found, too, where the list names another family, as its digest is that of two', () => {
  const { base } = families[5].scalars
  const other = new SortedKeyLists([
    Object.assign(Object.create(list), { find: () => 3, finds: 'scalar-small', head: list.head }),
  ])
  const key = keyOf('p-256', 40_000n * base(shortCurves['p-256']))
  assert.deepEqual(names(other.find(key)), ['scalar-pattern'])
})
