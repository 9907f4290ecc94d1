// SPDX-License-Identifier: Apache-2.0
import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import { FormatError } from '#format/format-error.ts'
import { ExportLayout } from './layout.ts'
import { type ExportLine, encodeExportLine, parseExportLine } from './line.ts'
import { type RawLine, rawLines } from './raw-lines.ts'
import { boundColumns, eventTypesOf, recordRules, withoutPauses } from './record-rules.ts'

const hash = new Uint8Array(32).fill(9)
const event = {
  actor: { id: 'x', kind: 'house' },
  at: '2026-01-02T03:04:05.678Z',
  facts: {},
  subjects: [],
  type: 'server-started',
}
const lines: readonly ExportLine[] = [
  { line: 'head', key: 'k', checkpoint: 'c\n' },
  { line: 'tile', level: 1, index: 2, hashes: new Uint8Array(64).fill(1) },
  { line: 'event', position: 3, salt: hash, event },
  { line: 'erased-event', position: 4, commitment: hash },
  { line: 'record', kind: 'certificate', id: 'crt_1', state: 'issued', columns: { a: 1, b: null } },
  { line: 'record', kind: 'party', id: 'pty_1', state: null, columns: {} },
  { line: 'end', events: 5, records: 2 },
]

test('line and text are inverse', () => {
  for (const line of lines) {
    const text = encodeExportLine(line)
    assert.equal(encodeExportLine(parseExportLine(text)), text)
    assert.deepEqual(parseExportLine(text), line)
  }
})

test('a line has one spelling: no character of it can be changed, doubled or left out unseen', () => {
  for (const text of lines.map(encodeExportLine)) {
    for (let at = 0; at < text.length; at++) {
      for (const other of [' ', text[at]!.repeat(2), '', text[at]!.toUpperCase()]) {
        const changed = text.slice(0, at) + other + text.slice(at + 1)
        if (changed === text) continue
        const found = parsedOrRefused(changed)
        if (found !== undefined) assert.equal(encodeExportLine(found), changed)
      }
    }
  }
})

test('refuses lines of another shape, kind or version', () => {
  const head = encodeExportLine(lines[0]!)
  const tile = encodeExportLine(lines[1]!)
  const wrong: readonly (readonly [string, string])[] = [
    ['{}', 'text-malformed'],
    ['[]', 'text-malformed'],
    ['null', 'text-malformed'],
    ['{"line":"none"}', 'text-malformed'],
    ['{"line":"toString"}', 'text-malformed'],
    ['{"line":"end","events":-1,"records":0}', 'text-malformed'],
    ['not json', 'text-malformed'],
    [head.replace('export/1', 'export/2'), 'version-unknown'],
    [head.replace('"k"', '1'), 'text-malformed'],
    [tile.replace(/"hashes":"[^"]*"/, '"hashes":""'), 'text-malformed'],
    [tile.replace(/"hashes":"[^"]*"/, '"hashes":"AA=="'), 'text-malformed'],
    [tile.replace(/"hashes":"[^"]*"/, '"hashes":"?"'), 'base64-malformed'],
  ]
  for (const [text, code] of wrong) {
    assert.throws(() => parseExportLine(text), { name: 'FormatError', code }, text)
  }
})

test('the layout knows the place of every tile and event, and the way back', () => {
  const sizes = fc.oneof(
    fc.nat(600),
    fc.constantFrom(255, 256, 257, 65_535, 65_536, 65_537, 70_000),
  )
  fc.assert(
    fc.property(sizes, fc.nat(100_000), (size, some) => {
      const layout = new ExportLayout(size)
      if (layout.slots === 0) return assert.equal(size, 0)
      const place = layout.at(some % layout.slots)
      const slot =
        place.kind === 'event'
          ? layout.slotOfEvent(place.position)
          : layout.slotOfTile(place.level, place.index)
      assert.equal(slot, some % layout.slots)
      assert.equal(layout.slotOfEvent(size), undefined)
      assert.throws(() => layout.at(layout.slots), RangeError)
    }),
  )
})

test('the layout has tiles highest level first, and each leaf tile before its events', () => {
  const layout = new ExportLayout(257)
  assert.deepEqual(layout.at(0), { kind: 'tile', level: 1, index: 0, width: 1 })
  assert.deepEqual(layout.at(1), { kind: 'tile', level: 0, index: 0, width: 256 })
  assert.deepEqual(layout.at(2), { kind: 'event', position: 0 })
  assert.deepEqual(layout.at(258), { kind: 'tile', level: 0, index: 1, width: 1 })
  assert.deepEqual(layout.at(259), { kind: 'event', position: 256 })
  assert.equal(layout.slots, 260)
})

test('lines are cut the same wherever the bytes are', async () => {
  const bytes = new TextEncoder().encode('one\n\ntwo é\nthree\n')
  const cuts = fc.array(fc.nat(bytes.length), { maxLength: 6 })
  await fc.assert(
    fc.asyncProperty(cuts, async (places) => {
      const edges = [0, ...places.toSorted((a, b) => a - b), bytes.length]
      const chunks = edges.slice(1).map((end, at) => bytes.slice(edges[at], end))
      const texts = (await collect(chunks)).map((line) => (line.kind === 'text' ? line.text : '?'))
      assert.deepEqual(texts, ['one', '', 'two é', 'three'])
    }),
  )
})

test('a line that is not UTF-8, too long, or not ended is broken, and the rest is read', async () => {
  const long = new Uint8Array((1 << 20) + 1).fill(0x61)
  const bytes = [Uint8Array.of(0xff, 0x0a), long, Uint8Array.of(0x0a, 0x62, 0x0a, 0x63)]
  const found = (await collect(bytes)).map((line) =>
    line.kind === 'text' ? line.text : line.error.code,
  )
  assert.deepEqual(found, ['string-characters', 'too-large', 'b', 'truncated'])
})

test('a carriage return and a byte order mark are part of the line', async () => {
  const [line] = await collect([new TextEncoder().encode('\ufeff{}\r\n')])
  assert.equal(line?.kind === 'text' && line.text, '\ufeff{}\r')
})

test('the rules are of one mind: each binds events that its states speak of', () => {
  for (const [kind, rule] of Object.entries(recordRules)) {
    for (const type of Object.keys(rule.binds)) assert.ok(eventTypesOf(rule).has(type), kind)
  }
  assert.deepEqual(boundColumns(recordRules.certificate!, 'abandoned'), [
    'authority',
    'owner',
    'serialNumber',
  ])
  assert.equal(boundColumns(recordRules.certificate!, 'reserved'), undefined)
})

test('what was suspended and released is no part of a history, whatever happened meanwhile', () => {
  const rule = recordRules.certificate!
  const lasting = (...types: string[]) => withoutPauses(rule, types)
  const [held, released] = ['certificate-held', 'certificate-released']
  assert.deepEqual(lasting('certificate-issued', held, released, held), [
    'certificate-issued',
    held,
  ])
  assert.deepEqual(lasting('x', held, 'certificate-retired', released), [
    'x',
    'certificate-retired',
  ])
  assert.deepEqual(lasting('x', released), ['x', released])
  assert.deepEqual(withoutPauses(recordRules.party!, [held, released]), [held, released])
})

function parsedOrRefused(text: string): ExportLine | undefined {
  try {
    return parseExportLine(text)
  } catch (error) {
    assert.ok(error instanceof FormatError)
    return undefined
  }
}

async function collect(chunks: readonly Uint8Array[]): Promise<RawLine[]> {
  async function* stream() {
    yield* chunks
  }
  return Array.fromAsync(rawLines(stream()))
}
