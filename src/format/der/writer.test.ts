// SPDX-License-Identifier: Apache-2.0
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { limits } from './budget.ts'
import { oid, parseOidText } from './oid.ts'
import { readDer } from './reader.ts'
import { tag } from './tag.ts'
import { encodeDer } from './writer.ts'

const hex = (write: Parameters<typeof encodeDer>[0]) => encodeDer(write).toHex()

test('writes lengths in as few octets as possible', () => {
  for (const [content, head] of [
    [0x7f, '047f'],
    [0x80, '048180'],
    [0xff, '0481ff'],
    [0x100, '04820100'],
    [0xffff, '0482ffff'],
    [0x10000, '0483010000'],
  ] as const) {
    assert.ok(hex((writer) => writer.octets(new Uint8Array(content))).startsWith(head))
    assert.ok(
      hex((writer) => writer.wrapped(() => writer.raw(new Uint8Array(content)))).startsWith(head),
    )
  }
})

test('content that grows past its length octet keeps its order', () => {
  const parts = Array.from({ length: 300 }, (_, index) => index)
  const encoded = encodeDer((writer) => {
    writer.sequence(() => {
      writer.context(0, () => {
        for (const part of parts) writer.integer(part)
      })
      writer.null()
    })
  })
  const read = readDer(encoded, limits.small, (reader) => {
    const inner = reader.sequence()
    const explicit = inner.context(0)
    const numbers: number[] = []
    while (explicit.hasMore) numbers.push(explicit.smallInteger(1000))
    inner.null()
    inner.end()
    return numbers
  })
  assert.deepEqual(read, parts)
})

test('encoding may nest in encoding', () => {
  const inner = () => encodeDer((writer) => writer.integer(5))
  assert.equal(
    hex((writer) => writer.sequence(() => writer.raw(inner()))),
    '3003020105',
  )
})

test('an encoding that broke leaves nothing behind', () => {
  assert.throws(() =>
    encodeDer((writer) => {
      writer.integer(1)
      writer.integer(-1)
    }),
  )
  assert.equal(
    hex((writer) => writer.integer(1)),
    '020101',
  )
})

test('writes integers minimally', () => {
  for (const [value, encoded] of [
    [0, '020100'],
    [0x7f, '02017f'],
    [0x80, '02020080'],
    [0xff, '020200ff'],
    [0x100, '02020100'],
    [0x8000n, '0203008000'],
    [2n ** 64n, '0209010000000000000000'],
  ] as const)
    assert.equal(
      hex((writer) => writer.integer(value)),
      encoded,
    )
  for (const bad of ['', '007f', 'ff80', '0000'])
    assert.throws(() => hex((writer) => writer.integerBytes(Uint8Array.fromHex(bad))), {
      code: 'integer-malformed',
    })
  assert.equal(
    hex((writer) => writer.integerBytes(Uint8Array.fromHex('ff7f'))),
    '0202ff7f',
  )
})

test('writes named bits without trailing zeros', () => {
  assert.equal(
    hex((writer) => writer.namedBits(0)),
    '030100',
  )
  assert.equal(
    hex((writer) => writer.namedBits(1)),
    '03020780',
  )
  assert.equal(
    hex((writer) => writer.namedBits(0b11_0000)),
    '0302020c',
  )
  assert.equal(
    hex((writer) => writer.namedBits(1 << 8)),
    '0303070080',
  )
})

test('sorts a set, leaves out defaults', () => {
  const parts = ['020102', '0101ff', '020101'].map((part) => Uint8Array.fromHex(part))
  assert.equal(
    hex((writer) => writer.setOf(parts)),
    '31090101ff020101020102',
  )
  assert.equal(
    hex((writer) => writer.sequence(() => writer.booleanDefaultFalse(false))),
    '3000',
  )
})

test('refuses text that its type cannot hold', () => {
  for (const [text, type] of [
    ['ä', tag.ia5String],
    ['a*', tag.printableString],
    ['a\0', tag.utf8String],
    ['\ud800', tag.utf8String],
    ['😀', tag.bmpString],
    ['\n', tag.visibleString],
  ] as const)
    assert.throws(() => hex((writer) => writer.text(text, type)), { code: 'string-characters' })
  assert.equal(
    hex((writer) => writer.text('€', tag.bmpString)),
    '1e0220ac',
  )
})

test('writes object identifiers, known or not', () => {
  assert.equal(
    hex((writer) => writer.oid(oid('1.2.840.10045.4.3.2'))),
    '06082a8648ce3d040302',
  )
  assert.equal(
    hex((writer) => writer.oid(parseOidText('2.999.3'))),
    '0603883703',
  )
  assert.equal(
    hex((writer) => writer.oid(parseOidText('2.25.329800735698586629295641978511506172918'))),
    '06146983f09da7ebcfdee0c7a1a7b2c0948cc8f9d776',
  )
})
