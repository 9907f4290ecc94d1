// SPDX-License-Identifier: Apache-2.0
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { keyAlgorithms } from '#trust/algorithms.ts'
import type { Authority } from '../ledger/tables.ts'
import { inOffice, isTwin, twinAlgorithms, twinBeside, twinName } from './twin.ts'

const example: Authority = {
  ...{ id: 'a', version: 1, name: 'a', kind: 'issuing', environment: 'test', algorithm: 'p-256' },
  ...{ parent: null, key: null, certificate: new Uint8Array(), state: 'active' },
  ...{ certificateSha256: new Uint8Array(), subjectKeyIdentifier: new Uint8Array() },
  notAfter: Temporal.Instant.fromEpochMilliseconds(0),
  issueUntil: Temporal.Instant.fromEpochMilliseconds(0),
  createdAt: Temporal.Instant.fromEpochMilliseconds(0),
  ...{
    successor: null,
    products: [],
    crlNumberFrom: null,
    origin: null,
    twin: null,
    keyEverHere: null,
  },
}

function house(...changes: readonly Partial<Authority>[]): ReadonlyMap<string, Authority> {
  const all = changes.map(
    (change): Authority => ({ ...example, name: change.id ?? 'a', ...change }),
  )
  return new Map(all.map((one) => [one.id, one]))
}

function besideOf(id: string, authorities: ReadonlyMap<string, Authority>): string | undefined {
  const authority = authorities.get(id)
  return authority && twinBeside(authority, authorities)?.id
}

test('a twin withstands quantum computers and may certify', () => {
  for (const name of Object.values(twinAlgorithms)) {
    assert.equal(keyAlgorithms[name].postQuantum, true)
    assert.ok(keyAlgorithms[name].uses.includes('authority'))
  }
  assert.equal(twinName(example), 'a-twin')
})

test('an authority has a twin beside it, a twin has none', () => {
  const all = house({ id: 'a' }, { id: 't', twin: 'a' }, { id: 'b' })
  assert.equal(besideOf('a', all), 't')
  assert.equal(besideOf('t', all), undefined)
  assert.equal(besideOf('b', all), undefined)
  assert.deepEqual([...all.values()].map(isTwin), [false, true, false])
})

test('who takes over the doors of an authority has its twin beside', () => {
  const all = house(
    { id: 'a', state: 'issuing-stopped', successor: 'b' },
    { id: 'b' },
    { id: 't', twin: 'a' },
  )
  assert.equal(inOffice('a', all)?.id, 'b')
  assert.equal(besideOf('b', all), 't')
})

test('of several twins the newest counts, and whoever took over from it', () => {
  const all = house(
    { id: 'a' },
    { id: 't1', twin: 'a' },
    { id: 't2', twin: 'a', state: 'issuing-stopped', successor: 't3' },
    { id: 't3', twin: 'x' },
  )
  assert.equal(besideOf('a', all), 't3')
})

test('a twin that was stopped without a successor stays beside, so that a device hears of it', () => {
  const all = house({ id: 'a' }, { id: 't', twin: 'a', state: 'issuing-stopped' })
  assert.equal(besideOf('a', all), 't')
})

test('successors in a circle are followed once', () => {
  const all = house(
    { id: 'a', state: 'issuing-stopped', successor: 'b' },
    { id: 'b', state: 'issuing-stopped', successor: 'a' },
  )
  assert.ok(inOffice('a', all))
  assert.equal(inOffice('nobody', all), undefined)
})
