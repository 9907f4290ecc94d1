// SPDX-License-Identifier: Apache-2.0
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { gzipSync } from 'node:zlib'
import { archiveVector } from '../../../test/support/archive-vectors.ts'
import { listAll, sharedSource } from '../../../test/support/containers.ts'
import { concatBytes } from '../bytes.ts'
import { FormatError } from '../format-error.ts'
import { cpio } from './cpio.ts'
import { u16le } from './fields.ts'

const encoder = new TextEncoder()

/** newc, with fields as they are given. */
function entry(
  name: string,
  content: string,
  fields: { size?: string; mode?: string; nameOctets?: string } = {},
) {
  const hex = (value: number) => value.toString(16).padStart(8, '0')
  const {
    mode = hex(0o100644),
    size = hex(content.length),
    nameOctets = hex(name.length + 1),
  } = fields
  const zero = hex(0)
  const header = `070701${zero}${mode}${zero.repeat(4)}${size}${zero.repeat(4)}${nameOctets}${zero}${name}\0`
  const padded = (text: string) => text.padEnd(Math.ceil(text.length / 4) * 4, '\0')
  return encoder.encode(padded(header) + padded(content))
}
const end = entry('TRAILER!!!', '')
const list = async (...parts: Uint8Array[]) => await listAll(cpio, sharedSource(concatBytes(parts)))

test('an initramfs of several archives and a packed one is given whole', async () => {
  const packed = new Uint8Array(gzipSync('the next'))
  const found = await list(
    entry('microcode', 'm'),
    end,
    new Uint8Array(512),
    entry('init', 'i'),
    end,
    packed,
  )
  assert.deepEqual(Object.keys(found).slice(0, 2), ['microcode', 'init'])
  assert.match(Object.keys(found)[2]!, /^after-/)
})

test('the old form is read in the order of the other machines, too', async () => {
  const little = archiveVector('cpio-binary')
  const big = little.slice()
  // Of each header, octets change places in words; contents and names do not.
  for (let at = 0; u16le(little, at) === 0o070707; ) {
    for (let word = at; word < at + 26; word += 2) big.set([little[word + 1]!, little[word]!], word)
    const even = (octets: number) => octets + (octets % 2)
    const size = u16le(little, at + 22) * 65_536 + u16le(little, at + 24)
    at += 26 + even(u16le(little, at + 20)) + even(size)
  }
  assert.notDeepEqual(big, little)
  assert.deepEqual(await list(big), await list(little))
})

test('a header that is none is named, and what lies there given', async () => {
  const found = await list(entry('one', '1'), encoder.encode('0707 what is this'), end)
  assert.match(found['octet-120']!, /a header is damaged/)
  assert.match(found['after-120']!, /^file: /)
})

test('sizes that are no numbers, and names over their bound, are refused', async () => {
  for (const [fields, code] of [
    [{ size: '0000 001' }, 'value-not-allowed'],
    [{ size: '-0000001' }, 'value-not-allowed'],
    [{ nameOctets: 'ffffffff' }, 'too-large'],
  ] as const)
    await assert.rejects(
      list(entry('one', '1'), entry('two', '2', fields), end),
      (error) => error instanceof FormatError && error.code === code,
    )
})

test('a size beyond the end gives what is there, and the cut is named', async () => {
  const found = await list(entry('one', '1', { size: 'fffffff0' }))
  assert.ok(Object.values(found).some((said) => /without an end mark/.test(said)))
})

test('octets behind what should have none are given', async () => {
  const found = await list(entry('dev', 'abc', { mode: '000021a4' }), end)
  assert.match(found['dev']!, /^file: ba7816bf/)
})
