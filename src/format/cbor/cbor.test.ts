// SPDX-License-Identifier: Apache-2.0
import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import type { FormatCode } from '#format/format-error.ts'
import { cborLimits } from './limits.ts'
import { CborReader, parseCbor } from './reader.ts'
import { CborTagged, type CborValue } from './value.ts'
import { encodeCbor } from './writer.ts'

const limits = cborLimits.item
const parse = (hex: string) => parseCbor(Uint8Array.fromHex(hex), limits)

/** RFC 8949 appendix A, those whose values can be said here. */
const examples: readonly (readonly [string, CborValue])[] = [
  ['00', 0],
  ['01', 1],
  ['0a', 10],
  ['17', 23],
  ['1818', 24],
  ['1819', 25],
  ['1864', 100],
  ['1903e8', 1000],
  ['1a000f4240', 1_000_000],
  ['1b000000e8d4a51000', 1_000_000_000_000],
  ['1b001fffffffffffff', Number.MAX_SAFE_INTEGER],
  ['20', -1],
  ['29', -10],
  ['3863', -100],
  ['3903e7', -1000],
  ['3b001ffffffffffffe', Number.MIN_SAFE_INTEGER],
  ['f4', false],
  ['f5', true],
  ['f6', null],
  ['40', Uint8Array.of()],
  ['4401020304', Uint8Array.of(1, 2, 3, 4)],
  ['60', ''],
  ['6161', 'a'],
  ['6449455446', 'IETF'],
  ['62225c', '"\\'],
  ['62c3bc', 'ü'],
  ['63e6b0b4', '水'],
  ['64f0908591', '𐅑'],
  ['80', []],
  ['83010203', [1, 2, 3]],
  ['8301820203820405', [1, [2, 3], [4, 5]]],
  [
    '98190102030405060708090a0b0c0d0e0f101112131415161718181819',
    Array.from({ length: 25 }, (_, index) => index + 1),
  ],
  ['a0', new Map()],
  ['a201020304', new Map([...[[1, 2] as const, [3, 4] as const]])],
  [
    'a26161016162820203',
    new Map<string, CborValue>([...[['a', 1] as const, ['b', [2, 3]] as const]]),
  ],
  ['826161a161626163', ['a', new Map([['b', 'c']])]],
  ['c074323031332d30332d32315432303a30343a30305a', new CborTagged(0, '2013-03-21T20:04:00Z')],
  ['c11a514b67b0', new CborTagged(1, 1_363_896_240)],
  ['d74401020304', new CborTagged(23, Uint8Array.of(1, 2, 3, 4))],
  ['d818456449455446', new CborTagged(24, Uint8Array.fromHex('6449455446'))],
]

for (const [hex, value] of examples)
  test(`${hex} says what RFC 8949 appendix A says, and is written so`, () => {
    assert.deepEqual(parse(hex), value)
    assert.equal(encodeCbor(value).toHex(), hex)
  })

/** What other encoders may write, and a deterministic one never does. */
const refused: readonly (readonly [string, string, FormatCode])[] = [
  ['an integer in one octet too many', '1817', 'length-not-minimal'],
  ['an integer in two octets for one', '1900ff', 'length-not-minimal'],
  ['an integer in four octets for two', '1a0000ffff', 'length-not-minimal'],
  ['an integer in eight octets for four', '1b00000000ffffffff', 'length-not-minimal'],
  ['a negative integer in too many octets', '3800', 'length-not-minimal'],
  ['a length in too many octets', '58014100', 'length-not-minimal'],
  ['a count in too many octets', '980100', 'length-not-minimal'],
  ['a tag in too many octets', 'd80100', 'length-not-minimal'],
  ['a byte string in chunks', '5f42010243030405ff', 'indefinite-length'],
  ['a text in chunks', '7f657374726561646d696e67ff', 'indefinite-length'],
  ['an array without a count', '9f018202039f0405ffff', 'indefinite-length'],
  ['a map without a count', 'bf61610161629f0203ffff', 'indefinite-length'],
  ['a break alone', 'ff', 'value-not-allowed'],
  ['a reserved head', '1c', 'value-not-allowed'],
  ['keys in another order', 'a203040102', 'map-not-sorted'],
  ['keys by length first, as an older rule had them', 'a22000186400', 'map-not-sorted'],
  ['a key twice', 'a201020103', 'map-key-duplicate'],
  ['text that is not UTF-8', '62c328', 'text-malformed'],
  ['text of half a surrogate pair', '63eda080', 'text-malformed'],
  ['a half float', 'f90000', 'value-not-allowed'],
  ['a float', 'fa47c35000', 'value-not-allowed'],
  ['a double', 'fb3ff199999999999a', 'value-not-allowed'],
  ['undefined', 'f7', 'value-not-allowed'],
  ['another simple value', 'f0', 'value-not-allowed'],
  ['a simple value in two octets', 'f8ff', 'value-not-allowed'],
  ['an integer of 54 bits', '1b0020000000000000', 'too-large'],
  ['a negative integer of 54 bits', '3b001fffffffffffff', 'too-large'],
  ['octets behind the item', '0000', 'trailing-bytes'],
  ['nothing', '', 'truncated'],
  ['a head without its argument', '19', 'truncated'],
  ['a byte string without its octets', '4401', 'truncated'],
  ['an array that counts more than there is', '9affffffff00', 'truncated'],
  ['a map that counts more than there is', 'bb001fffffffffffff00', 'truncated'],
  ['a tag of nothing', 'c1', 'truncated'],
]

for (const [what, hex, code] of refused)
  test(`refuses ${what}: ${code}`, () => {
    assert.throws(() => parse(hex), { code })
  })

test('keys are sorted by their octets when they are written', () => {
  const keys = [-1, 'aa', 10, 100, 'z', false, Uint8Array.of(1), [1]]
  const written = encodeCbor(new Map<CborValue, CborValue>(keys.map((key) => [key, 0])))
  assert.equal(written.toHex(), 'a80a001864002000410100617a0062616100810100f400')
  assert.deepEqual(
    [...(parseCbor(written, limits) as Map<CborValue, CborValue>).keys()],
    [...[10, 100, -1, Uint8Array.of(1), 'z', 'aa', [1], false]],
  )
})

test('a key that stands twice is not written', () => {
  const map = new Map<CborValue, CborValue>([
    [Uint8Array.of(1), 1],
    [Uint8Array.of(1), 2],
  ])
  assert.throws(() => encodeCbor(map), { code: 'map-key-duplicate' })
})

test('what has no deterministic form here is not written', () => {
  for (const value of [0.5, Number.NaN, 2 ** 53, '\ud800', undefined as unknown as null])
    assert.throws(() => encodeCbor(value), TypeError)
})

test('depth, count and size are budgets', () => {
  const nested = (depth: number) => `${'81'.repeat(depth)}00`
  assert.ok(parse(nested(16)))
  assert.throws(() => parse(nested(17)), { code: 'too-deep', offset: 16 })
  assert.throws(() => parse(`${'c1'.repeat(17)}00`), { code: 'too-deep' })
  assert.throws(() => parse('c1'.repeat(60_000)), { code: 'too-deep' })
  const many = encodeCbor(Array.from({ length: 10_000 }, () => 0))
  assert.throws(() => parseCbor(many, limits), { code: 'too-many' })
  assert.throws(() => parseCbor(new Uint8Array(11), { ...limits, maxBytes: 10 }), {
    code: 'too-large',
  })
})

test('a reader inside a byte string spends the same budget and counts offsets from the outermost octet', () => {
  const bytes = encodeCbor([encodeCbor([encodeCbor([0.0 + 1, 'x'])])])
  const outer = CborReader.over(bytes, { maxBytes: 100, maxDepth: 6, maxValues: 100 })
  outer.tuple(1, () => {
    const first = outer.wrapped()
    first.tuple(1, () => {
      const second = first.wrapped()
      assert.throws(() => second.tuple(3, () => 0), { code: 'value-not-allowed', offset: 4 })
    })
  })
  const shallow = CborReader.over(bytes, { maxBytes: 100, maxDepth: 2, maxValues: 100 })
  assert.throws(() => shallow.tuple(1, () => shallow.wrapped().tuple(1, () => 0)), {
    code: 'too-deep',
  })
})

const scalar = fc.oneof(
  fc.maxSafeInteger(),
  fc.string({ unit: 'binary' }),
  fc.boolean(),
  fc.constant(null),
  fc.uint8Array(),
)
const { value: anything } = fc.letrec<{ value: CborValue }>((tie) => ({
  value: fc.oneof(
    { maxDepth: 4 },
    scalar,
    fc.array(tie('value')),
    fc
      .uniqueArray(fc.tuple(scalar, tie('value')), {
        selector: ([key]) => encodeCbor(key).toHex(),
        maxLength: 5,
      })
      .map((entries) => new Map(entries)),
    fc.tuple(fc.nat(), tie('value')).map(([tag, value]) => new CborTagged(tag, value)),
  ),
}))

test('whatever can be written is read again, and written in no other way', () => {
  fc.assert(
    fc.property(anything, (value) => {
      const bytes = encodeCbor(value)
      assert.deepEqual(encodeCbor(parseCbor(bytes, limits)), bytes)
    }),
    { numRuns: 500 },
  )
})
