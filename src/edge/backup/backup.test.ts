// SPDX-License-Identifier: Apache-2.0
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { backupFormat, type Manifest } from '#format/backup/line.ts'
import type { Cell } from '#format/backup/row-text.ts'
import { decrypted, encrypted, isRecipient, newIdentity } from './age.ts'
import { readBackup } from './read-backup.ts'
import { writeBackup } from './write-backup.ts'

const { identity, recipient } = await newIdentity()
const nothing = { manifest: () => {}, file: () => {}, rows: () => {} }

test('what was written is read again, cell by cell', async () => {
  const rows: (readonly Cell[])[] = [
    [new Uint8Array([0, 255]), 1, '=looks like text', null],
    [new Uint8Array(), -(2 ** 53) + 1, '~looks like bytes\n"\\\u2028', 'é😀'],
  ]
  const seen: unknown[] = []
  const { rows: count } = await readBackup(decrypted(sealedOf([rows], recipient), identity), {
    ...nothing,
    rows: (table, some) => void seen.push(table, ...some),
  })
  assert.equal(count, 2)
  assert.deepEqual(seen, ['thing', ...rows])
})

test('a backup opens for each of its recipients', async () => {
  const other = await newIdentity()
  const sealed = await bytesOf(sealedOf([], recipient, other.recipient))
  for (const one of [identity, `# Grace\n\n${other.identity}\n`]) {
    await readBackup(decrypted(ReadableStream.from([sealed]), one), nothing)
  }
})

test('a recipient is a text of age, and an identity is none', () => {
  assert.ok(isRecipient(recipient))
  assert.ok(!isRecipient(identity))
  assert.ok(!isRecipient('age1'))
  assert.ok(!isRecipient(''))
})

test('memory does not grow with the backup', async () => {
  const portion = Array.from({ length: 50 }, (_, index) => [index, new Uint8Array(20_000)])
  const portions = Array.from({ length: 250 }, () => portion)
  const before = process.resourceUsage().maxRSS
  let bytes = 0
  await readBackup(decrypted(sealedOf(portions, recipient), identity), {
    ...nothing,
    rows: (_, rows) => {
      for (const [, cell] of rows) if (cell instanceof Uint8Array) bytes += cell.length
    },
  })
  assert.equal(bytes, 250_000_000)
  const grown = (process.resourceUsage().maxRSS - before) / 1024
  assert.ok(grown < 150, `${grown} megabytes more for a backup of 333 megabytes`)
})

function sealedOf(
  portions: readonly (readonly (readonly Cell[])[])[],
  ...recipients: readonly string[]
): AsyncIterable<Uint8Array> {
  const width = portions[0]?.[0]?.length ?? 1
  const count = portions.reduce((sum, rows) => sum + rows.length, 0)
  const columns = Array.from({ length: width }, (_, index) => `c${index}`)
  const manifest: Manifest = {
    ...{ format: backupFormat, installation: 'set_1', environment: 'trial', program: '0' },
    ...{ schema: 1, moment: '2026-01-01T00:00:00Z', epoch: 1, withRoot: false },
    log: {
      ...{ origin: 'log', publicKey: '00'.repeat(32), size: 0, root: '00'.repeat(32) },
      ...{ checkpoint: null, lastEvent: 0 },
    },
    tables: [{ name: 'thing', columns }],
    counts: { thing: count },
  }
  const source = {
    rows: async function* () {
      yield* portions
    },
    files: async function* () {},
  }
  return encrypted(
    writeBackup(manifest, source, () => {}),
    recipients,
  )
}

async function bytesOf(chunks: AsyncIterable<Uint8Array>): Promise<Uint8Array> {
  const all: Uint8Array[] = []
  for await (const chunk of chunks) all.push(chunk)
  return new Uint8Array(Buffer.concat(all))
}
