// SPDX-License-Identifier: Apache-2.0
/** What holds for every front, tried on the plain one with raw bytes. */
import assert from 'node:assert/strict'
import { once } from 'node:events'
import { connect, type Socket } from 'node:net'
import { after, test } from 'node:test'
import { Fault } from '#core/fault.ts'
import type { FrontTrouble } from './converse.ts'
import type { Front } from './front.ts'
import { type FrontLimits, statusLimits } from './limits.ts'
import type { HttpRequest, Route } from './message.ts'
import { openStatusFront } from './status-front.ts'

const troubles: FrontTrouble[] = []
const requests: HttpRequest[] = []
const random = { bytes: (count: number) => crypto.getRandomValues(new Uint8Array(count)) }
let release = () => {}

const routes: Route[] = [
  {
    method: 'POST',
    path: '/echo',
    maxBodyBytes: 100,
    handler: async (request) => {
      requests.push(request)
      return { status: 200, headers: { 'Content-Type': 'text/plain' }, body: request.body }
    },
  },
  getRoute('/hello', async () => ({ status: 200, headers: {}, body: 'hello' })),
  getRoute('/nothing', async () => ({ status: 204, headers: {}, body: '' })),
  getRoute('/stream', async () => ({ status: 200, headers: {}, body: parts() })),
  getRoute('/broken-stream', async () => ({ status: 200, headers: {}, body: brokenParts() })),
  getRoute('/broken', async () => {
    throw new Error('secret of the house')
  }),
  getRoute('/broken-field', async () => ({ status: 200, headers: { 'X-A': 'a\nb' }, body: '' })),
  getRoute('/fault', async () => {
    throw new Fault('store-unreachable', 'secret of the store')
  }),
  getRoute('/slow', async () => {
    const { promise, resolve } = Promise.withResolvers<void>()
    release = resolve
    entered.resolve()
    await promise
    return { status: 200, headers: {}, body: 'late' }
  }),
]
let entered = Promise.withResolvers<void>()

function getRoute(path: string, handler: Route['handler']): Route {
  return { method: 'GET', path, maxBodyBytes: 0, handler }
}

async function* parts() {
  yield new TextEncoder().encode('one ')
  yield new TextEncoder().encode('two')
}

async function* brokenParts() {
  yield new TextEncoder().encode('one ')
  throw new Error('the source ran dry')
}

const fronts: Front[] = []
async function open(limits: Partial<FrontLimits> = {}): Promise<Front> {
  const front = await openStatusFront({
    listen: { host: '127.0.0.1', port: 0 },
    routes,
    limits: { ...statusLimits, lingerMilliseconds: 20, ...limits },
    random,
    report: (trouble) => troubles.push(trouble),
  })
  fronts.push(front)
  return front
}
after(() => Promise.all(fronts.map((front) => front.close())))

async function dial(front: Front): Promise<Socket> {
  const socket = connect(front.address)
  socket.on('error', () => {}) // a reset is one of the ends that the tests await
  await once(socket, 'connect')
  return socket
}

/** Sends bytes and gives all that comes until the other side closes. */
async function converse(front: Front, bytes: string | Uint8Array): Promise<string> {
  const socket = await dial(front)
  socket.write(bytes)
  return rest(socket)
}

async function rest(socket: Socket): Promise<string> {
  let text = ''
  socket.on('data', (chunk) => {
    text += chunk.toString('latin1')
  })
  await once(socket, 'close')
  return text
}

function ask(method: string, path: string, fields = '', body = ''): string {
  return `${method} ${path} HTTP/1.1\r\nHost: x\r\nConnection: close\r\n${fields}\r\n${body}`
}

const front = await open()

test('an answer bears its length and the id of its request', async () => {
  const answer = await converse(front, ask('GET', '/hello'))
  assert.match(answer, /^HTTP\/1.1 200 OK\r\n/)
  assert.match(answer, /\r\nContent-Length: 5\r\n/)
  assert.match(answer, /\r\nX-Request-Id: [0-9a-f]{16}\r\n/)
  assert.match(answer, /\r\n\r\nhello$/)
})

test('HEAD gets the head of GET, without the body', async () => {
  const answer = await converse(front, ask('HEAD', '/hello'))
  assert.match(answer, /\r\nContent-Length: 5\r\n/)
  assert.match(answer, /\r\n\r\n$/)
})

test('204 bears no length', async () => {
  const answer = await converse(front, ask('GET', '/nothing'))
  assert.match(answer, /^HTTP\/1.1 204 /)
  assert.doesNotMatch(answer, /Content-Length/i)
})

test('a stream is sent in chunks', async () => {
  const answer = await converse(front, ask('GET', '/stream'))
  assert.match(answer, /Transfer-Encoding: chunked/)
  assert.match(answer, /\r\n0\r\n\r\n$/)
  assert.match(await converse(front, ask('HEAD', '/stream')), /\r\n\r\n$/)
})

test('a stream that breaks is cut, so that half an answer does not look whole', async () => {
  const answer = await converse(front, ask('GET', '/broken-stream'))
  assert.doesNotMatch(answer, /\r\n0\r\n\r\n$/)
  assert.match(String(troubles.at(-1)?.cause), /ran dry/)
})

test('an unknown path is 404, an unknown method 405 with Allow', async () => {
  assert.match(await converse(front, ask('GET', '/nowhere')), /^HTTP\/1.1 404 /)
  assert.match(
    await converse(front, ask('DELETE', '/hello')),
    /^HTTP\/1.1 405 [\s\S]*\r\nAllow: GET, HEAD\r\n/,
  )
})

test('the handler sees path, query, fields and body as they were sent', async () => {
  const fields = 'Content-Length: 3\r\nX-Two: a\r\nX-Two: b\r\nX-Forwarded-For: 203.0.113.9\r\n'
  await converse(front, ask('POST', '/echo?a=1&b=%20', fields, 'abc'))
  const request = requests.at(-1)!
  assert.equal(request.path, '/echo')
  assert.equal(request.query.get('b'), ' ')
  assert.equal(request.headers['x-two'], 'a, b')
  assert.equal(new TextDecoder().decode(request.body), 'abc')
  assert.equal(Object.getPrototypeOf(request.body), Uint8Array.prototype)
  assert.deepEqual(request.peer, { address: '127.0.0.1', certificates: [] })
})

test('the absolute form of a target is taken', async () => {
  assert.match(await converse(front, ask('GET', 'http://x/hello?q')), /^HTTP\/1.1 200 /)
})

test('a body in chunks is read like one with a length', async () => {
  const fields = 'Transfer-Encoding: chunked\r\n'
  const answer = await converse(
    front,
    ask('POST', '/echo', fields, '2\r\nab\r\n1\r\nc\r\n0\r\n\r\n'),
  )
  assert.match(answer, /\r\n\r\nabc$/)
})

test('a body that says it is too large is answered 413 and not read', async () => {
  const before = requests.length
  const answer = await converse(front, ask('POST', '/echo', 'Content-Length: 101\r\n', 'abc'))
  assert.match(answer, /^HTTP\/1.1 413 [\s\S]*takes 100 bytes\n$/)
  assert.equal(requests.length, before)
})

test('a body in chunks is answered 413 as soon as it is too large', async () => {
  const chunk = `65\r\n${'x'.repeat(101)}\r\n`
  const answer = await converse(
    front,
    ask('POST', '/echo', 'Transfer-Encoding: chunked\r\n', chunk),
  )
  assert.match(answer, /^HTTP\/1.1 413 /)
})

test('the sender of a body that is far too large can still read the refusal', async () => {
  const length = 900_000
  const answer = await converse(
    front,
    ask('POST', '/echo', `Content-Length: ${length}\r\n`, 'x'.repeat(length)),
  )
  assert.match(answer, /^HTTP\/1.1 413 /)
})

test('a sender that does not stop after the refusal is cut off', async () => {
  const strict = await open({ lingerBytes: 1_000 })
  const socket = await dial(strict)
  socket.write(ask('POST', '/echo', 'Content-Length: 99999999\r\n'))
  const more = () => socket.write('x'.repeat(100_000)) // until the close, which is what is awaited
  socket.on('drain', more)
  more()
  await rest(socket)
})

test('the one who asks first whether to send a large body is told at once', async () => {
  const answer = await converse(
    front,
    ask('POST', '/echo', 'Content-Length: 101\r\nExpect: 100-continue\r\n'),
  )
  assert.match(answer, /^HTTP\/1.1 413 /)
  const small = await converse(
    front,
    ask('POST', '/echo', 'Content-Length: 1\r\nExpect: 100-continue\r\n', 'x'),
  )
  assert.match(small, /^HTTP\/1.1 100 Continue\r\n\r\nHTTP\/1.1 200 /)
})

test('a handler that breaks is 500 with nothing of the house in it', async () => {
  const answer = await converse(front, ask('GET', '/broken'))
  assert.match(answer, /^HTTP\/1.1 500 /)
  assert.doesNotMatch(answer, /secret/)
  const id = /X-Request-Id: (\w+)/.exec(answer)?.[1]
  assert.deepEqual(
    troubles.filter((trouble) => trouble.requestId === id).map(({ path }) => path),
    ['/broken'],
  )
})

test('a fault is 503 with a time to come again', async () => {
  const answer = await converse(front, ask('GET', '/fault'))
  assert.match(answer, /^HTTP\/1.1 503 [\s\S]*Retry-After: 30\r\n/)
  assert.match(answer, /\r\n\r\nstore-unreachable: the server cannot do this now; request \w+\n$/)
  assert.doesNotMatch(answer, /secret/)
})

test('a handler that does not come to its end is 503 in time, and its end harms nobody', async () => {
  const strict = await open({ answerMilliseconds: 20 })
  const answer = await converse(strict, ask('GET', '/slow'))
  assert.match(answer, /^HTTP\/1.1 503 [\s\S]*Retry-After: 30\r\n/)
  assert.equal(String(troubles.at(-1)?.cause), 'Fault: no answer in 0.02 s')
  release()
  assert.match(await converse(strict, ask('GET', '/hello')), /^HTTP\/1.1 200 /)
})

test('an answer that cannot be written cuts the connection and no more', async () => {
  await converse(front, ask('GET', '/broken-field'))
  assert.match(await converse(front, ask('GET', '/hello')), /^HTTP\/1.1 200 /)
})

test('bytes that are not HTTP get 400 and the close', async () => {
  const before = front.counts().requestsMalformed
  for (const bytes of [
    '\x16\x03\x01\x02\x00\x01',
    'GET\r\n\r\n',
    'GET / HTTP/9.9\r\n\r\n',
    '\0\0\r\n',
  ])
    assert.match(await converse(front, bytes), /^HTTP\/1.1 400 /)
  assert.equal(front.counts().requestsMalformed, before + 4)
})

test('whatever the bytes, the connection ends and the front lives', async (t) => {
  const seed = crypto.getRandomValues(new Uint32Array(1))[0]!
  t.diagnostic(`seed ${seed}`)
  const strict = await open({
    headerMilliseconds: 30,
    requestMilliseconds: 60,
    keepAliveMilliseconds: 20,
    checkMilliseconds: 10,
  })
  const next = sequence(seed)
  const whole = ask('POST', '/echo?a=%41', 'Content-Length: 3\r\nX-A: b\r\n', 'abc')
  const spoilt = Array.from({ length: 300 }, () => {
    const bytes = Uint8Array.from(whole, (c) => c.charCodeAt(0))
    for (let count = 1 + next(4); count > 0; count--) bytes[next(bytes.length)] = next(256)
    return bytes.slice(0, next(8) === 0 ? next(bytes.length) : undefined)
  })
  const answers = await Promise.all(spoilt.map((bytes) => converse(strict, bytes)))
  for (const answer of answers) assert.match(answer, /^(HTTP\/1.1 [2-5]\d\d |$)/)
  assert.match(await converse(strict, ask('GET', '/hello')), /^HTTP\/1.1 200 /)
})

/** Numbers below a limit, the same for the same seed (a linear congruence; chance enough to spoil bytes). */
function sequence(seed: number): (limit: number) => number {
  let state = seed
  return (limit) => {
    state = (Math.imul(state, 1_664_525) + 1_013_904_223) >>> 0
    return Math.floor((state / 2 ** 32) * limit)
  }
}

test('a request with two lengths, or with length and chunks, is refused', async () => {
  for (const fields of [
    'Content-Length: 1\r\nContent-Length: 2\r\n',
    'Content-Length: 1\r\nTransfer-Encoding: chunked\r\n',
    'Transfer-Encoding: chunked, identity\r\n',
  ])
    assert.match(await converse(front, ask('POST', '/echo', fields, 'x')), /^HTTP\/1.1 400 /)
})

test('fields beyond the limit are 431', async () => {
  const answer = await converse(front, ask('GET', '/hello', `X-Big: ${'x'.repeat(10_000)}\r\n`))
  assert.match(answer, /^HTTP\/1.1 431 /)
})

test('garbage behind a good request does not spoil the answer under way', async () => {
  const answer = await converse(
    front,
    `GET /hello HTTP/1.1\r\nHost: x\r\n\r\n\0\x01garbage\r\n\r\n`,
  )
  assert.doesNotMatch(answer, /^HTTP\/1.1 200[\s\S]*HTTP\/1.1 200/)
  assert.match(await converse(front, ask('GET', '/hello')), /^HTTP\/1.1 200 /)
})

test('requests in a row on one connection are answered in order', async () => {
  const keep = 'GET /hello HTTP/1.1\r\nHost: x\r\n\r\n'
  const answer = await converse(front, keep + keep + ask('GET', '/nowhere'))
  assert.deepEqual(
    [...answer.matchAll(/HTTP\/1.1 (\d+)/g)].map((match) => match[1]),
    ['200', '200', '404'],
  )
})

test('a connection gets so many answers and no more', async () => {
  const strict = await open({ maxRequestsPerConnection: 2 })
  const keep = 'GET /hello HTTP/1.1\r\nHost: x\r\n\r\n'
  const answer = await converse(strict, keep + keep + keep)
  assert.match(answer, /HTTP\/1.1 200[\s\S]*HTTP\/1.1 200[\s\S]*Connection: close[\s\S]*hello$/)
})

test('one who never finishes the fields is cut off', async () => {
  const strict = await open({ headerMilliseconds: 20, checkMilliseconds: 10 })
  assert.match(await converse(strict, 'GET /hello HTTP/1.1\r\nX-A:'), /^HTTP\/1.1 408 /)
  assert.equal(strict.counts().requestsTooSlow, 1)
})

test('one who never says anything is cut off', async () => {
  const strict = await open({ headerMilliseconds: 20, checkMilliseconds: 10 })
  assert.match(await rest(await dial(strict)), /^(HTTP\/1.1 408 |$)/)
})

test('one who never finishes the body is cut off', async () => {
  const strict = await open({
    headerMilliseconds: 10,
    requestMilliseconds: 30,
    checkMilliseconds: 10,
  })
  await converse(strict, ask('POST', '/echo', 'Content-Length: 5\r\n', 'x'))
  assert.equal(strict.counts().requestsTooSlow, 1)
})

test('one who goes away in the middle of a body harms nobody', async () => {
  const socket = await dial(front)
  socket.write(ask('POST', '/echo', 'Content-Length: 5\r\n', 'x'))
  socket.resetAndDestroy()
  assert.match(await converse(front, ask('GET', '/hello')), /^HTTP\/1.1 200 /)
})

test('connections beyond the number for one address are cut, and made room for again', async () => {
  const strict = await open({ maxConnectionsPerAddress: 2 })
  const [one, two] = [await dial(strict), await dial(strict)]
  assert.equal(await rest(await dial(strict)), '')
  assert.equal(strict.counts().connectionsRefused, 1)
  one.end(ask('GET', '/hello'))
  assert.match(await rest(one), /^HTTP\/1.1 200 /)
  assert.match(await converse(strict, ask('GET', '/hello')), /^HTTP\/1.1 200 /)
  two.destroy()
})

test('connections beyond the number in all are cut', async () => {
  const strict = await open({ maxConnections: 1 })
  const one = await dial(strict)
  assert.equal(await rest(await dial(strict)), '')
  one.destroy()
})

test('close waits for the answer under way, and cuts the idle', async () => {
  entered = Promise.withResolvers()
  const closing = await open()
  const idle = await dial(closing)
  const busy = await dial(closing)
  busy.write('GET /slow HTTP/1.1\r\nHost: x\r\n\r\n')
  await entered.promise
  const closed = closing.close()
  assert.equal(await rest(idle), '')
  release()
  assert.match(await rest(busy), /^HTTP\/1.1 200 [\s\S]*late$/)
  await closed
})

test('close cuts an answer that does not come', async () => {
  entered = Promise.withResolvers()
  const closing = await open({ drainMilliseconds: 10 })
  const busy = await dial(closing)
  busy.write('GET /slow HTTP/1.1\r\nHost: x\r\n\r\n')
  await entered.promise
  await Promise.all([closing.close(), rest(busy)])
  release()
})

test('a port that is taken is a fault that says which', async () => {
  await assert.rejects(
    openStatusFront({
      listen: front.address,
      routes,
      limits: statusLimits,
      random,
      report: () => {},
    }),
    { code: 'port-taken', message: new RegExp(`127.0.0.1 port ${front.address.port}`) },
  )
})
