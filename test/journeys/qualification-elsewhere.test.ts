// SPDX-License-Identifier: Apache-2.0
/** IQ and OQ where real devices are: in production, and on the database that several servers share. */
import assert from 'node:assert/strict'
import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { test } from 'node:test'
import {
  type QualificationStep,
  qualificationLine,
} from '#format/admin/operations/qualification.ts'
import { askLocally } from '../support/backup.ts'
import {
  nodeDirectory,
  openTestHouse,
  sharedWords,
  type TestHouse,
  temporaryDirectory,
} from '../support/house.ts'
import { postgresPlace, withoutPostgres } from '../support/postgres.ts'

/** The steps that failed, after the devices of the run were looked for. */
async function qualified(house: TestHouse): Promise<readonly QualificationStep[]> {
  const failed: QualificationStep[] = []
  for (const [kind, input] of [
    ['installation', {}],
    ['operation', { maker: 'Example' }],
  ] as const) {
    const { text } = await askLocally(house, 'POST', `/qualifications/${kind}`, input)
    const lines = text
      .trim()
      .split('\n')
      .map((line) => qualificationLine.parse(JSON.parse(line)))
    const last = lines.at(-1)
    assert.equal(last?.kind, 'file', JSON.stringify(last))
    for (const line of lines)
      if (line.kind === 'step' && line.step.verdict === 'failed') failed.push(line.step)
  }
  const { items } = await house.core.ledger.list('device', { limit: 10 })
  assert.deepEqual(
    items.map(({ state }) => state),
    ['retired', 'retired'],
  )
  return failed
}

test('production is qualified like a trial, and doctor says what it still misses', async () => {
  const passphrase = join(temporaryDirectory(), 'passphrase')
  writeFileSync(passphrase, 'twenty-one good words of mine\n', { mode: 0o600 })
  const words = ['--environment', 'production', '--passphrase-file', passphrase]
  const house = await openTestHouse(undefined, {}, [...words, '--public-url', 'http://pki.test'])
  try {
    const failed = await qualified(house)
    assert.deepEqual(
      failed.map(({ title }) => title),
      ['doctor'],
    )
    const bad = failed[0]?.observed.split('; ').filter((one) => one.startsWith('bad: '))
    assert.deepEqual(bad, [
      'bad: hardware custody: in encrypted files, so whoever has file and passphrase has the key: issuing-1, root',
      'bad: backup: no backup was ever made',
    ])
  } finally {
    await house.stop()
  }
})

test('an installation on PostgreSQL is qualified', { skip: withoutPostgres }, async () => {
  const place = await postgresPlace()
  const house = await openTestHouse(nodeDirectory(), {}, sharedWords(place.url))
  try {
    assert.deepEqual(await qualified(house), [])
  } finally {
    await house.stop()
  }
})
