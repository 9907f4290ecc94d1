// SPDX-License-Identifier: Apache-2.0
/** The worked receiver of examples/webhook-receiver: what it carries out, and what it turns away. */
import assert from 'node:assert/strict'
import { createHash, generateKeyPairSync, sign } from 'node:crypto'
import { once } from 'node:events'
import { createServer, request, type Server } from 'node:http'
import type { AddressInfo } from 'node:net'
import { after, before, beforeEach, test } from 'node:test'
import { signedHeaders } from '#edge/http/sign-request.ts'
import { receiver, type Wish } from '../../examples/webhook-receiver/receiver.ts'

const ours = generateKeyPairSync('ed25519')
const strange = generateKeyPairSync('ed25519')
const began = Date.parse('2026-11-29T12:00:00Z')

let server: Server
let address: string
let carriedOut: Wish[]
let isBroken: boolean
let now: number
before(async () => {
  now = began
  server = createServer()
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  address = `http://127.0.0.1:${(server.address() as AddressInfo).port}/sessions`
  server.on(
    'request',
    receiver({
      key: ours.publicKey.export({ type: 'spki', format: 'pem' }).toString(),
      address,
      now: () => now,
      carryOut: (wish) => {
        if (isBroken) throw new Error('the broker is away')
        carriedOut.push(wish)
        return 2
      },
    }),
  )
})
after(() => server.close())
beforeEach(() => {
  carriedOut = []
  isBroken = false
  now = began
})

let count = 0
function messageOf(want = 'bar', id = `enf_${++count}`) {
  const certificate = { sha256: 'ab'.repeat(32), serialNumber: '41' }
  const owners = [{ owner: 'dev_1', want, deviceSerial: 'P-1', certificates: [certificate] }]
  return { id, body: new TextEncoder().encode(JSON.stringify({ id, act: 'end', owners })) }
}

type Message = ReturnType<typeof messageOf>
type Headers = Readonly<Record<string, string>>

/** The headers with which the house itself sends a message. */
function signed({ id, body }: Message, url = address, { privateKey } = ours): Promise<Headers> {
  return signedHeaders(
    { url, delivery: id, body },
    {
      now: () => Temporal.Instant.fromEpochMilliseconds(now),
      key: async () => 'key_1',
      sign: async (_, bytes) => new Uint8Array(sign(null, bytes, privateKey)),
    },
  )
}

async function post(headers: Headers, body: Uint8Array, method = 'POST') {
  const sent = request(address, { method, headers, agent: false })
  sent.end(body)
  const [answer] = await once(sent, 'response')
  let text = ''
  for await (const more of answer.setEncoding('utf8')) text += more
  return { status: answer.statusCode, told: JSON.parse(text) as Record<string, unknown> }
}

test('carries out what the installation signed, and answers how many sessions ended', async () => {
  const message = messageOf()
  const { status, told } = await post(await signed(message), message.body)
  assert.deepEqual([status, told], [200, { ended: 2 }])
  assert.deepEqual(
    carriedOut.map(({ want, deviceSerial }) => [want, deviceSerial]),
    [['bar', 'P-1']],
  )
})

test('a message that comes again is carried out once, and gets the same answer', async () => {
  const message = messageOf()
  const headers = await signed(message)
  const answers = await Promise.all([post(headers, message.body), post(headers, message.body)])
  now += 1_000
  answers.push(await post(await signed(message), message.body))
  assert.deepEqual(
    answers.map(({ status, told }) => [status, told['ended']]),
    Array.from({ length: 3 }, () => [200, 2]),
  )
  assert.equal(carriedOut.length, 1)
})

test('a message that comes again and says something else by now is carried out', async () => {
  for (const want of ['bar', 'admit']) {
    const message = messageOf(want, 'enf_again')
    assert.equal((await post(await signed(message), message.body)).status, 200)
  }
  assert.deepEqual(
    carriedOut.map(({ want }) => want),
    ['bar', 'admit'],
  )
})

test('what failed was not done: the same message comes again, and is carried out', async () => {
  const message = messageOf()
  isBroken = true
  assert.equal((await post(await signed(message), message.body)).status, 500)
  isBroken = false
  assert.equal((await post(await signed(message), message.body)).status, 200)
  assert.equal(carriedOut.length, 1)
})

const forged: readonly (readonly [what: string, send: (message: Message) => Promise<number>])[] = [
  [
    'signed by another key',
    async (message) => send(await signed(message, address, strange), message.body),
  ],
  ['unsigned', (message) => send({ 'content-type': 'application/json' }, message.body)],
  [
    'for another address',
    async (message) => send(await signed(message, 'http://127.0.0.1:1/sessions'), message.body),
  ],
  [
    'with another body',
    async (message) => send(await signed(message), messageOf('admit', message.id).body),
  ],
  [
    'with another body and its digest',
    async (message) => {
      const { body } = messageOf('admit', message.id)
      const digest = createHash('sha256').update(body).digest('base64')
      const headers = await signed(message)
      return send({ ...headers, 'content-digest': `sha-256=:${digest}:` }, body)
    },
  ],
  [
    'under another id',
    async (message) => send({ ...(await signed(message)), 'idempotency-key': 'new' }, message.body),
  ],
  [
    'with a signature over less',
    async (message) => {
      const headers = await signed(message)
      const less = headers['signature-input']?.replace(' "idempotency-key"', '') ?? ''
      return send({ ...headers, 'signature-input': less }, message.body)
    },
  ],
  [
    'from long ago',
    async (message) => {
      const headers = await signed(message)
      now += 301_000
      return send(headers, message.body)
    },
  ],
  [
    'from before the receiver began',
    async (message) => {
      now = began - 1_000
      const headers = await signed(message)
      now = began
      return send(headers, message.body)
    },
  ],
  [
    'from the future',
    async (message) => {
      now += 301_000
      const headers = await signed(message)
      now = began
      return send(headers, message.body)
    },
  ],
]

async function send(headers: Headers, body: Uint8Array): Promise<number> {
  return (await post(headers, body)).status
}

for (const [what, sendForged] of forged)
  test(`turns away a message ${what}`, async () => {
    assert.equal(await sendForged(messageOf()), 401)
    assert.deepEqual(carriedOut, [])
  })

test('a message is a POST', async () => {
  const message = messageOf()
  assert.equal((await post(await signed(message), message.body, 'PUT')).status, 405)
  assert.deepEqual(carriedOut, [])
})
