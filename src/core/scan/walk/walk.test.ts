// SPDX-License-Identifier: Apache-2.0
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { gzipSync } from 'node:zlib'
import type { ArchiveForm } from '#format/archive/archive.ts'
import { type ByteSource, span } from '#format/archive/byte-source.ts'
import { archiveForms } from '#format/archive/forms.ts'
import { FormatError } from '#format/format-error.ts'
import { newMark, walked } from '../../../../test/support/scan/walked.ts'
import { pieceOctets } from './raw-pass.ts'

const text = new TextEncoder()
const mark = newMark()
const noise = (octets: number) => {
  const bytes = new Uint8Array(octets)
  for (let at = 0; at < octets; at++) bytes[at] = (at * 167 + (at >> 8) * 13) & 0x7f
  return bytes
}
const joined = (...parts: readonly (Uint8Array | string)[]) =>
  Buffer.concat(parts.map((part) => (typeof part === 'string' ? text.encode(part) : part)))

test('a mark is found at its offset in the innermost file', async () => {
  const image = gzipSync(gzipSync(joined(noise(1_000), mark)))
  const { findings } = await walked(image)
  assert.deepEqual(
    findings.map(({ path, offset }) => [path, offset]),
    [[['image', 'content', 'content'], 1_000]],
  )
})

test('a mark that lies across two pieces is found', async () => {
  const { findings } = await walked(joined(noise(pieceOctets - 10), mark, noise(100)))
  assert.deepEqual(
    findings.map(({ offset }) => offset),
    [pieceOctets - 10],
  )
})

test('what is embedded anywhere in a blob is opened, in octets that come once too', async () => {
  for (const before of [0, 1, 2, 3, 4, 4_095, pieceOctets - 2, pieceOctets + 5]) {
    const blob = joined('#!', noise(before), gzipSync(text.encode(mark)), noise(77))
    const place = `gzip at ${before + 2} > content: ${mark}`
    assert.deepEqual((await walked(blob)).marks, [place], `${before}`)
    const inStream = await walked(gzipSync(blob))
    assert.deepEqual(inStream.marks, [`content > ${place}`], `${before} in a stream`)
    assert.deepEqual(inStream.notScanned, [])
  }
})

test('what is embedded where one member ends and another of no octets lies is opened', async () => {
  const packed = gzipSync(text.encode(mark))
  const blob = joined('PARTS', noise(300), packed, noise(50))
  for (const cut of [305, 306, 307, 308, 309, 305 + packed.length]) {
    const parts: ArchiveForm = {
      ...{ name: 'parts', access: 'ranged', headOctets: 5, leftover: 'carved' },
      recognise: (head) => head[0] === 0x50 && head[4] === 0x53,
      async *members(source) {
        const content = span(source, cut, 0)
        yield { kind: 'member', name: 'none', type: 'file', offset: cut, content }
      },
    }
    const { marks } = await walked(blob, {}, { forms: [parts, ...archiveForms] })
    assert.deepEqual(marks, [`gzip at 305 > content: ${mark}`], `cut at ${cut}`)
  }
})

test('what only seems to be embedded is not believed, and nothing is said of it', async () => {
  const blob = joined(noise(500), new Uint8Array([0x1f, 0x8b, 8, 0]), noise(5_000), mark)
  const { marks, notScanned } = await walked(blob)
  assert.deepEqual([marks, notScanned], [[`: ${mark}`], []])
})

test('damage is told with its place, and what came before it was searched', async () => {
  const packed = gzipSync(joined(mark, crypto.getRandomValues(new Uint8Array(60_000))))
  const { marks, notScanned } = await walked(packed.subarray(0, 40_000))
  assert.deepEqual(marks, [`content: ${mark}`])
  assert.equal(notScanned[0]?.reason, 'damaged')
  assert.deepEqual(notScanned[0]?.path, ['image', 'content'])
})

test('a file that cannot be read is told, whatever broke', async () => {
  const broken: ByteSource = {
    size: 10,
    read: async () => {
      throw new FormatError('truncated', 0, 'the system says EIO')
    },
  }
  const { notScanned } = await walked(broken)
  assert.deepEqual([notScanned[0]?.reason, notScanned[0]?.offset], ['damaged', 0])
})

test('containers in one another are opened to a depth, and searched as they lie below it', async () => {
  let image: Uint8Array = text.encode(mark)
  for (let depth = 0; depth < 5; depth++) image = gzipSync(image)
  assert.deepEqual((await walked(image, { depth: 5 })).marks.length, 1)
  const { marks, notScanned } = await walked(image, { depth: 4 })
  assert.deepEqual(marks, [])
  assert.deepEqual(
    notScanned.map(({ reason, path }) => [reason, path.length]),
    [['too-deep', 5]],
  )
})

test('a file that gives more octets than may come out of it is left, and where is told', async () => {
  const bomb = gzipSync(gzipSync(new Uint8Array(4_000_000)))
  const { notScanned, counts } = await walked(joined(bomb), { octets: 1_000_000 })
  assert.deepEqual(
    notScanned.map(({ reason, path }) => [reason, path]),
    [['too-many-octets', ['image', 'content', 'content']]],
  )
  assert.ok(counts.octetsOut < 2_000_000)
})

test('a member is searched up to its budget, and the rest of it told', async () => {
  const image = gzipSync(joined(noise(1_000_000), mark))
  const { marks, notScanned } = await walked(image, { memberOctets: 600_000 })
  assert.deepEqual([marks, notScanned.map(({ reason }) => reason)], [[], ['member-too-large']])
})

test('a scan that is stopped or out of time says so of what it left', async () => {
  for (const reason of ['stopped', 'too-long'] as const) {
    const { notScanned } = await walked(noise(10), {}, { pressed: () => reason })
    assert.deepEqual(
      notScanned.map((told) => told.reason),
      [reason],
    )
  }
})

test('a fault of our own in one file is told and hides no other', async () => {
  const broken = () => {
    throw new TypeError('a fault of our own')
  }
  const { notScanned } = await walked(noise(10), {}, { finders: [broken] })
  assert.equal(notScanned[0]?.reason, 'scanner-ended')
})

test('blank octets are leapt over, and what follows is found at its offset', async () => {
  for (const fill of [0, 0xff]) {
    const { findings } = await walked(joined(new Uint8Array(3_000_001).fill(fill), mark))
    assert.deepEqual(
      findings.map(({ offset }) => offset),
      [3_000_001],
    )
  }
})
