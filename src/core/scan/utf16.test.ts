// SPDX-License-Identifier: Apache-2.0
/** What is written in UTF-16 is found as if it were written in octets, and where it stands. */
import assert from 'node:assert/strict'
import { generateKeyPairSync } from 'node:crypto'
import { test } from 'node:test'
import { Random, seedOfRun } from '../../../test/fuzz/random.ts'
import { gitHub, settingCases } from '../../../test/support/scan/setting-cases.ts'
import { findIn } from '../../../test/support/scan.ts'

type Order = 'le' | 'be'

function utf16(text: string, order: Order, mark = true): Uint8Array<ArrayBuffer> {
  const octets = Buffer.from(mark ? `\ufeff${text}` : text, 'utf16le')
  return Uint8Array.from(order === 'le' ? octets : octets.swap16())
}

/** Pieces of any length. */
function anyPieces(bytes: Uint8Array, random: Random): readonly Uint8Array[] {
  const pieces: Uint8Array[] = []
  for (let at = 0; at < bytes.length; ) {
    const length = 1 + random.below(700)
    pieces.push(bytes.subarray(at, at + length))
    at += length
  }
  return pieces
}

const { privateKey } = generateKeyPairSync('ec', { namedCurve: 'P-256' })
const pem = privateKey.export({ format: 'pem', type: 'pkcs8' }).toString()

for (const order of ['le', 'be'] as const) {
  test(`every setting and token is found in UTF-16${order} as in UTF-8`, () => {
    // Where passwords are tried it takes a tenth of a second each.
    const cases = settingCases.filter(({ rule }) => order === 'le' || !rule.startsWith('password'))
    for (const { rule, file, finds, silent } of cases) {
      const found = findIn({ [file]: utf16(finds, order) })
      assert.ok(
        found.some((one) => one.rule === rule),
        `${rule} in ${file}`,
      )
      assert.equal(new Set(found.map(({ identity }) => identity)).size, found.length, rule)
      for (const text of silent) assert.deepEqual(findIn({ [file]: utf16(text, order) }), [], rule)
    }
  })

  test(`a key is found in UTF-16${order} however it is read, where it stands, and once`, (t) => {
    t.diagnostic(`seed ${seedOfRun()}`)
    const random = new Random(seedOfRun())
    const before = `; ключ насоса\r\n${'[pump]\r\n'.repeat(random.below(9_000))}`
    for (const mark of [true, false]) {
      const text = utf16(`${mark ? before : before.slice(14)}${pem}`, order, mark)
      const [found, ...others] = findIn({ 'pump.reg': text }, (bytes) => anyPieces(bytes, random))
      assert.deepEqual([found?.rule, others], ['private-key', []])
      const at = text.length - 2 * pem.length
      assert.ok(found?.offset === at || found?.offset === at + 1, `${found?.offset} for ${at}`)
    }
  })

  test(`words of two octets a character are found between other octets: UTF-16${order}`, (t) => {
    t.diagnostic(`seed ${seedOfRun()}`)
    const random = new Random(seedOfRun())
    const token = gitHub
    for (const secret of [pem, token])
      for (const filler of [0x00, 0x41, 0xff]) {
        // Across the border of two windows, at an even or an odd place.
        const at = 524_288 - random.below(3_000)
        const program = new Uint8Array(at + 3 * pem.length).fill(filler)
        program.set(utf16(secret, order, false), at)
        const [found, ...others] = findIn({ 'pump.exe': program }, (bytes) =>
          anyPieces(bytes, random),
        )
        const rule = secret === pem ? 'private-key' : 'access-token'
        assert.deepEqual([found?.rule, others], [rule, []], `${filler} ${at}`)
        assert.ok(Math.abs((found?.offset ?? 0) - at) <= 1)
      }
  })
}

test('in a text of a megabyte that lies in a program a key is found wherever the text is cut', () => {
  const program = new Uint8Array(1_200_000).map((_, at) => (at > 1_000 && at % 2 === 1 ? 0 : 0x2e))
  for (const at of [131_000, 524_000, 1_100_000]) program.set(utf16(`\n${pem}\n`, 'le', false), at)
  const [found, ...others] = findIn({ 'pump.exe': program })
  assert.deepEqual([found?.rule, found?.offset, others], ['private-key', 131_002, []])
  program.fill(0x2e, 131_000, 133_000)
  assert.equal(findIn({ 'pump.exe': program })[0]?.offset, 524_002)
})

test('a mark of UTF-16 before something else hides nothing of it', () => {
  const marked = Buffer.concat([Uint8Array.of(0xff, 0xfe), Buffer.from(pem)])
  assert.deepEqual(
    findIn({ 'pump.txt': marked }).map(({ rule }) => rule),
    ['private-key'],
  )
  // One octet further than the mark promises.
  const shifted = Buffer.concat([Uint8Array.of(0xff, 0xfe, 0x20), utf16(pem, 'le', false)])
  assert.deepEqual(
    findIn({ 'pump.txt': shifted }).map(({ rule }) => rule),
    ['private-key'],
  )
})

test('octets of chance and zeros are no text', (t) => {
  t.diagnostic(`seed ${seedOfRun()}`)
  const random = new Random(seedOfRun())
  const chance = random.bytes(200_000).map((octet, at) => (at % 3 === 0 ? 0 : octet))
  assert.deepEqual(findIn({ chance, zeros: new Uint8Array(100_000), empty: new Uint8Array() }), [])
  assert.deepEqual(
    findIn({ half: Uint8Array.of(0xff, 0xfe, 0x41), mark: Uint8Array.of(0xff, 0xfe) }),
    [],
  )
})
