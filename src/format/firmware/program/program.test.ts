// SPDX-License-Identifier: Apache-2.0
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { memorySource } from '#format/archive/byte-source.ts'
import { uf2File } from '../../../../test/support/scan/firmware-bytes.ts'
import { elfVector } from '../../../../test/support/scan/firmware-vectors.ts'
import { elf, parseElfHeader, parseElfSections } from './elf.ts'
import { intelHex, parseIntelHex } from './intel-hex.ts'
import { SparseMemory } from './sparse-memory.ts'
import { parseSRecords, srec } from './srec.ts'
import { parseUf2, parseUf2Block, uf2Source } from './uf2.ts'

const text = (lines: string) => memorySource(new TextEncoder().encode(lines))

test('Intel HEX gives the memory that it programs, whatever the order of its records', async () => {
  // The records are examples of Intel's specification of 1988 and of its article in Wikipedia.
  const lines = [
    ':10010000214601360121470136007EFE09D2190140',
    ':100110002146017E17C20001FF5F16002148011928',
    ':020000021200EA',
    ':0300300002337A1E',
    ':02000004FFFFFC',
    ':0B0010006164647265737320676170A7',
    ':00000001FF',
  ]
  const spans = await parseIntelHex(text(`${lines.join('\r\n')}\r\n`))
  assert.deepEqual(
    spans.map(({ address, bytes }) => [address, bytes.length]),
    [
      [0x100, 32],
      [0x1_2030, 3],
      [0xffff_0010, 11],
    ],
  )
  assert.equal(new TextDecoder().decode(spans[2]?.bytes), 'address gap')
  assert.ok(intelHex.recognise(new TextEncoder().encode(`${lines[0]}\n`)))
})

test('Intel HEX that is wrong is refused with the place', async () => {
  for (const [lines, code, offset] of [
    [':0300300002337A1F\n:00000001FF\n', 'value-not-allowed', 0],
    [':0300300002337A1E\n:0300300002337AXE\n', 'text-malformed', 33],
    [':0300300002337A1E\n', 'truncated', 18],
    [':00000001FF\n:00000001FF\n', 'trailing-bytes', 12],
    [':0400300002337A1D\n', 'truncated', 1],
    [':00000006FA\n', 'value-not-allowed', 7],
    [':020000011200EB\n', 'value-not-allowed', 1],
    ['0300300002337A1E\n', 'text-malformed', 0],
    [`:${'0'.repeat(70_000)}\n`, 'too-large', 0],
  ] as const)
    await assert.rejects(parseIntelHex(text(lines)), { code, offset }, lines.slice(0, 50))
})

test('S-records give the memory that they program', async () => {
  // srec(5) and its article in Wikipedia.
  const lines = [
    'S00F000068656C6C6F202020202000003C',
    'S11F00007C0802A6900100049421FFF07C6C1B787C8C23783C6000003863000026',
    'S11F001C4BFFFFE5398000007D83637880010014382100107C0803A64E800020E9',
    'S111003848656C6C6F20776F726C642E0A0042',
    'S5030003F9',
    'S9030000FC',
  ]
  const spans = await parseSRecords(text(`${lines.join('\n')}\n`))
  assert.deepEqual(
    spans.map(({ address, bytes }) => [address, bytes.length]),
    [[0, 70]],
  )
  assert.equal(new TextDecoder().decode(spans[0]?.bytes.subarray(56, 68)), 'Hello world.')
  assert.ok(srec.recognise(new TextEncoder().encode(`${lines[0]}\n`)))
  for (const [wrong, code] of [
    ['S9030000FD\n', 'value-not-allowed'],
    ['S4030000FC\n', 'text-malformed'],
    ['S9040000FB\n', 'truncated'],
    ['S111003848656C6C6F20776F726C642E0A0042\n', 'truncated'],
  ] as const)
    await assert.rejects(parseSRecords(text(wrong)), { code }, wrong)
})

test('memory that would not fit is refused', () => {
  const memory = new SparseMemory()
  const piece = new Uint8Array(8_388_608)
  for (let at = 0; at < 4; at++) memory.write(at * piece.length, piece, 0)
  assert.throws(() => memory.write(0, piece, 7), { code: 'too-large', offset: 7 })
  assert.deepEqual(
    memory.spans().map(({ bytes }) => bytes.length),
    [33_554_432],
  )
})

test('blocks of UF2 are joined by their addresses', async () => {
  const payload = Uint8Array.from({ length: 700 }, (_, index) => index)
  const file = memorySource(new Uint8Array(uf2File(payload, 0x2000)))
  const runs = await parseUf2(file)
  assert.deepEqual(
    runs.map(({ address, first, count }) => [address, first, count]),
    [
      [0x2200, 0, 1],
      [0x2100, 1, 1],
      [0x2000, 2, 1],
    ],
  )
  const joined = uf2Source(file, runs.toReversed())
  assert.deepEqual((await joined.read(0, 10_000)).slice(0, 700), payload)
  assert.deepEqual(await joined.read(250, 20), payload.slice(250, 270))
})

test('a block of UF2 that lies is refused', () => {
  const block = new Uint8Array(uf2File(new Uint8Array(10), 0))
  const wrong = (at: number, value: number) => {
    const copy = block.slice()
    copy[at] = value
    return () => parseUf2Block(copy, 512)
  }
  assert.throws(wrong(0, 0), { code: 'value-not-allowed', offset: 512 })
  assert.throws(wrong(508, 0), { code: 'value-not-allowed', offset: 512 })
  assert.throws(wrong(17, 2), { code: 'value-not-allowed', offset: 528 })
  assert.throws(wrong(20, 9), { code: 'value-not-allowed', offset: 532 })
  assert.throws(() => parseUf2Block(block.subarray(0, 511), 0), { code: 'truncated' })
})

test('sections of ELF are told by name and place', async () => {
  const sections = await parseElfSections(memorySource(elfVector))
  const data = sections.find(({ name }) => name === '.data')
  assert.ok(data !== undefined)
  const bytes = elfVector.subarray(data.offset, data.offset + data.size)
  assert.equal(new TextDecoder().decode(bytes), 'sixteen octets..')
  const tools = { unpack: () => assert.fail(), open: () => assert.fail() }
  const members = await Array.fromAsync(elf.members(memorySource(elfVector), tools))
  assert.deepEqual(
    members.map(({ name }) => name),
    ['.data'],
  )
})

test('ELF that lies about its tables is refused', async () => {
  const parse = (at: number, ...octets: readonly number[]) => {
    const copy = elfVector.slice()
    copy.set(octets, at)
    return parseElfSections(memorySource(copy))
  }
  await assert.rejects(parse(40, 0xff, 0xff, 0xff), { code: 'truncated' })
  await assert.rejects(parse(58, 1, 0), { code: 'value-not-allowed' })
  await assert.rejects(parse(62, 0xfe, 0xff), { code: 'value-not-allowed' })
  await assert.rejects(parse(4, 3), { code: 'value-not-allowed', offset: 4 })
  await assert.rejects(parse(5, 0), { code: 'value-not-allowed', offset: 5 })
  await assert.rejects(parse(6, 2), { code: 'version-unknown', offset: 6 })
  assert.throws(() => parseElfHeader(elfVector.subarray(0, 20)), { code: 'truncated' })
})
