// SPDX-License-Identifier: Apache-2.0
import assert from 'node:assert/strict'
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, before, test } from 'node:test'
import { exit, Stop } from '../stop.ts'
import { refuseTaken, writeApproverFile } from './key-file.ts'

let directory: string
before(() => {
  directory = mkdtempSync(join(tmpdir(), 'vitalsign-'))
})
after(() => rmSync(directory, { recursive: true }))

test('an approver key that is there is never overwritten, and that is wrong use', () => {
  const path = join(directory, 'ada.pem')
  writeFileSync(path, 'hers')
  const isTaken = (error: unknown) =>
    error instanceof Stop &&
    error.status === exit.wrongUse &&
    /is there already$/.test(error.message)
  assert.throws(() => refuseTaken(path), isTaken)
  // Whoever made it between that look and now is heard, too.
  assert.throws(() => writeApproverFile(path, undefined, new Uint8Array(1)), isTaken)
  assert.equal(readFileSync(path, 'utf8'), 'hers')
  assert.doesNotThrow(() => refuseTaken(join(directory, 'grace.pem')))
})

test('a directory that is not there is named by what the system says, without its calls', () => {
  const path = join(directory, 'nowhere', 'ada.pem')
  assert.throws(() => writeApproverFile(path, undefined, new Uint8Array(1)), {
    message: `${path} cannot be written: no such file or directory`,
  })
})
