// SPDX-License-Identifier: Apache-2.0
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { parseSubjectPublicKeyInfo } from '#format/x509/public-key.ts'
import { readVectors } from '../../../test/frozen-vectors.ts'
import { importPublicKey } from '../public-key.ts'
import { checkKey } from './check-key.ts'
import { publishedIn, publishedKeys } from './published-keys.ts'
import { refuseWeakKey } from './weak-keys.ts'

const inDocuments = readVectors('trust/published-keys')
const inPrograms = readVectors('trust/program-keys')

for (const { name, blocks, expect, head } of inDocuments)
  test(`published key ${name} is refused, and its source is said`, () => {
    const key = importPublicKey(parseSubjectPublicKeyInfo(blocks[0]!.bytes))
    if ('kind' in key) assert.fail(key.detail)
    const no = refuseWeakKey(key)
    assert.equal(no?.reason, expect)
    const source = publishedIn(key.fingerprint.toHex()) ?? assert.fail('not in the table')
    assert.ok(head.get('source')?.startsWith(source) && no.detail.includes(source))
  })

for (const { name, blocks, expect, head } of inPrograms)
  test(`each of the ${blocks.length} keys that come with ${name} is refused, and its file is said`, () => {
    for (const { bytes } of blocks) {
      const key = importPublicKey(parseSubjectPublicKeyInfo(bytes))
      if ('kind' in key) assert.fail(key.detail)
      const found = checkKey(key).find((one) => one.name === expect)
      const source = publishedIn(key.fingerprint.toHex()) ?? assert.fail('not in the table')
      assert.equal(found?.detail, `the private key is published in ${source}`)
      const [program = ''] = source.split(', ')
      assert.ok(head.get('source')?.startsWith(program), source)
    }
  })

test('every published key of the table has its vector', () => {
  const vectors = [...inDocuments, ...inPrograms].flatMap(({ blocks }) => blocks)
  assert.equal(vectors.length, publishedKeys.size)
})
