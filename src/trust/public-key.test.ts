// SPDX-License-Identifier: Apache-2.0
import assert from 'node:assert/strict'
import { createECDH } from 'node:crypto'
import { test } from 'node:test'
import fc from 'fast-check'
import { concatBytes } from '#format/bytes.ts'
import { encodeDer } from '#format/der/writer.ts'
import { algorithms } from '#format/oids.ts'
import {
  type AlgorithmIdentifier,
  encodeAlgorithmIdentifier,
} from '#format/x509/algorithm-identifier.ts'
import { encodeSubjectPublicKeyInfo, parseSubjectPublicKeyInfo } from '#format/x509/public-key.ts'
import { readVectors } from '../../test/frozen-vectors.ts'
import { type KeyAlgorithmName, keyAlgorithms } from './algorithms.ts'
import { generateKey } from './private-key.ts'
import { importPublicKey, type PublicKey } from './public-key.ts'
import { powerModulo } from './weak-keys/deep/power.ts'
import { positive, type ShortCurveName, shortCurves } from './weak-keys/scalars/short-curve.ts'

function importKey(algorithm: KeyAlgorithmName | AlgorithmIdentifier, key: Uint8Array) {
  const identifier = typeof algorithm === 'string' ? keyAlgorithms[algorithm].identifier : algorithm
  return importPublicKey(encodeSubjectPublicKeyInfo(identifier, key))
}

function imported(algorithm: KeyAlgorithmName, key: Uint8Array): PublicKey {
  const result = importKey(algorithm, key)
  if ('kind' in result) assert.fail(result.detail)
  return result
}

function refusal(algorithm: KeyAlgorithmName | AlgorithmIdentifier, key: Uint8Array): string {
  const result = importKey(algorithm, key)
  return 'kind' in result ? result.reason : assert.fail('the key was accepted')
}

/** RSAPublicKey of any two numbers. */
function rsaKey(modulus: bigint, exponent: bigint): Uint8Array {
  return encodeDer((writer) => {
    writer.sequence(() => {
      writer.integerBytes(integerContent(modulus))
      writer.integerBytes(integerContent(exponent))
    })
  })
}

/** Content octets of an INTEGER, minimal. */
function integerContent(value: bigint): Uint8Array {
  const octets = BigInt(((value < 0n ? -value : value).toString(2).length / 8 + 1) | 0)
  return Uint8Array.fromHex(
    BigInt.asUintN(Number(octets) * 8, value)
      .toString(16)
      .padStart(Number(octets) * 2, '0'),
  )
}

const oddModulus = (bits: number) =>
  fc
    .bigInt({ min: 0n, max: (1n << BigInt(bits - 2)) - 1n })
    .map((middle) => (1n << BigInt(bits - 1)) | (middle << 1n) | 1n)
const soundExponent = fc
  .bigInt({ min: 32_768n, max: (1n << 63n) - 1n })
  .map((half) => 2n * half + 1n)

test('an rsa key with another exponent is the same key', () => {
  fc.assert(
    fc.property(
      fc.constantFrom(2048, 3072, 4096).chain(oddModulus),
      soundExponent,
      soundExponent,
      (modulus, one, other) => {
        const name = `rsa-${modulus.toString(2).length}` as KeyAlgorithmName
        const [left, right] = [one, other].map((exponent) =>
          imported(name, rsaKey(modulus, exponent)),
        )
        assert.deepEqual(left?.fingerprint, right?.fingerprint)
        const stranger = imported(name, rsaKey(modulus ^ 2n, one))
        assert.notDeepEqual(left?.fingerprint, stranger.fingerprint)
      },
    ),
    { numRuns: 100 },
  )
})

test('an rsa key in another encoding is the same key or is refused', () => {
  const modulus = (1n << 2047n) | 12345n
  const sound = rsaKey(modulus, 65_537n)
  const { fingerprint } = imported('rsa-2048', sound)
  fc.assert(
    fc.property(fc.nat(sound.length - 1), fc.integer({ min: 1, max: 255 }), (at, change) => {
      const bent = sound.with(at, sound[at]! ^ change)
      const result = importKey('rsa-2048', bent)
      // The exponent stands in the last three octets, the modulus from the ninth on.
      const inModulus = at >= 8 && at < sound.length - 5
      if ('kind' in result) return
      assert.equal(result.fingerprint.toHex() === fingerprint.toHex(), !inModulus, `octet ${at}`)
    }),
    { numRuns: 500 },
  )
})

/** A point so near to zero that its x still has room for the prime. All three primes are 3 modulo 4. */
function pointOfSmallX(name: ShortCurveName): { readonly x: bigint; readonly y: bigint } {
  const { prime, generator } = shortCurves[name]
  const root = Uint8Array.fromHex(((prime + 1n) / 4n).toString(16).padStart(132, '0'))
  const b = generator.y ** 2n - generator.x ** 3n + 3n * generator.x
  for (let x = 1n; ; x += 1n) {
    const square = positive(x ** 3n - 3n * x + b, prime)
    const y = powerModulo(square, root, prime)
    if ((y * y) % prime === square) return { x, y }
  }
}

const curves = [
  ['p-256', 'prime256v1', 32],
  ['p-384', 'secp384r1', 48],
  ['p-521', 'secp521r1', 66],
] as const

for (const [name, curve, octets] of curves) {
  test(`a ${name} key is the same key with its point compressed`, () => {
    fc.assert(
      fc.property(fc.uint8Array({ minLength: octets - 2, maxLength: octets - 2 }), (secret) => {
        const ecdh = createECDH(curve)
        ecdh.setPrivateKey(Uint8Array.of(0, 0, ...secret.with(0, 1)))
        const long = imported(name, new Uint8Array(ecdh.getPublicKey(null, 'uncompressed')))
        const short = imported(name, new Uint8Array(ecdh.getPublicKey(null, 'compressed')))
        assert.deepEqual(short.fingerprint, long.fingerprint)
        assert.notDeepEqual(short.spki, long.spki)
        assert.equal(
          refusal(name, new Uint8Array(ecdh.getPublicKey(null, 'hybrid'))),
          'key-malformed',
        )
      }),
      { numRuns: 40 },
    )
  })

  test(`a ${name} point that is not on the curve, at infinity, or of another length is refused`, async () => {
    const { publicKey } = await generateKey(name)
    const point = publicKey.spki.slice(-1 - 2 * octets)
    const last = point.length - 1
    for (const bad of [
      point.with(last, point[last]! ^ 1),
      point.with(1, 0xff).fill(0xff, 1),
      point.slice().fill(0, 1),
      Uint8Array.of(0),
      new Uint8Array(),
      point.with(0, 5),
      point.slice(0, -1),
      concatBytes([point, Uint8Array.of(0)]),
      point.slice(0, 1 + octets).with(0, 4),
    ])
      assert.equal(refusal(name, bad), 'key-malformed', bad.toHex())
  })

  test(`SP 800-56A 5.6.2.3.3, 2: a ${name} point is refused whose coordinate is itself and the prime once more`, () => {
    const { prime } = shortCurves[name]
    const { x, y } = pointOfSmallX(name)
    const hex = (number: bigint) => number.toString(16).padStart(2 * octets, '0')
    const encoded = (form: string, ...numbers: bigint[]) =>
      Uint8Array.fromHex(form + numbers.map(hex).join(''))
    imported(name, encoded('04', x, y))
    imported(name, encoded('04', x, prime - y))
    for (const bad of [
      encoded('04', x + prime, y),
      encoded('02', x + prime),
      encoded('03', x + prime),
      // Only P-521 has octets for both.
      ...(hex(y + prime).length > 2 * octets ? [] : [encoded('04', x, y + prime)]),
      encoded('04', prime, y),
      encoded('02', prime),
    ])
      assert.equal(refusal(name, bad), 'key-malformed', bad.toHex())
  })

  test(`a compressed ${name} point without a y is refused`, () => {
    // One of four small x has no point with a chance of one half each; all curves have one below 8.
    const results = Array.from({ length: 8 }, (_, x) =>
      importKey(name, new Uint8Array(1 + octets).with(0, 2).with(octets, x)),
    )
    const refused = results.filter((result) => 'kind' in result)
    assert.ok(refused.length > 0)
    for (const result of refused) assert.equal('kind' in result && result.reason, 'key-malformed')
  })
}

test('rsa keys out of bounds are refused', () => {
  const modulus = (1n << 2047n) | 1n
  const cases: [string, bigint, bigint][] = [
    ['key-malformed', modulus, 1n],
    ['key-malformed', modulus, 3n],
    ['key-malformed', modulus, 65_535n],
    ['key-malformed', modulus, 65_536n],
    ['key-malformed', modulus, 65_538n],
    ['key-malformed', modulus, 0n],
    ['key-malformed', modulus, -65_537n],
    ['key-malformed', modulus, (1n << 64n) | 1n],
    ['key-malformed', modulus + 1n, 65_537n],
    ['key-malformed', -modulus, 65_537n],
    ['key-too-weak', 0n, 65_537n],
    ['key-too-weak', 1n, 65_537n],
    ['key-too-weak', (1n << 1023n) | 1n, 65_537n],
    ['key-too-weak', (1n << 2046n) | 1n, 65_537n],
    ['key-algorithm-unknown', (1n << 2048n) | 1n, 65_537n],
    ['key-algorithm-unknown', (1n << 8191n) | 1n, 65_537n],
  ]
  for (const [reason, n, e] of cases)
    assert.equal(refusal('rsa-2048', rsaKey(n, e)), reason, `${e}`)
  for (const junk of [new Uint8Array(), Uint8Array.of(0x30, 0), Uint8Array.of(0x30, 3, 2, 1, 1)])
    assert.equal(refusal('rsa-2048', junk), 'key-malformed')
  const trailing = concatBytes([rsaKey(modulus, 65_537n), Uint8Array.of(5, 0)])
  assert.equal(refusal('rsa-2048', trailing), 'key-malformed')
})

test('parameters other than the standard’s are refused', async () => {
  const { publicKey } = await generateKey('p-256')
  const point = publicKey.spki.slice(-65)
  const modulus = rsaKey((1n << 2047n) | 1n, 65_537n)
  const explicitCurve = Uint8Array.fromHex('3003020101')
  const { rsaEncryption, ecPublicKey, ed25519, mlDsa65 } = algorithms
  const cases: [Parameters<typeof encodeAlgorithmIdentifier>, Uint8Array][] = [
    [[rsaEncryption], modulus],
    [[rsaEncryption, Uint8Array.of(0x30, 0)], modulus],
    [[ecPublicKey], point],
    [[ecPublicKey, Uint8Array.of(5, 0)], point],
    [[ecPublicKey, explicitCurve], point],
    // secp256k1
    [[ecPublicKey, Uint8Array.fromHex('06052b8104000a')], point],
    [[ed25519, Uint8Array.of(5, 0)], new Uint8Array(32).fill(3)],
    [[mlDsa65, Uint8Array.of(5, 0)], new Uint8Array(1952)],
    // RSASSA-PSS and X25519: no algorithms of ours
    [[algorithms.sha256WithRsa], modulus],
  ]
  for (const [identifier, key] of cases)
    assert.equal(refusal(encodeAlgorithmIdentifier(...identifier), key), 'key-algorithm-unknown')
})

test('ed25519 keys that are no sound point are refused', () => {
  const bad = {
    'order 1': `01${'00'.repeat(31)}`,
    'order 2': `ec${'ff'.repeat(30)}7f`,
    'order 4': '00'.repeat(32),
    'order 4, sign set': `${'00'.repeat(31)}80`,
    'order 8': '26e8958fc2b227b045c3f489f2ef98f0d5dfac05d3c63339b13802886d53fc05',
    'order 8, sign set': '26e8958fc2b227b045c3f489f2ef98f0d5dfac05d3c63339b13802886d53fc85',
    'order 8, the other': 'c7176a703d4dd84fba3c0b760d10670f2a2053fa2c39ccc64ec7fd7792ac037a',
    'y is p': `ed${'ff'.repeat(30)}7f`,
    'y is p + 1': `ee${'ff'.repeat(30)}7f`,
    'y is 2^255 - 1': 'ff'.repeat(32),
    'x is 0, sign set': `01${'00'.repeat(30)}80`,
    'off the curve': `02${'00'.repeat(31)}`,
  }
  for (const [what, hex] of Object.entries(bad))
    assert.equal(refusal('ed25519', Uint8Array.fromHex(hex)), 'key-malformed', what)
  assert.equal(refusal('ed25519', new Uint8Array(31)), 'key-malformed')
})

test('every fresh ed25519 key is accepted', async () => {
  for (let round = 0; round < 50; round++) await generateKey('ed25519')
})

for (const name of ['ml-dsa-44', 'ml-dsa-65', 'ml-dsa-87'] as const)
  test(`a ${name} key of another length is refused`, () => {
    const { materialOctets } = keyAlgorithms[name]
    for (const length of [0, materialOctets - 1, materialOctets + 1, 1312 + 640])
      if (length !== materialOctets)
        assert.equal(refusal(name, new Uint8Array(length)), 'key-malformed')
  })

for (const vector of readVectors('trust/public-keys'))
  test(`frozen key ${vector.name}: ${vector.expect}`, () => {
    const [first, ...others] = vector.blocks.map(({ bytes }) =>
      importPublicKey(parseSubjectPublicKeyInfo(bytes)),
    )
    assert.ok(first)
    if (vector.expect === 'same-key') {
      assert.ok(!('kind' in first) && others.length > 0)
      for (const other of others)
        assert.deepEqual(!('kind' in other) && other.fingerprint, first.fingerprint)
    } else assert.equal('kind' in first && first.reason, vector.expect)
  })
