// SPDX-License-Identifier: Apache-2.0
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { limits } from './budget.ts'
import { readDer } from './reader.ts'
import { tag } from './tag.ts'
import { noWellDefinedEnd } from './time.ts'
import { encodeDer } from './writer.ts'

const encode = (octet: number, text: string) =>
  encodeDer((writer) => writer.octets(new TextEncoder().encode(text), octet))
const read = (octet: number, text: string) =>
  readDer(encode(octet, text), limits.small, (reader) => reader.time()).toString()
const write = (moment: string) => {
  const encoded = encodeDer((writer) => writer.time(Temporal.Instant.from(moment)))
  return [encoded[0], new TextDecoder().decode(encoded.subarray(2))]
}

test('UTCTime is of 1950 to 2049, GeneralizedTime of all other years', () => {
  for (const [moment, octet, text] of [
    ['1950-01-01T00:00:00Z', tag.utcTime, '500101000000Z'],
    ['1970-01-01T00:00:00Z', tag.utcTime, '700101000000Z'],
    ['2000-02-29T23:59:59Z', tag.utcTime, '000229235959Z'],
    ['2049-12-31T23:59:59Z', tag.utcTime, '491231235959Z'],
    ['2050-01-01T00:00:00Z', tag.generalizedTime, '20500101000000Z'],
    ['1949-12-31T23:59:59Z', tag.generalizedTime, '19491231235959Z'],
    ['9999-12-31T23:59:59Z', tag.generalizedTime, '99991231235959Z'],
    ['0000-01-01T00:00:00Z', tag.generalizedTime, '00000101000000Z'],
  ] as const) {
    assert.deepEqual(write(moment), [octet, text])
    assert.equal(read(octet, text), moment)
  }
  assert.equal(noWellDefinedEnd.toString(), '9999-12-31T23:59:59Z')
})

test('every day of four centuries is read as it was written', () => {
  const day = 86_400_000
  for (let at = Date.UTC(1890, 0, 1); at < Date.UTC(2310, 0, 1); at += day) {
    const moment = Temporal.Instant.fromEpochMilliseconds(at + 3_723_000)
    const encoded = encodeDer((writer) => writer.time(moment))
    const again = readDer(encoded, limits.small, (reader) => reader.time())
    assert.equal(again.epochMilliseconds, at + 3_723_000)
    const digits = moment.toString().replace(/[-:T]/g, '')
    assert.ok(digits.endsWith(new TextDecoder().decode(encoded.subarray(2))))
  }
})

test('refuses times of another form', () => {
  for (const text of [
    '2601010000Z',
    '260101000000',
    '260101000000+0000',
    '260101000000z',
    '26010100000aZ',
    '260001000000Z',
    '261301000000Z',
    '260100000000Z',
    '260230000000Z',
    '250229000000Z',
    '260431000000Z',
    '260101240000Z',
    '260101006000Z',
    '260101000060Z',
    '2601010000001Z',
  ])
    assert.throws(() => read(tag.utcTime, text), { code: 'time-malformed' }, text)
  for (const text of ['20510101000000.5Z', '205101010000Z', '20510101000000', '21000229000000Z'])
    assert.throws(() => read(tag.generalizedTime, text), { code: 'time-malformed' }, text)
})

test('refuses GeneralizedTime for a year of UTCTime', () => {
  assert.throws(() => read(tag.generalizedTime, '20260101000000Z'), {
    code: 'time-type-wrong',
    offset: 2,
  })
  assert.throws(() => read(tag.generalizedTime, '19500101000000Z'), { code: 'time-type-wrong' })
})

test('writes no fraction of a second, and no year of five digits', () => {
  for (const moment of [
    '2026-01-01T00:00:00.5Z',
    '2026-01-01T00:00:00.000000001Z',
    '+010000-01-01T00:00:00Z',
    '-000001-12-31T23:59:59Z',
  ])
    assert.throws(() => write(moment), { code: 'time-malformed' })
})
