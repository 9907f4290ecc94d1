// SPDX-License-Identifier: Apache-2.0
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { encodeDer } from '#format/der/writer.ts'
import { type FormatCode, FormatError } from '#format/format-error.ts'
import { parseHssSignature } from '#format/lms/hss.ts'
import { algorithms } from '#format/oids.ts'
import { encodeAlgorithmIdentifier } from '#format/x509/algorithm-identifier.ts'
import { encodeSubjectPublicKeyInfo } from '#format/x509/public-key.ts'
import { formatVectors } from '../../../test/vectors/vector.ts'
import { readHssKey } from './hss-key.ts'
import { hashing, verifyHss } from './verify-hss.ts'

const vector = (name: string) => formatVectors.find((one) => one.name === name)!.bytes

/** RFC 8554 appendix F. */
const cases = [
  [
    'f1',
    'The powers not delegated to the United States by the Constitution, nor prohibited by it to the States, are reserved to the States respectively, or to the people.\n',
  ],
  [
    'f2',
    'The enumeration in the Constitution, of certain rights, shall not be construed to deny or disparage others retained by the people.\n',
  ],
] as const

for (const [name, text] of cases) {
  const hss = readHssKey(vector(`rfc8554-${name}-public-key`))
  const bytes = vector(`rfc8554-${name}-signature`)
  const message = new TextEncoder().encode(text)
  const holds = (signature: Uint8Array, over = message) =>
    verifyHss(hss, parseHssSignature(signature), hashing([over]))

  test(`RFC 8554 appendix F, ${name}: the signature holds`, async () => {
    assert.equal(await holds(bytes), true)
  })

  test(`RFC 8554 appendix F, ${name}: no other message`, async () => {
    assert.equal(await holds(bytes, message.subarray(1)), false)
    assert.equal(await holds(bytes, Uint8Array.of(...message, 0)), false)
  })
}

const key = vector('rfc8554-f1-public-key')
const signature = vector('rfc8554-f1-signature')
const changed = (bytes: Uint8Array, at: number, octet: number) =>
  bytes.map((old, index) => (index === at ? octet : old))

test('no bit of a signature may change, whichever field it is in', async () => {
  const [, text] = cases[0]
  const message = new TextEncoder().encode(text)
  const hss = readHssKey(key)
  // Every 37th octet: all fields of both levels and of the key between them are met.
  for (let at = 0; at < signature.length; at += 37) {
    const bent = changed(signature, at, (signature[at] ?? 0) ^ 0x01)
    try {
      assert.equal(
        await verifyHss(hss, parseHssSignature(bent), hashing([message])),
        false,
        `${at}`,
      )
    } catch (error) {
      assert.ok(error instanceof FormatError, `${at}`)
    }
  }
})

test('the number of levels is that of the key', async () => {
  const { last } = parseHssSignature(signature)
  assert.equal(await verifyHss(readHssKey(key), { signed: [], last }, hashing([])), false)
  const single = readHssKey(changed(key, 3, 1))
  assert.equal(await verifyHss(single, parseHssSignature(signature), hashing([])), false)
})

const odd: readonly (readonly [string, Uint8Array, FormatCode])[] = [
  ['no level', changed(key, 3, 0), 'value-not-allowed'],
  ['nine levels', changed(key, 3, 9), 'value-not-allowed'],
  ['a type of LMS that is not known', changed(key, 7, 4), 'version-unknown'],
  ['a type of LM-OTS that is not known', changed(key, 11, 17), 'version-unknown'],
  ['an LM-OTS of another hash', changed(key, 11, 12), 'value-not-allowed'],
  ['an LM-OTS of another length', changed(key, 11, 8), 'value-not-allowed'],
  ['its end missing', key.subarray(0, -1), 'truncated'],
  ['octets behind it', Uint8Array.of(...key, 0), 'trailing-bytes'],
]
for (const [what, bytes, code] of odd)
  test(`a key with ${what} is refused: ${code}`, () => {
    assert.throws(() => readHssKey(bytes), { code })
  })

test('a leaf that the tree does not have is refused', () => {
  assert.throws(() => parseHssSignature(changed(signature, 7, 32)), { code: 'value-not-allowed' })
})

test('a SubjectPublicKeyInfo holds the key itself, without an OCTET STRING around it', () => {
  const identifier = encodeAlgorithmIdentifier(algorithms.hssLmsHashsig)
  const { der } = encodeSubjectPublicKeyInfo(identifier, key)
  assert.deepEqual(readHssKey(der).bytes, key)
  const wrapped = encodeDer((writer) => writer.octets(key))
  assert.throws(() => readHssKey(encodeSubjectPublicKeyInfo(identifier, wrapped).der), FormatError)
  const other = encodeAlgorithmIdentifier(algorithms.ed25519)
  assert.throws(() => readHssKey(encodeSubjectPublicKeyInfo(other, key).der), {
    code: 'value-not-allowed',
  })
})
