// SPDX-License-Identifier: Apache-2.0
import assert from 'node:assert/strict'
import { readFileSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { before, test } from 'node:test'
import { FormatError } from '#format/format-error.ts'
import { encodeCheckpoint } from '#format/tlog/checkpoint.ts'
import { encodeEventBody } from '#format/tlog/event-body.ts'
import { type EventLine, encodeExportLine, parseExportLine } from '#format/tlog/export/line.ts'
import { encodeNoteKey } from '#format/tlog/note-key.ts'
import { codes, key, names, verify, verifyBytes } from '../../../test/log-checks.ts'
import { House, log, told } from '../../../test/log-house.ts'
import type { FindingCode } from './export/findings.ts'
import { commitmentOf, leafHash } from './merkle.ts'
import { signNote } from './note.ts'
import { testLogKey } from './note-testing.ts'
import type { VerifyExportOptions } from './verify-export.ts'

/** What a line is about, by the name that findings use. */
function nameOf(text: string): string {
  const line = parseExportLine(text)
  switch (line.line) {
    case 'tile':
      return `tile ${line.level}/${line.index}`
    case 'event':
    case 'erased-event':
      return `event ${line.position}`
    case 'record':
      return line.id
    case 'head':
      return '(key|checkpoint|head)'
    case 'end':
      return 'end'
  }
}

let small: string[]
let large: string[]
before(async () => {
  small = await new House().add(12).export()
  large = await new House().add(600).export()
})

test('an export of an honest house is intact', async () => {
  for (const lines of [small, large, await new House().export()]) {
    const done = await verify(lines)
    assert.deepEqual(done.findings, [])
    assert.equal(done.intact, true)
    assert.equal(done.events, done.checkpoint?.size)
    assert.equal(done.key, key)
  }
  const { events, records, erasedEvents } = await verify(small)
  assert.deepEqual({ events, records, erasedEvents }, { events: 12, records: 8, erasedEvents: 0 })
})

test('finds and names a change of any byte', async () => {
  const bytes = new TextEncoder().encode(small.map((line) => `${line}\n`).join(''))
  let at = 0
  for (const [number, line] of small.entries()) {
    const end = at + new TextEncoder().encode(line).length + 1
    for (; at < end; at++) {
      const found = await verifyBytes(bytes.with(at, bytes[at]! ^ 1))
      assert.equal(found.intact, false, `byte ${at}`)
      const isNamed = names(found, nameOf(line)) || names(found, `line ${number + 1}`)
      assert.ok(isNamed, `byte ${at} of ${line}: ${JSON.stringify(found.findings)}`)
    }
  }
})

test('finds and names a change of any bit of some events and records', async () => {
  for (const line of [small[2]!, small[5]!, small.at(-2)!, small.at(-1)!]) {
    const bytes = new TextEncoder().encode(small.map((one) => `${one}\n`).join(''))
    const start =
      new TextEncoder().encode(small.slice(0, small.indexOf(line)).join('\n')).length + 1
    for (let at = start; at < start + line.length; at++) {
      for (const bit of [2, 4, 8, 16, 32, 64, 128]) {
        const found = await verifyBytes(bytes.with(at, bytes[at]! ^ bit))
        assert.equal(found.intact, false, `byte ${at}, bit ${bit}`)
      }
    }
  }
})

test('finds and names any line left out', async () => {
  for (const [at, line] of small.entries()) {
    const found = await verify(small.toSpliced(at, 1))
    assert.equal(found.intact, false, line)
    assert.ok(names(found, nameOf(line)), `${line}: ${JSON.stringify(found.findings)}`)
  }
})

test('finds and names any line that stands twice', async () => {
  for (const [at, line] of small.entries()) {
    const found = await verify(small.toSpliced(at, 0, line))
    assert.equal(found.intact, false, line)
    assert.ok(names(found, nameOf(line)), `${line}: ${JSON.stringify(found.findings)}`)
  }
})

test('finds and names any two neighbours swapped', async () => {
  for (let at = 0; at + 1 < small.length; at++) {
    const [first, second] = [small[at]!, small[at + 1]!]
    const found = await verify(small.toSpliced(at, 2, second, first))
    assert.equal(found.intact, false, first)
    const isNamed = names(found, nameOf(first)) || names(found, nameOf(second))
    assert.ok(isNamed, `${first}: ${JSON.stringify(found.findings)}`)
  }
})

test('finds an export cut anywhere', async () => {
  const bytes = new TextEncoder().encode(small.map((line) => `${line}\n`).join(''))
  for (let length = 0; length < bytes.length; length += 7) {
    const found = await verifyBytes(bytes.slice(0, length))
    assert.equal(found.intact, false, `${length} bytes`)
    assert.ok(codes(found).includes('export-incomplete'))
  }
  assert.equal((await verifyBytes(bytes.slice(0, -1))).intact, false)
})

test('one event left out is one finding and the root; the others are not blamed', async () => {
  const at = large.findIndex((line) => nameOf(line) === 'event 300')
  const found = await verify(large.toSpliced(at, 1))
  assert.deepEqual(
    found.findings.filter(({ code }) => code === 'event-missing').map(({ about }) => about),
    ['event 300'],
  )
  // Its hash is in the tile, so the rest can still be checked: the tree is whole.
  assert.ok(!codes(found).includes('root-differs'))
})

test('one event changed is named among hundreds', async () => {
  const found = await verify(changeEvent(large, 437))
  assert.deepEqual(
    found.findings.map(({ code, about }) => [code, about]),
    [
      ['event-changed', 'event 437'],
      ['root-differs', 'events 0 to 599'],
    ],
  )
})

test('an event whose number alone was changed is named by both numbers', async () => {
  const at = small.findIndex((line) => nameOf(line) === 'event 3')
  const found = await verify(small.with(at, small[at]!.replace('"position":3', '"position":9')))
  assert.deepEqual(
    found.findings.map(({ code, about, detail }) => [code, about, detail]),
    [['event-out-of-place', 'event 9', 'where event 3 is expected']],
  )
})

test('a change that the tile was made to fit is named by its tile', async () => {
  const found = await verify(refitTile(changeEvent(large, 300), 1))
  assert.deepEqual(
    found.findings.map(({ code, about }) => [code, about]),
    [
      ['events-changed', 'events 256 to 511'],
      ['root-differs', 'events 0 to 599'],
    ],
  )
})

test('a change that every tile was made to fit is still found', async () => {
  const found = await verify(refitTile(changeEvent(small, 7), 0))
  assert.deepEqual(codes(found), ['root-differs'])
})

test('a changed tile is not blamed on its events', async () => {
  for (const [name, about] of [
    ['tile 0/1', 'tile 0/1'],
    ['tile 1/0', 'tile 1/0'],
    ['tile 0/2', 'tile 0/2'],
  ] as const) {
    const at = large.findIndex((line) => nameOf(line) === name)
    const line = parseExportLine(large[at]!)
    assert.ok(line.line === 'tile')
    const hashes = line.hashes.with(40, line.hashes[40]! ^ 1)
    const found = await verify(large.with(at, encodeExportLine({ ...line, hashes })))
    assert.deepEqual(codes(found), ['tile-changed'])
    assert.deepEqual(
      found.findings.map((one) => one.about),
      [about],
    )
  }
})

test('a tile or a whole run of lines left out is named', async () => {
  const at = large.findIndex((line) => nameOf(line) === 'tile 0/1')
  const withoutTile = await verify(large.toSpliced(at, 1))
  assert.deepEqual(codes(withoutTile), ['tile-missing'])
  const withoutBoth = await verify(large.toSpliced(at, 257))
  assert.deepEqual(
    codes(withoutBoth),
    [
      'event-missing',
      'export-incomplete',
      'record-missing',
      'record-without-event',
      'root-differs',
      'tile-missing',
    ].filter((code) => codes(withoutBoth).includes(code as FindingCode)),
  )
  assert.ok(names(withoutBoth, 'events 256 to 511') && names(withoutBoth, 'tile 0/1'))
})

test('an earlier checkpoint of the same log is continued', async () => {
  const house = new House()
  const earlier = [await house.checkpoint()]
  for (const count of [1, 4, 300]) earlier.push(await house.add(count).checkpoint())
  const lines = await house.add(20).export()
  for (const since of earlier) assert.equal((await verify(lines, { key, since })).intact, true)
})

test('finds a log that was rolled back behind an earlier checkpoint', async () => {
  const since = await new House().add(13).checkpoint()
  const found = await verify(small, { key, since })
  assert.deepEqual(codes(found), ['rolled-back'])
})

test('finds a history that the holder of the key has written anew', async () => {
  const since = await new House().add(6).checkpoint()
  const rewritten = new House()
  rewritten.store.commit(told('server-stopped', [], {}))
  rewritten.store.commit(told('server-started', [], {}))
  for (let at = 2; at < 8; at++) rewritten.store.commit(told('server-started', [], { at }))
  const lines = await rewritten.export()
  assert.equal((await verify(lines)).intact, true, 'nothing shows without the earlier checkpoint')
  const found = await verify(lines, { key, since })
  assert.deepEqual(codes(found), ['history-differs'])
  assert.ok(names(found, 'events 0 to 5'))
})

test('refuses an earlier checkpoint of another log, and one that was changed', async () => {
  const other = testLogKey('example.com/log', 6)
  const text = encodeCheckpoint({ origin: 'example.com/log', size: 0, root: new Uint8Array(32) })
  const foreign = await signNote(text, other.key, other.sign)
  assert.deepEqual(codes(await verify(small, { key, since: foreign })), [
    'earlier-checkpoint-wrong',
  ])
  const own = await new House().add(6).checkpoint()
  const changed = own.replace('\n6\n', '\n5\n')
  assert.deepEqual(codes(await verify(small, { key, since: changed })), [
    'earlier-checkpoint-wrong',
  ])
})

test('finds an export signed by another key', async () => {
  const other = encodeNoteKey(testLogKey('example.com/log', 6).key)
  const found = await verify(small, { key: other })
  assert.deepEqual(codes(found), ['checkpoint-signature-wrong', 'key-differs'])
})

test('without a key from elsewhere it says whose word the key is', async () => {
  const found = await verify(small, {})
  assert.deepEqual(codes(found), ['key-not-given'])
  assert.equal(found.intact, true)
})

test('a key or an earlier checkpoint that is none is the caller’s mistake', async () => {
  await assert.rejects(verify(small, { key: 'nonsense' }), FormatError)
  await assert.rejects(verify(small, { key, since: 'nonsense' }), FormatError)
})

test('a second signature on the checkpoint is found, of whomever', async () => {
  const head = parseExportLine(small[0]!)
  assert.ok(head.line === 'head')
  for (const extra of [head.checkpoint.split('\n\n')[1]!, '— other AAAAAAAA\n']) {
    const line = encodeExportLine({ ...head, checkpoint: head.checkpoint + extra })
    assert.deepEqual(codes(await verify(small.with(0, line))), ['checkpoint-signature-wrong'])
  }
})

test('a made-up tree size costs no time and is found', async () => {
  const text = encodeCheckpoint({
    origin: 'example.com/log',
    size: Number.MAX_SAFE_INTEGER,
    root: new Uint8Array(32),
  })
  const checkpoint = await signNote(text, log.key, log.sign)
  const found = await verify(small.with(0, encodeExportLine({ line: 'head', key, checkpoint })))
  assert.equal(found.intact, false)
  assert.ok(codes(found).includes('root-differs'))
})

test('each kind of disorder has its own word', async () => {
  const head = parseExportLine(small[0]!)
  assert.ok(head.line === 'head')
  const headWith = (changed: Partial<typeof head>) =>
    small.with(0, encodeExportLine({ ...head, ...changed }))
  const [record, tile] = [small.at(-2)!, small[1]!]
  const cases: readonly (readonly [FindingCode, readonly string[], VerifyExportOptions?])[] = [
    ['checkpoint-malformed', headWith({ checkpoint: 'nonsense' })],
    ['key-malformed', headWith({ key: 'nonsense' }), {}],
    ['line-malformed', small.toSpliced(4, 0, '{}')],
    ['line-out-of-place', [...small, small.at(-1)!]],
    ['line-out-of-place', small.toSpliced(-1, 0, tile)],
    ['tile-out-of-place', small.toSpliced(3, 0, tile)],
    ['tile-out-of-place', small.with(1, tile.replace('"index":0', '"index":1'))],
    ['record-out-of-place', small.toSpliced(-1, 0, record)],
    ['record-out-of-place', small.toSpliced(-3, 2, record, small.at(-3)!)],
    ['record-without-event', small.with(-2, record.replace('"kind":"party"', '"kind":"zebra"'))],
    ['record-changed', small.with(-2, record.replace('"role"', '"rule"'))],
    ['export-incomplete', small.with(-1, small.at(-1)!.replace('"records":8', '"records":9'))],
    ['export-incomplete', []],
  ]
  for (const [code, lines, options = { key }] of cases) {
    const found = await verify(lines, options)
    assert.equal(found.intact, false, code)
    assert.ok(codes(found).includes(code), `${code}: ${JSON.stringify(found.findings)}`)
  }
})

test('keeps the first thousand findings and counts the rest', async () => {
  const lines = [small[0]!, ...Array.from({ length: 1500 }, () => 'nonsense'), ...small.slice(1)]
  const found = await verify(lines)
  assert.deepEqual([found.wrong, found.findings.length], [1500, 1000])
})

test('shares nothing but format and trust with the house', () => {
  const seen = new Set<string>()
  const open = ['src/trust/tlog/verify-export.ts']
  for (let file = open.pop(); file !== undefined; file = open.pop()) {
    if (seen.has(file)) continue
    seen.add(file)
    for (const [, wanted = ''] of readFileSync(file, 'utf8').matchAll(
      /(?:from|import)\s*\(?'([^']+)'/g,
    )) {
      if (wanted === 'node:crypto') continue
      assert.match(wanted, /^(#format\/|#trust\/|\.)/, `${file} -> ${wanted}`)
      open.push(wanted.startsWith('.') ? join(dirname(file), wanted) : `src/${wanted.slice(1)}`)
    }
  }
  assert.ok(seen.size > 10)
  for (const file of seen) assert.match(file, /^src\/(format|trust)\//)
})

function changeEvent(lines: readonly string[], position: number): string[] {
  const at = lines.findIndex((line) => nameOf(line) === `event ${position}`)
  const line = parseExportLine(lines[at]!)
  assert.ok(line.line === 'event')
  const event = { ...line.event, at: '2026-01-01T00:00:00.001Z' }
  return lines.with(at, encodeExportLine({ ...line, event }))
}

/** What a forger without the key can do: make the leaf tile fit the events after it. */
function refitTile(lines: readonly string[], index: number): string[] {
  const at = lines.findIndex((line) => nameOf(line) === `tile 0/${index}`)
  const tile = parseExportLine(lines[at]!)
  assert.ok(tile.line === 'tile')
  const hashes = new Uint8Array(tile.hashes.length)
  for (let event = 0; event < hashes.length / 32; event++) {
    hashes.set(leafOf(parseExportLine(lines[at + 1 + event]!) as EventLine), event * 32)
  }
  return lines.with(at, encodeExportLine({ ...tile, hashes }))
}

function leafOf({ salt, event }: EventLine): Uint8Array {
  return leafHash(commitmentOf(salt, encodeEventBody(event)))
}
