// SPDX-License-Identifier: Apache-2.0
import assert from 'node:assert/strict'
import { createPublicKey, generateKeyPairSync, type KeyObject } from 'node:crypto'
import { test } from 'node:test'
import { encodePem } from '#format/pem.ts'
import { parseSubjectPublicKeyInfo } from '#format/x509/public-key.ts'
import { importPublicKey } from '#trust/public-key.ts'
import { publishedIn } from '#trust/weak-keys/published-keys.ts'
import { readVectors } from '../../../test/frozen-vectors.ts'
import { Random, seedOfRun } from '../../../test/fuzz/random.ts'
import { findIn, told } from '../../../test/support/scan.ts'
import type { Finding } from './finding.ts'

const random = new Random(seedOfRun())

const keys: Readonly<Record<string, KeyObject>> = {
  'RSA 2048': generateKeyPairSync('rsa', { modulusLength: 2048 }).privateKey,
  'RSA 1024': generateKeyPairSync('rsa', { modulusLength: 1024 }).privateKey,
  'P-256': generateKeyPairSync('ec', { namedCurve: 'P-256' }).privateKey,
  'P-384': generateKeyPairSync('ec', { namedCurve: 'P-384' }).privateKey,
  'P-521': generateKeyPairSync('ec', { namedCurve: 'P-521' }).privateKey,
  secp256k1: generateKeyPairSync('ec', { namedCurve: 'secp256k1' }).privateKey,
  Ed25519: generateKeyPairSync('ed25519').privateKey,
  Ed448: generateKeyPairSync('ed448').privateKey,
  X25519: generateKeyPairSync('x25519').privateKey,
  'ML-DSA-65': generateKeyPairSync('ml-dsa-65').privateKey,
  'ML-KEM-768': generateKeyPairSync('ml-kem-768').privateKey,
  DSA: generateKeyPairSync('dsa', { modulusLength: 1024, divisorLength: 160 }).privateKey,
}

type Form = (key: KeyObject) => Uint8Array | string

const pkcs8 = (key: KeyObject) => key.export({ format: 'der', type: 'pkcs8' })
const pem = (key: KeyObject) => String(key.export({ format: 'pem', type: 'pkcs8' }))
const lines = (key: KeyObject) => pem(key).trimEnd().split('\n')

/** Each form as it is met, and where the key begins in it. */
const forms: Readonly<Record<string, { readonly make: Form; readonly at: number }>> = {
  'PKCS #8 in DER': { make: (key) => noise(pkcs8(key)), at: 1_001 },
  'PKCS #8 in PEM': { make: (key) => `# identity\n${pem(key)}`, at: 11 },
  'PEM with line ends of CR LF': { make: (key) => pem(key).replaceAll('\n', '\r\n'), at: 0 },
  'PEM in a string of C': {
    make: (key) =>
      `const char k[] =\n${lines(key)
        .map((line) => `  "${line}\\r\\n"`)
        .join('\n')};\n`,
    at: 20,
  },
  'PEM in strings of Java': {
    make: (key) =>
      `String k = ${lines(key)
        .map((line) => `"${line}\\n"`)
        .join(' +\n    ')};\n`,
    at: 12,
  },
  'PEM in JSON': { make: (key) => JSON.stringify({ key: pem(key) }), at: 8 },
  'PEM in YAML': {
    make: (key) =>
      `key: |\n${lines(key)
        .map((line) => `    ${line}`)
        .join('\n')}\nnext: 1\n`,
    at: 11,
  },
  'PKCS #8 in base64 of PEM': { make: (key) => btoa(pem(key)), at: 0 },
  'PKCS #8 in base64': {
    make: (key) => JSON.stringify({ key: Uint8Array.from(pkcs8(key)).toBase64() }),
    at: 8,
  },
}

/** Octets on both sides that hold nothing. */
function noise(inner: Uint8Array): Uint8Array {
  const around = () => random.bytes(1_001).map((octet) => octet | 0x80)
  return Uint8Array.from([...around(), ...inner, ...around()])
}

for (const [form, { make, at }] of Object.entries(forms))
  for (const [algorithm, key] of Object.entries(keys)) {
    // In base64 alone, DSA begins with its parameters, which nothing else shows.
    if (form === 'PKCS #8 in base64' && algorithm === 'DSA') continue
    test(`a key of ${algorithm} is found as ${form}`, () => {
      const [finding, ...more] = findIn({ 'a file': make(key) })
      assert.deepEqual(more, [])
      assert.ok(finding)
      assert.match(finding.what, new RegExp(`^${algorithm} private key, `))
      assert.deepEqual(
        [finding.rule, finding.severity, finding.confidence, finding.offset],
        ['private-key', 'critical', 'certain', at],
      )
    })
  }

test('a key bears the fingerprint by which the inventory knows it, in whatever form', () => {
  for (const algorithm of ['RSA 2048', 'P-256', 'P-384', 'Ed25519', 'ML-DSA-65'])
    for (const { make } of Object.values(forms)) {
      const key = keys[algorithm]!
      const spki = createPublicKey(key).export({ format: 'der', type: 'spki' })
      const imported = importPublicKey(parseSubjectPublicKeyInfo(Uint8Array.from(spki)))
      assert.ok('fingerprint' in imported)
      const [finding] = findIn({ file: make(key) })
      assert.equal(finding?.key, imported.fingerprint.toHex())
    }
})

test('the same key has one identity in all its forms, and different keys have different ones', () => {
  const identities = Object.entries(keys).map(([algorithm, key]) => {
    const files = Object.entries(forms)
      .filter(([form]) => algorithm !== 'DSA' || form !== 'PKCS #8 in base64')
      .map(([form, { make }]) => [form, make(key)] as const)
    const found = new Set(findIn(Object.fromEntries(files)).map(({ identity }) => identity))
    assert.equal(found.size, 1)
    return [...found][0]
  })
  assert.equal(new Set(identities).size, identities.length)
})

test('PKCS #1, SEC 1 and JWK are found, too', () => {
  const rsa = keys['RSA 2048']!
  const curve = keys['P-256']!
  const found = findIn({
    'p1.der': noise(rsa.export({ format: 'der', type: 'pkcs1' })),
    'p1.pem': String(rsa.export({ format: 'pem', type: 'pkcs1' })),
    'sec1.der': noise(curve.export({ format: 'der', type: 'sec1' })),
    'sec1.pem': String(curve.export({ format: 'pem', type: 'sec1' })),
    'a.jwk': JSON.stringify({ keys: [rsa.export({ format: 'jwk' })] }),
    'b.jwk': JSON.stringify(curve.export({ format: 'jwk' }), null, 2),
    'c.jwk': JSON.stringify({ config: JSON.stringify(keys.Ed25519!.export({ format: 'jwk' })) }),
    'd.jwk': JSON.stringify(keys['ML-DSA-65']!.export({ format: 'jwk' })),
  })
  assert.deepEqual(told(found), [
    ...['private-key a.jwk@9', 'private-key b.jwk@0', 'private-key c.jwk@11'],
    ...['private-key d.jwk@0', 'private-key p1.der@1001', 'private-key p1.pem@0'],
    ...['private-key sec1.der@1001', 'private-key sec1.pem@0'],
  ])
})

test('a key under a password is told as such, whatever encrypted it', () => {
  const rsa = keys['RSA 2048']!
  const password = { passphrase: 'correct horse', cipher: 'aes-256-cbc' } as const
  const found = findIn({
    'p8.der': noise(rsa.export({ format: 'der', type: 'pkcs8', ...password })),
    'p8.pem': String(keys.Ed25519!.export({ format: 'pem', type: 'pkcs8', ...password })),
    'legacy.pem': String(rsa.export({ format: 'pem', type: 'pkcs1', ...password })),
  })
  assert.deepEqual(told(found), [
    'private-key-encrypted legacy.pem@0',
    'private-key-encrypted p8.der@1001',
    'private-key-encrypted p8.pem@0',
  ])
})

test('a store in BER, as some programs write it, is told as one, and one of roots is not', () => {
  const loose = (name: string) => {
    const { blocks } = readVectors('scan').find((vector) => vector.name === name)!
    const der = blocks[0]!.bytes.toHex()
    // RFC 7292 section 4 with the lengths of X.690 section 8.1.3.6; what comes after the content is left out.
    const content = der.slice(der.indexOf('06092a864886f70d010701') + 22 + 8)
    return Uint8Array.fromHex(
      `${'00'.repeat(20)}30800201033080` + `06092a864886f70d010701a0802480${content}00000000`,
    )
  }
  assert.deepEqual(told(findIn({ 'nss.p12': loose('key-store.finds.pem') })), [
    'key-store nss.p12@20',
  ])
  assert.deepEqual(findIn({ 'nss.p12': loose('key-store.silent.pem') }), [])
})

test('a public key and a key of public octets alone are no finding', () => {
  const halves = Object.values(keys).map((key) => createPublicKey(key))
  const files = halves.flatMap((half, index) => [
    [`${index}.pem`, String(half.export({ format: 'pem', type: 'spki' }))] as const,
    [`${index}.der`, Uint8Array.from(half.export({ format: 'der', type: 'spki' }))] as const,
  ])
  assert.deepEqual(findIn(Object.fromEntries(files)), [])
})

test('what only looks like a key is none: a number changed, a key cut short, a place to put one', () => {
  const rsa = Uint8Array.from(keys['RSA 2048']!.export({ format: 'der', type: 'pkcs1' }))
  const curve = Uint8Array.from(keys['P-256']!.export({ format: 'der', type: 'sec1' }))
  const bent = (bytes: Uint8Array, at: number) =>
    bytes.map((octet, index) => (index === at ? octet ^ 1 : octet))
  const files: Record<string, Uint8Array | string> = {
    'modulus of other primes': noise(bent(rsa, 40)),
    'point of another scalar': noise(bent(curve, 20)),
    'cut short': rsa.subarray(0, 600),
    'cut in pem': pem(keys['P-256']!).slice(0, 100),
    'a place': '-----BEGIN PRIVATE KEY-----\nyour key here\n-----END PRIVATE KEY-----\n',
    dots: '-----BEGIN RSA PRIVATE KEY-----\n...\n-----END RSA PRIVATE KEY-----\n',
    'pem of nothing': encodePem('PRIVATE KEY', random.bytes(121)),
  }
  assert.deepEqual(findIn(files), [])
})

test('what stands before a key, as programs have it as a constant, is none', () => {
  // As in the library of SoftHSM 2.6.1, which makes keys of raw octets: X25519, Ed25519, X448, Ed448.
  const heads = [
    ...['302e020100300506032b656e04220420', '302e020100300506032b657004220420'],
    ...['3046020100300506032b656f043a0438', '3047020100300506032b6571043b0439'],
  ].map((hex) => Uint8Array.fromHex(hex))
  const after = new TextEncoder().encode(
    'Could not encode EDDSA public key\0OSSLEDPublicKey.cpp\0Op',
  )
  const table = Uint8Array.from([...heads.flatMap((head) => [...head]), ...after])
  assert.deepEqual(findIn({ 'libsofthsm2.so': table }), [])
  for (const head of heads)
    assert.deepEqual(findIn({ program: Uint8Array.from([...head, ...after]) }), [])
  // A scalar that anybody could have put there, after the head of a curve.
  const curve = (scalar: string) =>
    Uint8Array.fromHex(
      `3041020100301306072a8648ce3d020106082a8648ce3d030107042730250201010420${scalar}`,
    )
  assert.deepEqual(findIn({ program: curve('0102030405060708'.repeat(4)) }), [])
  const { d = '' } = keys['P-256']!.export({ format: 'jwk' })
  const scalar = Uint8Array.fromBase64(d, { alphabet: 'base64url' }).toHex()
  assert.deepEqual(told(findIn({ program: curve(scalar) })), ['private-key program@0'])
})

test('what was published is named by where', () => {
  for (const { name, blocks } of readVectors('trust/published-keys').slice(0, 4)) {
    const [block] = blocks
    assert.ok(block)
    const found = findIn({ 'boot.bin': noise(block.bytes) })
    const isToKnow = found.filter(({ rule }) => rule === 'test-key')
    // Published with its public half alone in the vector: that half in a boot loader is what opens the device.
    if (/p-256|p-384|p-521|ed25519|rsa/.test(name)) assert.equal(isToKnow.length, 1, name)
    for (const { key, what } of isToKnow) assert.match(what, new RegExp(`${publishedIn(key!)}`))
  }
})

/** Cuts anywhere, also within a needle, and into single octets near the ends. */
function* cut(bytes: Uint8Array): Iterable<Uint8Array> {
  for (let at = 0; at < bytes.length; ) {
    const size = random.chance(3) ? 1 + random.below(3) : 1 + random.below(40_000)
    yield bytes.subarray(at, at + size)
    at += size
  }
}

test('the same octets give the same findings, however they come in pieces', () => {
  const large = new Uint8Array(1_400_000)
  const planted: number[] = []
  // Around every end of a block, and anywhere.
  for (const at of [100, 524_200, 528_000, 590_000, 1_048_500, 1_399_000]) {
    const key = generateKeyPairSync('ec', { namedCurve: 'P-256' }).privateKey
    const bytes = random.chance(2) ? pkcs8(key) : new TextEncoder().encode(pem(key))
    const place = at + random.below(60)
    large.set(bytes, place)
    planted.push(place)
  }
  const whole = findIn({ large })
  assert.deepEqual(
    whole.map(({ offset }) => offset),
    planted,
  )
  for (let round = 0; round < 8; round++) assert.deepEqual(findIn({ large }, cut), whole)
})

test('a file that was made to look like keys everywhere ends, and says so', () => {
  const hostile = '-----BEGIN PRIVATE KEY-----\n'.repeat(40_000)
  const found: readonly Finding[] = findIn({ hostile })
  assert.deepEqual(told(found), ['look-cut-short hostile@0'])
})

test('whatever stands where a key begins, nothing is thrown, and the scan goes on to the next', () => {
  const good = new TextEncoder().encode(pem(keys['P-256']!))
  const starts = [
    ...[pkcs8(keys['RSA 1024']!), pkcs8(keys.Ed448!), pkcs8(keys.DSA!)],
    ...[keys['P-256']!.export({ format: 'der', type: 'sec1' }), good],
    new TextEncoder().encode(JSON.stringify(keys.Ed25519!.export({ format: 'jwk' }))),
    new TextEncoder().encode('PuTTY-User-Key-File-3: ssh-rsa\nPublic-Lines: 9\nAAAA\n'),
    new TextEncoder().encode('openssh-key-v1\0\0\0\0\x04none\0\0\0\x04none\0\0\0\0\0\0\0\x01'),
    Uint8Array.fromHex('308201f302010330820 1b906092a864886f70d010701a0'.replace(' ', '')),
  ].map((bytes) => Uint8Array.from(bytes))
  for (let round = 0; round < 1_000; round++) {
    const bent = Uint8Array.from(random.oneOf(starts))
    for (let changes = 1 + random.below(4); changes > 0; changes--)
      bent[random.below(Math.min(bent.length, 60))] = random.below(256)
    const cutShort = bent.subarray(0, 1 + random.below(bent.length))
    const found = findIn({ file: Uint8Array.from([...cutShort, 0, 0x0a, ...good]) })
    assert.ok(found.some(({ rule }) => rule === 'private-key'))
  }
})
