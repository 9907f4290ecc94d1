// SPDX-License-Identifier: Apache-2.0
import assert from 'node:assert/strict'
import { createHash } from 'node:crypto'
import { existsSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, test } from 'node:test'
import { digestOf } from './digest.ts'

const root = mkdtempSync(join(tmpdir(), 'vitalsign-digest-'))
after(() => rmSync(root, { recursive: true }))
const sha256 = (text: string) => createHash('sha256').update(text).digest('hex')

test('a file has its own digest, and a tree that of the list of its files', async () => {
  mkdirSync(join(root, 'tree'))
  for (const name of ['b', 'a']) writeFileSync(join(root, 'tree', name), name)
  const tree = join(root, 'tree')
  assert.deepEqual(await digestOf([join(tree, 'a')]), { sha256: sha256('a'), octets: 1 })
  const lines = ['a', 'b'].map((name) => `${sha256(name)}  ${join(tree, name)}\n`)
  assert.deepEqual(await digestOf([tree]), { sha256: sha256(lines.sort().join('')), octets: 2 })
})

const unreadable = '/proc/self/mem'
test('a file that cannot be read is left out', {
  skip: existsSync(unreadable) ? false : `${unreadable} is missing`,
}, async () => {
  const alone = await digestOf([join(root, 'tree/a')])
  assert.deepEqual(await digestOf([unreadable, join(root, 'tree/a')]), alone)
})
