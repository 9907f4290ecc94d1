// SPDX-License-Identifier: Apache-2.0
import assert from 'node:assert/strict'
import { once } from 'node:events'
import { connect } from 'node:net'
import { after, test } from 'node:test'
import { handshakeFailureOf } from './counts.ts'
import { statusLimits } from './limits.ts'
import type { RequestSeen } from './seen.ts'
import { openStatusFront } from './status-front.ts'

const random = { bytes: (count: number) => crypto.getRandomValues(new Uint8Array(count)) }
let seen = Promise.withResolvers<RequestSeen>()
let time = 0
const answer = { status: 200, headers: {}, body: 'hello' }
const route = { method: 'GET', maxBodyBytes: 0 } as const
const entered = Promise.withResolvers<void>()
const front = await openStatusFront({
  listen: { host: '127.0.0.1', port: 0 },
  routes: [
    { ...route, path: '/plain/*', operation: 'plain', handler: async () => answer },
    {
      ...{ ...route, path: '/no', operation: 'asking' },
      handler: async () => ({ ...answer, status: 403, about: { refusal: 'not-permitted' } }),
    },
    {
      ...{ ...route, path: '/better', operation: 'coarse' },
      handler: async () => ({ ...answer, about: { operation: 'fine' } }),
    },
    {
      ...{ ...route, path: '/broken', operation: 'breaking' },
      handler: async () => {
        throw new Error('a test')
      },
    },
    {
      ...{ ...route, path: '/never', operation: 'waiting' },
      handler: async () => {
        entered.resolve()
        return new Promise<never>(() => {})
      },
    },
  ],
  ...{ limits: statusLimits, random, report: () => {} },
  witness: { now: () => (time += 5), see: (request) => seen.resolve(request) },
})
after(() => front.close())

async function ask(
  path: string,
): Promise<{ readonly id: string | null; readonly as: RequestSeen }> {
  seen = Promise.withResolvers()
  const { host, port } = front.address
  const heard = await fetch(`http://${host}:${port}${path}`)
  await heard.arrayBuffer()
  return { id: heard.headers.get('x-request-id'), as: await seen.promise }
}

test('a witness sees the kind of each request and never its path', async () => {
  const { id, as } = await ask('/plain/PUMP-0001?code=ABCD')
  assert.deepEqual(as, {
    requestId: id,
    operation: 'plain',
    method: 'GET',
    status: 200,
    refusal: undefined,
    milliseconds: 5,
    source: '127.0.0.1',
  })
})

test('a witness hears the refusal, and the better name that an answer gives', async () => {
  const refused = (await ask('/no')).as
  assert.equal(
    `${refused.operation} ${refused.status} ${refused.refusal}`,
    'asking 403 not-permitted',
  )
  assert.equal((await ask('/better')).as.operation, 'fine')
})

test('a path that leads nowhere has one name, and a break is seen with its status', async () => {
  assert.equal((await ask('/PUMP-0002')).as.operation, 'unknown')
  const broken = (await ask('/broken')).as
  assert.equal(`${broken.operation} ${broken.status}`, 'breaking 500')
})

test('a request whose client left before the answer has status 0', async () => {
  seen = Promise.withResolvers()
  const socket = connect(front.address.port, '127.0.0.1')
  await once(socket, 'connect')
  socket.write('GET /never HTTP/1.1\r\nHost: a\r\n\r\n')
  await entered.promise
  socket.destroy()
  const { operation, status } = await seen.promise
  assert.equal(`${operation} ${status}`, 'waiting 0')
})

test('each failure of a handshake has one class', () => {
  assert.equal(handshakeFailureOf('ERR_TLS_HANDSHAKE_TIMEOUT'), 'timeout')
  assert.equal(handshakeFailureOf('ERR_SSL_HTTP_REQUEST'), 'not-tls')
  assert.equal(handshakeFailureOf('ERR_SSL_UNSUPPORTED_PROTOCOL'), 'version')
  assert.equal(handshakeFailureOf('ERR_SSL_TLSV1_ALERT_UNKNOWN_CA'), 'not-trusted')
  assert.equal(handshakeFailureOf('ERR_SSL_NEVER_HEARD_OF'), 'other')
  assert.equal(handshakeFailureOf(undefined), 'other')
})
