// SPDX-License-Identifier: Apache-2.0
import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { NodeRecord } from '#core/ledger/tables.ts'
import { checkNodes } from './node-checks.ts'

const now = Temporal.Instant.from('2026-11-22T12:00:00Z')

function node(name: string, columns: Partial<NodeRecord> = {}): NodeRecord {
  return {
    ...{
      id: `nod_${name}`,
      version: 1,
      name,
      host: `host-${name}`,
      directory: '/data',
      process: 1,
    },
    ...{ programVersion: '2.0.0', publicUrl: 'http://pki.test', names: ['pki.test'] },
    addresses: { devices: '', operators: '', status: '' },
    ...{ startedAt: now, seenAt: now, clockAheadMilliseconds: 0, stoppedAt: null },
    keyLists: null,
    runningSince: now,
    ...columns,
  }
}

function findings(...nodes: readonly NodeRecord[]): Record<string, string> {
  const found = checkNodes(nodes, now)
  for (const [, { verdict, remedy }] of found) assert.equal(verdict === 'good', remedy === null)
  return Object.fromEntries(
    found.map(([check, { verdict, found: words }]) => [check, `${verdict}: ${words}`]),
  )
}

test('nodes that agree are good', () => {
  assert.deepEqual(findings(node('a'), node('b', { clockAheadMilliseconds: -40 })), {
    nodes: 'good: a, b',
    'clocks of the nodes': 'good: within 0.0 s of each other',
    'programs of the nodes': 'good: all run version 2.0.0',
    'names of the nodes': 'good: pki.test',
    'public address of the nodes': 'good: http://pki.test is written into certificates',
    'lists of weak keys of the nodes': 'good: all ask the same',
  })
})

test('clocks apart are named with both nodes and the difference', () => {
  const found = findings(
    node('a', { clockAheadMilliseconds: -2_000 }),
    node('b', { clockAheadMilliseconds: 60_500 }),
  )
  assert.equal(found['clocks of the nodes'], 'bad: the clock of b is 62.5 s ahead of that of a')
})

test('a clock apart from the database alone is told, too', () => {
  const ahead = findings(node('a', { clockAheadMilliseconds: 7_000 }))
  assert.equal(
    ahead['clocks of the nodes'],
    "warning: the clock of a is 7.0 s ahead of the database's",
  )
  const behind = findings(node('a', { clockAheadMilliseconds: -7_000 }))
  assert.equal(
    behind['clocks of the nodes'],
    "warning: the clock of a is 7.0 s behind the database's",
  )
})

test('a node without a sign of life is named with its machine, and judged no further', () => {
  const seenAt = now.subtract({ minutes: 2 })
  const found = findings(node('a'), node('b', { seenAt, clockAheadMilliseconds: 99_000 }))
  assert.equal(found['nodes'], 'warning: node b on host-b was last seen 2026-11-22T11:58:00Z')
  assert.match(found['clocks of the nodes'] ?? '', /^good/)
})

test('different programs, names and addresses are told apart', () => {
  const found = findings(
    node('a', { publicUrl: null }),
    node('b', { publicUrl: null, programVersion: '2.1.0', names: [] }),
  )
  assert.equal(
    found['programs of the nodes'],
    'warning: a runs version 2.0.0; b runs version 2.1.0',
  )
  assert.equal(found['names of the nodes'], 'bad: a has names pki.test; b has names none')
  assert.match(found['public address of the nodes'] ?? '', /^bad: each node writes its own address/)
  assert.match(
    findings(node('a', { publicUrl: null }))['public address of the nodes'] ?? '',
    /^good/,
  )
})

test('nodes whose gates ask different lists of weak keys are told apart', () => {
  const check = 'lists of weak keys of the nodes'
  const lists = (...digests: readonly (string | null)[]) =>
    findings(...digests.map((keyLists, index) => node('abc'.charAt(index), { keyLists })))[check]
  // One that has only just started said nothing yet.
  assert.match(lists('one', 'one', null) ?? '', /^good/)
  assert.equal(
    lists('one', 'two', 'one'),
    'warning: a, c asks lists with digest one; b asks lists with digest two',
  )
})

test('nodes that all wait for the database are still judged', () => {
  const seenAt = now.subtract({ minutes: 2 })
  const found = findings(node('a', { seenAt }), node('b', { seenAt }))
  assert.equal(found['programs of the nodes'], 'good: all run version 2.0.0')
  assert.equal(
    found['public address of the nodes'],
    'good: http://pki.test is written into certificates',
  )
})
