// SPDX-License-Identifier: Apache-2.0
import assert from 'node:assert/strict'
import { once } from 'node:events'
import { createServer, type RequestListener } from 'node:http'
import type { AddressInfo } from 'node:net'
import { after, test } from 'node:test'
import { askStranger, type Question } from './ask-stranger.ts'

let answer: RequestListener
const server = createServer((request, response) => answer(request, response))
server.listen(0, '127.0.0.1')
await once(server, 'listening')
after(() => server.close())

function ask(more: Partial<Question> = {}): Promise<Uint8Array | string> {
  const { port } = server.address() as AddressInfo
  const url = new URL(`http://127.0.0.1:${port}/keys`)
  return askStranger({ ...{ url, patienceMilliseconds: 60_000, mostBytes: 100 }, ...more })
}

test('the answer is the body; a question with one is a POST of its media type', async () => {
  let asked: unknown
  answer = async (request, response) => {
    const parts = await request.toArray()
    const { method, headers } = request
    asked = [method, headers['content-type'], Buffer.concat(parts).toString()]
    response.end('yes')
  }
  const bytes = new TextEncoder().encode('when?')
  assert.deepEqual(await ask(), new TextEncoder().encode('yes'))
  assert.deepEqual(asked, ['GET', undefined, ''])
  await ask({ body: { mediaType: 'application/timestamp-query', bytes } })
  assert.deepEqual(asked, ['POST', 'application/timestamp-query', 'when?'])
})

test('any status but 200 is none, a way elsewhere is not followed', async () => {
  answer = (_, response) => response.writeHead(302, { Location: '/other' }).end('elsewhere')
  assert.equal(await ask(), 'it answered with status 302')
})

test('an answer that never ends is read no further than it may be long', async () => {
  answer = (_, response) => {
    const more = (error?: Error | null) => void (error ?? response.write('x'.repeat(64), more))
    more()
  }
  assert.equal(await ask(), 'its answer has more than 100 bytes')
})

test('an answer that breaks off, and a connection without one, are told apart from an empty one', async () => {
  answer = (_, response) => {
    response.writeHead(200, { 'Content-Length': 50 })
    response.write('half', () => response.destroy())
  }
  assert.match(String(await ask()), /^the connection broke|cut off/)
  answer = (request) => request.socket.destroy()
  assert.equal(await ask(), 'the connection broke (ECONNRESET)')
})

test('who is silent is waited for no longer than was said', async () => {
  answer = () => {}
  assert.equal(await ask({ patienceMilliseconds: 20 }), 'no answer in 0.02 seconds')
})
