// SPDX-License-Identifier: Apache-2.0
/**
 * What a server loads before it is ready, and for the first who asks it something: what a house has no use for stays where
 * it is, of its time as of its memory. Counted by modules, which are the same on every machine.
 */
import assert from 'node:assert/strict'
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, before, test } from 'node:test'
import { askLocal } from '../../test/support/local-door.ts'

const root = join(import.meta.dirname, '../..')
const place = mkdtempSync(join(tmpdir(), 'vitalsign-light-'))
after(() => rmSync(place, { recursive: true }))

/** Asked for by the first request; what stands before it was loaded by the start. */
const firstOfRequest = 'src/edge/admin/api.ts'
let atStart: readonly string[] = []
let forRequest: readonly string[] = []

before(async () => {
  const data = join(place, 'data')
  const file = join(place, 'loaded')
  const server = spawn(
    process.execPath,
    [
      ...['--disable-warning=ExperimentalWarning'],
      ...['--import', join(root, 'test/support/count-modules.mjs')],
      ...[join(root, 'bin/vitalsign.ts'), 'serve', '--data', data, '--listen', '127.0.0.1:0'],
      ...['--operator-listen', '127.0.0.1:0', '--status-listen', '127.0.0.1:0'],
    ],
    {
      cwd: place,
      env: { ...process.env, LOADED_MODULES: file },
      stdio: ['ignore', 'pipe', 'ignore'],
    },
  )
  const ended = once(server, 'exit')
  let said = ''
  for await (const piece of server.stdout.iterator({ destroyOnReturn: false })) {
    said += piece
    if (/^ {2}next /m.test(said) || /^ {2}claim it /m.test(said)) break
  }
  server.stdout.resume()
  const { status } = await askLocal({ socket: join(data, 'admin.sock') }, 'GET', '/session')
  server.kill('SIGTERM')
  await ended
  assert.equal(status, 200, said)
  const loaded = readFileSync(file, 'utf8')
    .split('\n')
    .map((url) => url.replace(`file://${root}/`, ''))
  const first = loaded.indexOf(firstOfRequest)
  assert.ok(first > 0, 'nothing was counted, or the API was loaded by the start')
  atStart = loaded.slice(0, first)
  forRequest = loaded.slice(first)
})

test('a start loads no framework of the API, no schema, no verb, and no form of what is signed', () => {
  const rooms =
    /^node_modules\/(?:zod|fastify|find-my-way)\/|^src\/format\/admin\/operations[./]|^src\/house\/(?:verbs\/(?!builder-scope|verification)|doctor|qualification|ceremony)|^src\/edge\/(?:admin\/ledger-verbs\/(?!link-paths)|images)|^src\/core\/(?:approvals\/(?!emergency)|evidence|ceremony|adoption)|^src\/trust\/artefact\/(?:forms|library)|^src\/format\/(?:archive|firmware|sbom|suit|release)\//
  assert.deepEqual(
    atStart.filter((module) => rooms.test(module)),
    [],
  )
})

test('a start loads no client for the web', () => {
  assert.ok(!atStart.includes('node:http'))
})

test('a start loads 730 modules at most', () => {
  assert.ok(atStart.length <= 730, `it loaded ${atStart.length}`)
})

test('the first who asks something loads the room of it, and no other', () => {
  assert.ok(forRequest.includes('src/edge/admin/ledger-verbs/people.ts'))
  const schemas = forRequest.filter((module) => /^src\/format\/admin\/operations\//.test(module))
  assert.deepEqual(schemas, ['src/format/admin/operations/people.ts'])
  assert.ok(!forRequest.includes('src/format/admin/operations.ts'))
  assert.deepEqual(
    forRequest.filter((module) => /^src\/house\/verbs\//.test(module)),
    [],
  )
})
