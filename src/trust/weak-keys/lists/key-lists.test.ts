// SPDX-License-Identifier: Apache-2.0
import assert from 'node:assert/strict'
import { createHash } from 'node:crypto'
import { test } from 'node:test'
import { FormatError } from '#format/format-error.ts'
import { encodeKeyListHead, parseKeyListHead } from '#format/key-list/key-list-head.ts'
import { parseSubjectPublicKeyInfo } from '#format/x509/public-key.ts'
import { type KeyAlgorithmName, keyAlgorithms } from '#trust/algorithms.ts'
import { generateKey } from '#trust/private-key.ts'
import { importPublicKey } from '#trust/public-key.ts'
import { readVectors } from '../../../../test/frozen-vectors.ts'
import { listOf, listOfDigests } from '../../../../test/support/key-lists.ts'
import { checkKey } from '../check-key.ts'
import { noLists } from '../key-lists.ts'
import { refuseWeakKey } from '../weak-keys.ts'
import { type KeyList, readKeyList } from './key-list.ts'
import { numberDigest } from './number-digest.ts'
import { SortedKeyLists } from './sorted-key-lists.ts'

/** In pieces of so many octets. */
function read(bytes: Uint8Array, pieceOctets = bytes.length): Promise<KeyList> {
  const pieces = Array.from({ length: Math.ceil(bytes.length / pieceOctets) }, (_, at) =>
    bytes.slice(at * pieceOctets, (at + 1) * pieceOctets),
  )
  return readKeyList(pieces, (offset, octets) => bytes.subarray(offset, offset + octets))
}

/** 5,000 digests that are not those of any key here. */
const many = Array.from({ length: 5_000 }, (_, at) =>
  Uint8Array.from(createHash('sha256').update(`entry ${at}`).digest().subarray(0, 15)),
)

for (const pieceOctets of [1_000_000, 4_096, 17, 1])
  test(`a list that comes in pieces of ${pieceOctets} finds each of its entries, and nothing else`, async () => {
    const few = pieceOctets < 16 ? many.slice(0, 200) : many
    const list = await read(listOfDigests(few).bytes, pieceOctets)
    for (const digest of few) assert.equal(list.find(digest), 1)
    for (const digest of few.slice(0, 200)) {
      const near = digest.slice()
      near[14] = (near[14] ?? 0) ^ 1
      assert.equal(list.find(near), undefined)
    }
  })

test('a lookup reads one short piece of the file', async () => {
  const { bytes } = listOfDigests(many)
  const readings: number[] = []
  const list = await readKeyList([bytes], (offset, octets) => {
    readings.push(octets)
    return bytes.subarray(offset, offset + octets)
  })
  for (const digest of many.slice(0, 100)) list.find(digest)
  assert.equal(readings.length, 100)
  assert.ok(Math.max(...readings) < 16 * 100, `${Math.max(...readings)} octets at once`)
})

test('a key of each algorithm is found in a list by its number, and names list and part', async () => {
  const names = Object.keys(keyAlgorithms) as KeyAlgorithmName[]
  const keys = await Promise.all(names.map(async (name) => (await generateKey(name)).publicKey))
  const lists = new SortedKeyLists([await read(listOf(keys).bytes)])
  for (const key of keys) {
    assert.deepEqual(checkKey(key, lists), [
      { name: 'key-listed', detail: 'the key stands in the list known, chosen keys' },
    ])
    assert.deepEqual(checkKey(key, noLists), [], key.algorithm)
    assert.equal(refuseWeakKey(key, lists)?.reason, 'key-known-weak')
  }
})

for (const name of ['badkeys-debian', 'paranoid-debian'])
  test(`${name}: a key of Debian's OpenSSL is found by a list as badkeys writes it, and by nothing else`, async () => {
    const vector = readVectors('trust/weak-keys').find((one) => one.name === name)
    const key = importPublicKey(
      parseSubjectPublicKeyInfo(vector?.blocks[0]?.bytes ?? new Uint8Array()),
    )
    if ('kind' in key) assert.fail(key.detail)
    // BKHASH120: SHA-256 of the modulus without leading zeros, its first 15 octets.
    const { n = '' } = key.keyObject.export({ format: 'jwk' })
    const hash = createHash('sha256').update(Buffer.from(n, 'base64url')).digest()
    const { bytes } = listOfDigests([...many, Uint8Array.from(hash.subarray(0, 15))], {
      ...{ name: 'badkeys', parts: new Map([[1, 'debianssl of badkeys/debianopenssl']]) },
    })
    assert.deepEqual(checkKey(key, new SortedKeyLists([await read(bytes)])), [
      {
        name: vector?.expect,
        detail: 'the key stands in the list badkeys, debianssl of badkeys/debianopenssl',
      },
    ])
    assert.deepEqual(checkKey(key), [])
  })

test('leading zeros of a number are not part of it', async () => {
  for (;;) {
    const { publicKey } = await generateKey('p-256')
    if (publicKey.material[0] !== 0) continue
    const x = publicKey.material.subarray(0, 32)
    const number = x.subarray(x.findIndex((octet) => octet !== 0))
    const digest = createHash('sha256').update(number).digest()
    assert.equal(numberDigest(publicKey).toHex(), digest.toString('hex'))
    return
  }
})

test('the digest of several lists is another one whenever one of them is', async () => {
  const [one, other] = await Promise.all([
    read(listOfDigests(many.slice(0, 10)).bytes),
    read(listOfDigests(many.slice(10, 20), { name: 'other' }).bytes),
  ])
  const digests = [[], [one], [other], [one, other]].map(
    (lists) => new SortedKeyLists(lists).digest,
  )
  assert.equal(new Set(digests).size, 4)
  assert.equal(new SortedKeyLists([other, one]).digest, new SortedKeyLists([one, other]).digest)
})

const good = listOfDigests(many.slice(0, 300))
const headLength = parseKeyListHead(good.bytes).length

/** What a list says and how it lies -> the code and words of who notices. */
const lies: Readonly<
  Record<string, readonly [bytes: () => Uint8Array, code: string, words: RegExp]>
> = {
  'that is cut off within an entry': [
    () => good.bytes.slice(0, -5),
    'truncated',
    /299 whole entries, the head says 300/,
  ],
  'that lacks an entry': [() => good.bytes.slice(0, -16), 'truncated', /299 whole entries/],
  'that ends within its head': [() => good.bytes.slice(0, 40), 'truncated', /no empty line/],
  'that is empty': [() => new Uint8Array(0), 'truncated', /no empty line/],
  'that goes on after its last entry': [
    () => new Uint8Array([...good.bytes, ...good.bytes.slice(-16).map(() => 255)]),
    'trailing-bytes',
    /more entries than the 300/,
  ],
  'of another digest': [
    () => good.bytes.with(good.bytes.length - 1, 9),
    'value-not-allowed',
    /digest [0-9a-f]{64}, the head says [0-9a-f]{64}/,
  ],
  'whose entries are not in order': [
    () => {
      const bytes = good.bytes.slice()
      const [first, second] = [headLength + 160, headLength + 176]
      bytes.set(good.bytes.subarray(second, second + 16), first)
      bytes.set(good.bytes.subarray(first, first + 16), second)
      return bytes
    },
    'set-not-sorted',
    /entry 11 is not above/,
  ],
  'in which an entry stands twice': [
    () => {
      const bytes = good.bytes.slice()
      bytes.copyWithin(headLength + 16, headLength, headLength + 16)
      return bytes
    },
    'set-not-sorted',
    /entry 1 is not above/,
  ],
  'of a weakness that nobody knows': [
    () => listOfDigests(many.slice(0, 3), { finds: 'key-ugly' }).bytes,
    'value-not-allowed',
    /nobody knows the weakness "key-ugly"/,
  ],
  'that says too little of its keys': [
    () =>
      listOfDigests(
        many.slice(0, 3).map((one) => one.slice(0, 6)),
        { digestOctets: 6 },
      ).bytes,
    'value-not-allowed',
    /6 octets say too little/,
  ],
}

for (const [what, [bytes, code, words]] of Object.entries(lies))
  test(`a list ${what} is not used`, async () => {
    await assert.rejects(read(bytes()), (error) => {
      assert.ok(error instanceof FormatError, String(error))
      assert.equal(error.code, code)
      assert.match(error.message, words)
      return true
    })
  })

const text = new TextDecoder().decode(good.bytes.subarray(0, headLength))

for (const [what, changed] of Object.entries({
  'another version': text.replace('list 1', 'list 2'),
  'a name with a capital': text.replace('known', 'Known'),
  'a line that is missing': text.replace(/from: .*\n/, ''),
  'lines in another order': text.replace(/(name: .*\n)(from: .*\n)/, '$2$1'),
  'a count with a leading zero': text.replace('count: 300', 'count: 0300'),
  'a digest in capitals': text.replace(/sha256: .*/, (line) =>
    line.toUpperCase().replace('SHA256', 'sha256'),
  ),
  'entries of four octets': text.replace('entry: 15', 'entry: 4'),
  'parts that no entry names': text.replace(' and a part', ''),
  'a part beyond an octet': text.replace('part 1:', 'part 256:'),
  'parts in another order': text.replace('part 1: chosen keys', 'part 2: b\npart 1: a'),
  'a line end of Windows': text.replaceAll('\n', '\r\n'),
  'a control character': text.replace('a test', 'a\ttest'),
  'a letter beyond ASCII': text.replace('a test', 'a tést'),
}))
  test(`a head with ${what} is not read`, () => {
    assert.throws(() => parseKeyListHead(new TextEncoder().encode(changed)), FormatError)
  })

test('a head is written as it was read, and never as it cannot be read', () => {
  const { head } = parseKeyListHead(good.bytes)
  assert.deepEqual(encodeKeyListHead(head), good.bytes.slice(0, headLength))
  assert.throws(() => encodeKeyListHead({ ...head, from: 'two\nlines' }), FormatError)
})

test('a head of more octets than any has is not searched to its end', () => {
  assert.throws(() => parseKeyListHead(new Uint8Array(100_000).fill(65)), /too large/)
})
