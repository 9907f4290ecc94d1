// SPDX-License-Identifier: Apache-2.0
import assert from 'node:assert/strict'
import { readFileSync, rmSync, writeFileSync } from 'node:fs'
import { createServer, type ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'
import { join } from 'node:path'
import { after, before, test } from 'node:test'
import { deltaCrl, fullCrl } from '#core/ledger/shards.ts'
import { encodePem } from '#format/pem.ts'
import {
  addPump,
  enrolDevice,
  openTestCore,
  operator,
  type TestCore,
} from '../../../test/support/core.ts'
import { temporaryDirectory } from '../../../test/support/house.ts'
import { revoke } from '../../core/revocation/revoke.ts'
import { keepLists } from './crl-keep.ts'
import type { Call } from './verb.ts'

const place = temporaryDirectory()
const output = join(place, 'crl.pem')
let core: TestCore
let address: string
let first: Uint8Array
let second: Uint8Array
let delta: Uint8Array
let answer: (response: ServerResponse) => void
const server = createServer((_, response) => answer(response))

before(async () => {
  core = await openTestCore()
  server.listen(0, '127.0.0.1')
  await new Promise((resolve) => server.once('listening', resolve))
  address = `http://127.0.0.1:${(server.address() as AddressInfo).port}/crl/issuing-1.crl`
  first = await listOf(fullCrl)
  const { id } = await enrolDevice(core, await addPump(core), 'PUMP-1')
  await revoke({ id, reason: 'superseded', because: 'test' }, operator, core)
  second = await listOf(fullCrl)
  delta = await listOf(deltaCrl)
  for (const kind of ['issuing', 'root'] as const) {
    const der = core.doors.own.find((one) => one.kind === kind)?.certificate ?? assert.fail(kind)
    writeFileSync(join(place, `${kind}.pem`), encodePem('CERTIFICATE', der))
  }
})
after(async () => {
  server.close()
  await core.close()
  rmSync(place, { recursive: true })
})

async function listOf(shard: number): Promise<Uint8Array> {
  return (await core.shelf.read('issuing-1', shard))?.der ?? assert.fail(`no list ${shard}`)
}

interface How {
  readonly issuers?: 'issuing' | 'root'
  readonly now?: Temporal.Instant
  readonly from?: string
}

/** Runs the command. @returns its exit status, and what it wrote */
async function keep({ issuers = 'issuing', now = core.clock.now(), from = address }: How = {}) {
  const said: Readonly<Record<string, string>> = { output, issuers: join(place, `${issuers}.pem`) }
  let written = ''
  const call = {
    said: { value: () => [from], text: (name: string) => said[name] },
    means: { now: () => now },
    terminal: {
      write: async (text: string) => {
        written += text
      },
    },
  } as unknown as Call
  return { status: await keepLists(call), written }
}

const serve = (body: Uint8Array | string) => {
  answer = (response) => response.end(body)
}

test('a list that its authority signed is kept, and the next one after it', async () => {
  for (const list of [first, second]) {
    serve(list)
    const { status, written } = await keep()
    assert.deepEqual([status, /is new/.test(written)], [0, true], written)
    assert.equal(readFileSync(output, 'utf8'), encodePem('X509 CRL', list))
  }
  assert.match((await keep()).written, /stays as it was/)
})

test('a list that is not to be believed leaves the file as it is, and says why', async () => {
  serve(second)
  await keep()
  const forged = second.with(-1, (second.at(-1) ?? 0) ^ 1)
  const hour = { hours: 1 }
  const begun = core.clock.now()
  for (const [words, body, how] of [
    [/it is no revocation list/, 'hello', {}],
    [/it is a delta/, delta, {}],
    [/no certificate of .* is in --issuers/, second, { issuers: 'root' }],
    [/did not sign it/, forged, {}],
    [/its time ended/, second, { now: begun.add({ hours: 24 * 9 }) }],
    [/is the clock of this machine right/, second, { now: begun.subtract(hour) }],
    [/its number \d+ is below \d+, which the file has/, first, {}],
    [/nobody answers there/, second, { from: 'http://127.0.0.1:1/' }],
  ] as const) {
    serve(body)
    const { status, written } = await keep(how)
    assert.equal(status, 1, written)
    assert.match(written, words)
    assert.match(written, /stays as it was/)
    assert.equal(readFileSync(output, 'utf8'), encodePem('X509 CRL', second))
  }
  answer = (response) => response.writeHead(404).end()
  assert.match((await keep()).written, /the answer was 404/)
  answer = (response) => response.writeHead(302, { location: address }).end()
  assert.match((await keep()).written, /nobody answers there/)
})

test('a file that holds something else is not overwritten', async () => {
  serve(second)
  writeFileSync(
    output,
    'X509 CRL of my own\n-----BEGIN X509 CRL-----\nAAAA\n-----END X509 CRL-----\n',
  )
  await assert.rejects(keep(), /holds something else than revocation lists/)
  rmSync(output)
})
