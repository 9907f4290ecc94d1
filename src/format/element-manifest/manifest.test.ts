// SPDX-License-Identifier: Apache-2.0
import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import {
  type EntryChange,
  manifestEntry,
  softElement,
  softProvisioner,
} from '../../../test/support/elements.ts'
import { ManifestFault, readManifestEntries } from './array-stream.ts'
import { parseElement } from './element.ts'
import { parseSignedElement } from './signed-element.ts'

const [element, provisioner] = await Promise.all([softElement(3), softProvisioner()])

function entry(change: EntryChange = {}): string {
  return JSON.stringify(manifestEntry(element, provisioner, change))
}

async function* inPieces(text: string, size: number): AsyncGenerator<Uint8Array> {
  const bytes = new TextEncoder().encode(text)
  for (let at = 0; at < bytes.length; at += size) yield bytes.subarray(at, at + size)
}

async function entriesOf(text: string, size = 7): Promise<readonly string[]> {
  const texts: string[] = []
  for await (const { row, text: one } of readManifestEntries(inPieces(text, size))) {
    texts.push(one)
    assert.equal(row, texts.length)
  }
  return texts
}

describe('a manifest as it arrives', () => {
  test('gives its entries whole, however the text is cut', async () => {
    const objects = [{ a: '}{"\\' }, { b: { c: [1, { d: '\u00e9' }] } }, {}]
    for (const space of [undefined, 2])
      for (const size of [1, 2, 5, 1000]) {
        const texts = await entriesOf(JSON.stringify(objects, null, space), size)
        assert.deepEqual(
          texts.map((text) => JSON.parse(text)),
          objects,
        )
      }
    assert.deepEqual(await entriesOf(' [ ] \n'), [])
  })

  test('that is no list of objects is refused at its place', async () => {
    for (const [text, row] of [
      ['{}', 1],
      ['[1]', 1],
      ['[{},]', 2],
      ['[{} {}]', 2],
      ['[{}', 2],
      ['[{}] x', 2],
      ['', 1],
      ['[{"a": "', 1],
      ['[,{}]', 1],
    ] as const)
      await assert.rejects(entriesOf(text), (error: unknown) => {
        assert.ok(error instanceof ManifestFault, String(error))
        assert.equal(error.row, row, text)
        return true
      })
  })

  test('spends no more memory than one entry may have', async () => {
    const endless = async function* () {
      yield new TextEncoder().encode('[{"a": "')
      for (;;) yield new Uint8Array(10_000).fill(0x61)
    }
    await assert.rejects(
      async () => {
        for await (const _ of readManifestEntries(endless())) assert.fail('no entry ends')
      },
      { name: 'ManifestFault', message: /more than 65536 characters/ },
    )
  })

  test('that is not UTF-8 is refused', async () => {
    const broken = async function* () {
      yield Uint8Array.of(0x5b, 0x7b, 0xff)
    }
    await assert.rejects(
      async () => {
        for await (const _ of readManifestEntries(broken())) assert.fail('no entry is there')
      },
      { name: 'ManifestFault', message: /not UTF-8/ },
    )
  })
})

describe('an entry of a manifest', () => {
  test('tells who signed it, and what', () => {
    const signed = parseSignedElement(entry())
    assert.equal(signed.uniqueId, element.uniqueId)
    assert.equal(signed.signature.length, 64)
    const read = parseElement(signed.payload)
    assert.equal(read.uniqueId, element.uniqueId)
    assert.equal(read.model, 'ATECC608B')
    assert.equal(read.provisionedAt, '2026-01-24T16:35:23.473Z')
    assert.deepEqual(
      read.keys.map(({ slot, publicKey }) => [slot, publicKey.der.toHex()]),
      element.keys.map(({ publicKey }, index) => [String(index), publicKey.spki.toHex()]),
    )
  })

  test('has a number in small letters, whatever it came in', () => {
    const signed = parseSignedElement(entry({ uniqueId: '0123F1822C38DD7A01' }))
    assert.equal(signed.uniqueId, '0123f1822c38dd7a01')
  })

  test('is refused with another algorithm, or with what asks for more understanding', () => {
    for (const header of [
      { alg: 'none' },
      { alg: 'HS256' },
      { alg: 'RS256' },
      { alg: undefined },
      { crit: ['b64'] },
      { 'x5t#S256': undefined },
      { 'x5t#S256': 'AAAA' },
    ])
      assert.throws(() => parseSignedElement(entry({ header })), { name: 'FormatError' })
  })

  test('is refused with members that nobody knows, or without those that are due', () => {
    const whole = JSON.parse(entry())
    assert.throws(() => parseSignedElement(JSON.stringify({ ...whole, colour: 1 })), /colour/)
    for (const name of ['payload', 'protected', 'header', 'signature']) {
      const { [name]: _, ...rest } = whole
      assert.throws(() => parseSignedElement(JSON.stringify(rest)), { name: 'FormatError' })
    }
    for (const signature of ['AAAA', `${whole.signature}=`, `${whole.signature}A`, '!'])
      assert.throws(() => parseSignedElement(JSON.stringify({ ...whole, signature })), {
        name: 'FormatError',
      })
    for (const text of ['', '[]', '1', '{', 'null'])
      assert.throws(() => parseSignedElement(text), { code: 'text-malformed' })
  })

  test('is refused for keys that are no points of P-256, or are too many, or none', () => {
    const [first] = JSON.parse(new TextDecoder().decode(parseSignedElement(entry()).payload))
      .publicKeySet.keys
    const payloads = [
      { publicKeySet: undefined },
      { publicKeySet: { keys: [] } },
      {
        publicKeySet: {
          keys: Array.from({ length: 17 }, (_, kid) => ({ ...first, kid: `${kid}` })),
        },
      },
      { publicKeySet: { keys: [first, first] } },
      { publicKeySet: { keys: [{ ...first, kty: 'RSA' }] } },
      { publicKeySet: { keys: [{ ...first, crv: 'P-384' }] } },
      { publicKeySet: { keys: [{ ...first, x: 'AAAA' }] } },
      { publicKeySet: { keys: [{ ...first, kid: 7 }] } },
      { publicKeySet: { keys: [{ ...first, x5c: ['AAAA'] }] } },
      { publicKeySet: { keys: [{ ...first, x5c: 'AAAA' }] } },
      { publicKeySet: { keys: [{ ...first, x5c: [1] }] } },
      { publicKeySet: { keys: [null] } },
      { model: undefined },
      { model: 'x'.repeat(65) },
      { uniqueId: '../../etc' },
      { uniqueId: '' },
    ]
    for (const payload of payloads)
      assert.throws(() => parseElement(parseSignedElement(entry({ payload })).payload), {
        name: 'FormatError',
      })
    assert.throws(() => parseElement(Uint8Array.of(0xff)), { code: 'text-malformed' })
  })
})
