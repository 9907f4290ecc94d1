// SPDX-License-Identifier: Apache-2.0
/** The age of Debian opens our backups, and we open what it encrypts. @see https://age-encryption.org/v1 */
import assert from 'node:assert/strict'
import { spawnSync } from 'node:child_process'
import { readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { test } from 'node:test'
import { parseLine } from '#format/backup/line.ts'
import { readSealed } from '#house/backup-read.ts'
import { madeBackup } from '../support/backup.ts'
import { openTestHouse, temporaryDirectory } from '../support/house.ts'

const found = spawnSync('age', ['--version']).status === 0
const skip = found || process.env['PEERS'] === 'required' ? false : 'age is missing'

test('age opens a backup, and a backup that age encrypted is one', { skip }, async () => {
  const house = await openTestHouse()
  const backup = await madeBackup(house)
  await house.stop()
  const opened = age(['--decrypt', '--identity', backup.identityFile, backup.file])
  const lines = opened.toString('utf8').trimEnd().split('\n')
  const [first, last] = [parseLine(lines[0] ?? ''), parseLine(lines.at(-1) ?? '')]
  assert.equal(first.kind, 'manifest')
  assert.equal(last.kind, 'end')

  const plain = join(temporaryDirectory(), 'plain')
  writeFileSync(plain, opened)
  const keygen = spawnSync('age-keygen', { encoding: 'utf8' })
  const identityFile = `${plain}.key`
  writeFileSync(identityFile, keygen.stdout)
  const recipient = /age1\S+/.exec(keygen.stdout)?.[0] ?? ''
  const file = `${plain}.age`
  writeFileSync(file, age(['--encrypt', '--recipient', recipient, plain]))
  const nothing = { manifest: () => {}, file: () => {}, rows: () => {} }
  const clock = { now: () => Temporal.Now.instant() }
  const { rows } = await readSealed({ file, identityFile }, nothing, clock, () => {})
  assert.equal(rows, backup.last.backup.rows)
  assert.ok(readFileSync(file).length > 1000)
})

function age(words: readonly string[]): Buffer {
  const { status, stdout, stderr } = spawnSync('age', words, { maxBuffer: 1 << 26 })
  assert.equal(status, 0, stderr.toString())
  return stdout
}
