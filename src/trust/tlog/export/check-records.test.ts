// SPDX-License-Identifier: Apache-2.0
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { encodeExportLine } from '#format/tlog/export/line.ts'
import { codes, names, verify } from '../../../../test/log-checks.ts'
import { crt, House, told } from '../../../../test/log-house.ts'
import type { FindingCode } from './findings.ts'

test('erased bodies are noted and break nothing', async () => {
  const house = new House().add(300)
  await house.checkpoint()
  for (const position of [3, 4, 5, 277]) house.store.kept[position]!.erased = true
  const found = await verify(await house.export())
  assert.equal(found.intact, true)
  assert.equal(found.erasedEvents, 4)
  assert.deepEqual(codes(found), ['event-erased', 'record-unmatched'])
  assert.ok(names(found, 'events 3 to 5') && names(found, 'event 277'))
})

test('erased bodies excuse no more records than there are', async () => {
  const house = new House().add(20)
  await house.checkpoint()
  house.store.kept[3]!.erased = true
  const lines = await house.export()
  const added = encodeExportLine({
    line: 'record',
    kind: 'certificate',
    id: 'crt_9999',
    state: 'issued',
    columns: {},
  })
  const at = lines.findIndex((line) => line.includes('"kind":"party"'))
  const found = await verify(lines.toSpliced(at, 0, added))
  assert.ok(codes(found).includes('record-without-event'))
})

test('commitments alone can be checked as a tree', async () => {
  const house = new House().add(300)
  const lines = await house.export({ commitmentsOnly: true })
  const found = await verify(lines)
  assert.equal(found.intact, true)
  assert.deepEqual(codes(found), ['event-erased'])
  assert.equal(
    lines.some((line) => line.includes('maker')),
    false,
  )
  const broken = lines.map((line) =>
    line.replace(/("commitment":")(.)/, (_, name, first) => name + (first === '0' ? '1' : '0')),
  )
  assert.ok(codes(await verify(broken)).includes('root-differs'))
})

test('ledger and log match one to one, or the record is named', async () => {
  const cases: readonly (readonly [string, (house: House) => void, FindingCode, string])[] = [
    ['an issued event without record', (house) => house.remove(crt(8)), 'record-missing', crt(8)],
    [
      'a record without event',
      ({ store }) =>
        store.recordsOf.get('party')?.push({ id: 'pty_9', version: 1, name: 'x', role: 'maker' }),
      'record-without-event',
      'pty_9',
    ],
    [
      'a state that was set back',
      (house) => house.change(crt(3), { state: 'issued' }),
      'record-without-event',
      crt(3),
    ],
    [
      'a state without event',
      (house) => house.change(crt(8), { state: 'revoked' }),
      'record-without-event',
      crt(8),
    ],
    [
      'a state hidden by another',
      (house) => house.change(crt(8), { state: 'reserved' }),
      'record-missing',
      crt(8),
    ],
    [
      'a certificate exchanged',
      (house) => house.change(crt(8), { sha256: new Uint8Array(32) }),
      'record-changed',
      crt(8),
    ],
    [
      'an owner exchanged',
      (house) => house.change(crt(8), { owner: 'dev_2' }),
      'record-changed',
      crt(8),
    ],
    ['a certificate issued twice', (house) => issueAgain(house), 'record-without-event', crt(8)],
  ]
  for (const [name, tamper, code, id] of cases) {
    const house = new House().add(9)
    tamper(house)
    const found = await verify(await house.export())
    assert.deepEqual(codes(found), [code], name)
    assert.ok(names(found, id), name)
  }
})

function issueAgain({ store }: House): void {
  const facts = { serialNumber: new Uint8Array(16).fill(8).toHex() }
  store.commit(told('certificate-issued', [crt(8), 'dev_1', 'aut_1', 'key_1'], facts))
}
