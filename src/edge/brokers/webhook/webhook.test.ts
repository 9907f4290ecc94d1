// SPDX-License-Identifier: Apache-2.0
import assert from 'node:assert/strict'
import { generateKeyPairSync, sign } from 'node:crypto'
import { createServer, type ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'
import { after, test } from 'node:test'
import type { Batch } from '#core/enforcement/port.ts'
import type { Integration } from '#core/ledger/tables.ts'
import { mutateText } from '../../../../test/fuzz/mutate-text.ts'
import { Random, seedOfRun } from '../../../../test/fuzz/random.ts'
import { placeAt } from '../place.ts'
import { readAnswer } from './message.ts'
import { WebhookDesk } from './webhook.ts'

const { privateKey } = generateKeyPairSync('ed25519')
const desk = new WebhookDesk({
  place: placeAt('/nowhere'),
  nonce: () => '1',
  signer: {
    now: () => Temporal.Instant.from('2026-05-01T12:00:00Z'),
    key: async () => 'notify-test',
    sign: async (_, bytes) => new Uint8Array(sign(null, bytes, privateKey)),
  },
})

const bodies: string[] = []
let answer: (response: ServerResponse) => void = (response) => response.end()
const server = createServer((request, response) => {
  let body = ''
  request.on('data', (chunk: Buffer) => {
    body += chunk.toString()
  })
  request.on('end', () => {
    bodies.push(body)
    answer(response)
  })
})
await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
after(() => {
  server.closeAllConnections()
  server.close()
})
const { port } = server.address() as AddressInfo

const at = Temporal.Instant.from('2026-05-01T12:00:00Z')
const integration: Integration = {
  ...{ id: 'itg_1', version: 1, name: 'cloud', kind: 'webhook', settings: {}, state: 'active' },
  ...{ address: `http://127.0.0.1:${port}/sessions`, createdAt: at, createdBy: 'psn_1' },
  ...{ seenAt: null, trouble: null, troubledSince: null },
}
const batch: Batch = {
  ...{ id: 'enf_1.0', act: 'end', revocation: { id: 'rvc_1', reason: 'keyCompromise' } },
  wishes: [{ owner: 'dev_1', want: 'bar', deviceSerial: 'PUMP-1', certificates: [] }],
}

function enforce(signal = new AbortController().signal) {
  return desk.enforce(integration, batch, signal)
}

test('a number of sessions confirms, and is kept', async () => {
  answer = (response) => response.end('{"ended": 3, "more": "is not looked at"}')
  assert.deepEqual(await enforce(), { kind: 'enforced', sessionsEnded: 3, isCounted: true })
  const owner = { owner: 'dev_1', want: 'bar', deviceSerial: 'PUMP-1', certificates: [] }
  const { id, act, revocation } = batch
  assert.equal(bodies.at(-1), `${JSON.stringify({ id, act, revocation, owners: [owner] })}\n`)
})

for (const [what, body] of [
  ['nothing', ''],
  ['another shape', '[3]'],
  ['no number', '{"ended": "3"}'],
  ['half a session', '{"ended": 0.5}'],
  ['fewer than none', '{"ended": -1}'],
  ['more than there are', '{"ended": 1e12}'],
  ['null', 'null'],
  ['no UTF-8', Buffer.from([0x7b, 0xff, 0x7d])],
] as const)
  test(`200 with ${what} is no confirmation`, async () => {
    answer = (response) => response.end(body)
    const detail = 'it answered 200 and did not confirm'
    assert.deepEqual(await enforce(), { kind: 'refused', detail })
  })

test('a status tells whether this message is wrong or the whole receiver', async () => {
  answer = (response) => response.writeHead(422).end('{"ended": 1}')
  assert.deepEqual(await enforce(), { kind: 'refused', detail: 'it answered 422' })
  answer = (response) => response.writeHead(302, { location: '/elsewhere' }).end()
  assert.deepEqual(await enforce(), { kind: 'refused', detail: 'it answered 302' })
  answer = (response) => response.writeHead(503).end()
  assert.deepEqual(await enforce(), { kind: 'down', detail: 'it answered 503' })
})

test('an answer without end, or none, is cut off', async () => {
  answer = (response) => {
    const more = () => {
      if (!response.destroyed) response.write(Buffer.alloc(1000, ' '), () => setImmediate(more))
    }
    more()
  }
  assert.deepEqual(await enforce(), {
    ...{ kind: 'down', detail: 'its answer is longer than 4096 bytes' },
  })
  answer = (response) => response.destroy()
  assert.match(JSON.stringify(await enforce()), /the connection broke/)
  const given = new AbortController()
  answer = () => given.abort()
  assert.equal((await enforce(given.signal)).kind, 'down')
})

test('a test has nobody in it', async () => {
  answer = (response) => response.end('{"ended": 0}')
  const examined = await desk.examine(integration, new AbortController().signal)
  assert.deepEqual(examined, { kind: 'well', facts: { answer: 'confirmed' } })
  assert.equal(bodies.at(-1), '{"id":"test-1","act":"test","revocation":null,"owners":[]}\n')
})

test('the file of its roots is demanded before anything is sent', async () => {
  const told = bodies.length
  const settings = { rootsFile: 'roots.pem' }
  const enforced = await desk.enforce({ ...integration, settings }, batch, AbortSignal.timeout(9e6))
  assert.deepEqual(enforced, { kind: 'down', detail: 'the file roots.pem is not there' })
  assert.equal(bodies.length, told)
})

const seed = seedOfRun()

test(`an answer that was bent confirms a whole number or nothing (seed ${seed})`, () => {
  const random = new Random(seed)
  const original = new TextEncoder().encode('{"ended": 12, "of": ["a", "b"]}')
  let confirmed = 0
  for (let count = 0; count < 5000; count++) {
    const bent = mutateText(random, original)
    const ended = readAnswer(bent)
    if (ended === undefined) continue
    confirmed++
    assert.ok(Number.isInteger(ended) && ended >= 0)
  }
  assert.ok(confirmed > 0 && confirmed < 5000)
})
