// SPDX-License-Identifier: Apache-2.0
import assert from 'node:assert/strict'
import { mkdirSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { after, test } from 'node:test'
import { causeOf } from '#core/keywatch/cause.ts'
import type { KeyPage } from '#core/keywatch/ports.ts'
import { parseSubjectPublicKeyInfo } from '#format/x509/public-key.ts'
import { generateKey } from '#trust/private-key.ts'
import { importPublicKey } from '#trust/public-key.ts'
import { weaknesses } from '#trust/weak-keys/weaknesses.ts'
import { keyOfPrimes, primeOf1024 } from '../../../demo/bad-generator.ts'
import { readVectors } from '../../../test/frozen-vectors.ts'
import { temporaryDirectory } from '../../../test/support/house.ts'
import { listOf } from '../../../test/support/key-lists.ts'
import { HouseKeyLists, keyListPlace } from '../key-lists.ts'
import { programVersion } from '../version.ts'
import { ThreadedTester } from './threaded-tester.ts'

const stays = new AbortController().signal
const data = temporaryDirectory()
const place = keyListPlace(data)
const listed = await generateKey('p-256')
mkdirSync(place, { recursive: true })
writeFileSync(join(place, 'one.list'), listOf([listed.publicKey]).bytes)
const lists = await HouseKeyLists.open(data)
const tester = new ThreadedTester({ lists, directory: place })
after(async () => {
  await tester.close()
  await lists.close()
})

function idAt(at: number): string {
  return `key_${String(at).padStart(32, '0')}`
}

function pageOf(keys: readonly Uint8Array[]): KeyPage {
  return {
    ids: keys.map((_, at) => idAt(at)),
    spkis: { octets: Buffer.concat(keys), lengths: keys.map(({ length }) => length) },
  }
}

/** A modulus that is a prime is seen by the deep tests. */
const elsewhere = new Set(['key-listed', 'modulus-degenerate'])

/**
 * Keys that some flaw made, as others published them, with what is to be found: those of a size that is in the ledger,
 * and that stand in no list of theirs.
 */
const flawed = readVectors('trust/weak-keys').filter(
  ({ expect, blocks }) =>
    Object.hasOwn(weaknesses, expect) && !elsewhere.has(expect) && isImported(blocks[0]?.bytes),
)

function isImported(spki: Uint8Array = new Uint8Array()): boolean {
  return !('kind' in importPublicKey(parseSubjectPublicKeyInfo(spki)))
}

test('a page that holds slow keys is tested on a thread, and what is known of each is found', async () => {
  const keys = flawed.map(({ blocks }) => blocks[0]?.bytes ?? assert.fail())
  assert.ok(keys.length >= 4)
  const found = await tester.test(pageOf([...keys, listed.publicKey.spki]), stays)
  for (const [at, { name, expect }] of flawed.entries()) {
    const kinds = found.filter(({ key }) => key === idAt(at)).map(({ kind }) => kind)
    assert.ok(
      kinds.some((kind) => kind === expect),
      `${name}: ${kinds}`,
    )
  }
  // The thread opened the lists for itself.
  const last = found.filter(({ key }) => key === idAt(keys.length))
  assert.deepEqual(
    last.map(({ kind, cause }) => [kind, cause.toHex()]),
    [['key-listed', causeOf('key-listed').toHex()]],
  )
})

test('a handful of quick keys is tested here, with the same outcome', async () => {
  const other = await generateKey('ed25519')
  const small = pageOf([listed.publicKey.spki, other.publicKey.spki])
  const large = pageOf(Array.from({ length: 40 }, () => listed.publicKey.spki))
  assert.deepEqual(
    (await tester.test(small, stays)).map(({ kind }) => kind),
    ['key-listed'],
  )
  assert.equal((await tester.test(large, stays)).length, 40)
})

test('moduli are those of the RSA keys of a page, whatever stands between them', async () => {
  const rsa = keyOfPrimes(primeOf1024(), primeOf1024()).publicKey
  const page = pageOf([listed.publicKey.spki, rsa.spki, listed.publicKey.spki])
  const [only = assert.fail(), ...more] = await tester.moduli(page)
  assert.deepEqual([only.id, more.length], [idAt(1), 0])
  assert.deepEqual(only.modulus, Uint8Array.from(rsa.material))
})

test('a page is let go of when the run is ended, and the next one is tested as ever', async () => {
  const [{ blocks } = assert.fail()] = flawed
  const key = blocks[0]?.bytes ?? assert.fail()
  const page = pageOf(Array.from({ length: 500 }, () => key))
  const ending = new AbortController()
  const left = tester.test(page, ending.signal)
  ending.abort()
  const next = tester.test(pageOf([key]), stays)
  assert.deepEqual(await left, [])
  assert.ok((await next).length > 0)
})

test('keys are tested anew by another version of the program', async () => {
  assert.match(await tester.tests(), new RegExp(`^vitalsign ${RegExp.escape(programVersion())}`))
})
