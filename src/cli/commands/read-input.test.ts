// SPDX-License-Identifier: Apache-2.0
import assert from 'node:assert/strict'
import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { test } from 'node:test'
import { parsePem } from '#format/pem.ts'
import { temporaryDirectory } from '../../../test/support/house.ts'
import { makeTestAuthority, pemOf } from '../../../test/tls-certificates.ts'
import { exit, Stop } from '../stop.ts'
import { Server } from '../talk/server.ts'
import { Wire } from '../talk/wire.ts'
import { Terminal } from '../terminal/terminal.ts'
import { commandNamed, whole } from './commands.ts'
import { readInput } from './read-input.ts'
import { readLine } from './read-line.ts'

const files = temporaryDirectory()
const pump = `prd_${'0'.repeat(32)}`

// No input below is a name to be looked up: a server that were asked would be missed.
const noServer = new Server(new Wire({ kind: 'socket', path: join(files, 'nowhere') }))

const terminal = new Terminal({
  ...{ input: process.stdin, output: process.stdout, errors: process.stderr, noColour: true },
  openHouse: async () => assert.fail('no house is opened'),
  readWords: () => new Map(),
  offline: () => Promise.reject(new Error('nothing is done offline here')),
  ceremonies: () => Promise.reject(new Error('nothing is done offline here')),
  scanning: () => Promise.reject(new Error('nothing is scanned here')),
  now: () => Temporal.Instant.from('2026-05-01T12:00:00Z'),
  serveHelp: async () => '',
  version: () => '0',
})

async function inputOf(name: string, ...words: readonly string[]) {
  const command = commandNamed(name)
  assert.ok(command, name)
  const all = await whole(command)
  return readInput(all, readLine(all, words), noServer, terminal)
}

function fileWith(name: string, content: string | Uint8Array): string {
  const path = join(files, name)
  writeFileSync(path, content)
  return path
}

const { key, chain } = await (await makeTestAuthority()).issue('line-3')
const [leaf = new Uint8Array(0)] = chain
const keyDer = parsePem(key)[0]?.bytes ?? new Uint8Array(0)

test('of a certificate file the first certificate alone is sent, never a private key', async () => {
  const contents = [pemOf(chain) + key, key + pemOf(chain), pemOf([leaf]), leaf]
  for (const [place, content] of contents.entries()) {
    const path = fileWith(`working-${place}`, content)
    for (const [name, words] of [
      ['certificate find', [path]],
      ['authority trust', ['chip maker', '--product', pump, '--certificate', path]],
      ['machine add', ['line-3', '--role', 'auditor', '--certificate', path]],
    ] as const) {
      const input = await inputOf(name, ...words)
      assert.ok(!JSON.stringify(input).includes('PRIVATE KEY'), name)
      const blocks = parsePem(String(input['certificate']))
      assert.deepEqual(
        blocks.map(({ label, bytes }) => [label, bytes.toHex()]),
        [['CERTIFICATE', leaf.toHex()]],
      )
    }
  }
})

test('a file with a key and no certificate is wrong use, whatever its label says', async () => {
  const mislabelled = key.replaceAll('PRIVATE KEY', 'CERTIFICATE')
  for (const content of [key, keyDer, mislabelled, 'nothing', '']) {
    const path = fileWith('no-certificate', content)
    await assert.rejects(
      inputOf('certificate find', path),
      (error) =>
        error instanceof Stop &&
        error.status === exit.wrongUse &&
        /no certificate/.test(error.message),
    )
  }
})

test('a profile is read by itself, or out of what "profile show --json" told about it', async () => {
  const document = { format: 'vitalsign-profile-1', name: 'pump', document: { odd: true } }
  const told = {
    ...{ id: `prf_${'0'.repeat(32)}`, name: 'pump', number: 1, author: 'house' },
    ...{ createdAt: '2026-01-01T00:00:00Z', document },
  }
  for (const content of [document, told]) {
    const path = fileWith('pump.json', JSON.stringify(content))
    assert.deepEqual(await inputOf('profile check', path), { document })
  }
})
