// SPDX-License-Identifier: Apache-2.0
/** What a client of EST makes of a server that is down, slow, somebody else, or out of its mind. */
import assert from 'node:assert/strict'
import { once } from 'node:events'
import type { IncomingMessage, ServerResponse } from 'node:http'
import { createServer, type Server } from 'node:https'
import { type AddressInfo, createServer as createNetServer } from 'node:net'
import { after, before, test } from 'node:test'
import type { Errand, Heard } from '#core/authority/upstream/desk.ts'
import type { Upstream, UpstreamOrder } from '#core/ledger/tables.ts'
import { encodeCertsOnly } from '#format/cms/certs-only.ts'
import { encodePem } from '#format/pem.ts'
import { makeTestAuthority, type TestAuthority } from '../../../../test/tls-certificates.ts'
import { estUpstream } from './est-upstream.ts'

type Answer = (request: IncomingMessage, response: ServerResponse) => void

let authority: TestAuthority
let server: Server
let answer: Answer = (_, response) => response.end()
const heard: string[] = []

before(async () => {
  authority = await makeTestAuthority('Upstream')
  const identity = await authority.issue('localhost')
  server = createServer(
    {
      key: identity.key,
      cert: identity.chain.map((der) => encodePem('CERTIFICATE', der)).join(''),
    },
    (request, response) => {
      heard.push(`${request.method} ${request.url}`)
      answer(request, response)
    },
  ).listen(0, '127.0.0.1')
  await once(server, 'listening')
})
after(() => {
  server.closeAllConnections()
  server.close()
})

const desk = estUpstream({
  clock: { now: () => Temporal.Instant.from('2026-11-29T12:00:00Z') },
  random: { bytes: (count) => new Uint8Array(count) },
  keys: {
    sign: () => assert.fail('nothing is signed'),
    publicKey: () => assert.fail('no key is shown'),
    dangerouslyReveal: () => assert.fail('no key is revealed'),
  },
  secrets: '/nowhere',
})

function portOf(one: { address(): AddressInfo | string | null }): number {
  return (one.address() as AddressInfo).port
}

function errand(port = portOf(server), roots = [authority.root]): Errand {
  const upstream = {
    ...{ name: 'far', protocol: 'est', address: `https://localhost:${port}` },
    ...{ settings: { label: 'two words' }, serverRoots: roots.map((der) => der.toBase64()) },
    ...{ credentialKey: null, credentialChain: [] },
  } as unknown as Upstream
  const order = { request: Uint8Array.of(1, 2, 3) } as unknown as UpstreamOrder
  return { upstream, order, note: async () => {} }
}

function ask(asked = errand(), milliseconds = 10_000): Promise<Heard> {
  return desk.ask(asked, AbortSignal.timeout(milliseconds))
}

test('the request goes to the label as it came, and the certificates of the answer come back', async () => {
  answer = (_, response) =>
    response
      .writeHead(200, { 'content-type': 'application/pkcs7-mime; smime-type=certs-only' })
      .end(encodeCertsOnly(authority.all).toBase64())
  const { kind, ...rest } = await ask()
  assert.equal(kind, 'certificates')
  assert.equal('certificates' in rest && rest.certificates.length, 2)
  assert.equal(heard.at(-1), 'POST /.well-known/est/two%20words/simpleenroll')
})

test('where nothing is listening, or somebody else, nothing was asked', async () => {
  const free = createNetServer().listen(0, '127.0.0.1')
  await once(free, 'listening')
  const port = portOf(free)
  free.close()
  await once(free, 'close')
  const before = heard.length
  assert.equal((await ask(errand(port))).kind, 'unreached')
  const stranger = await makeTestAuthority('Stranger')
  const strange = await ask(errand(undefined, [stranger.root]))
  assert.equal(strange.kind, 'unreached')
  const plain = errand()
  const upstream = { ...plain.upstream, address: plain.upstream.address.replace('https', 'http') }
  assert.equal((await ask({ ...plain, upstream })).kind, 'unreached')
  assert.equal(heard.length, before, 'no byte of a request reached anybody')
})

test('one that takes the connection and says nothing is not reached, until TLS is done', async () => {
  const silent = createNetServer(() => {}).listen(0, '127.0.0.1')
  await once(silent, 'listening')
  const found = await ask(errand(portOf(silent)), 200)
  assert.deepEqual(found, { kind: 'unreached', words: 'it did not answer in time' })
  silent.close()
})

const unknowable: Record<string, Answer> = {
  'never answers': () => {},
  'cuts the connection': (request) => request.destroy(),
  'stops in the middle of its answer': (_, response) => {
    response.writeHead(200, { 'content-type': 'application/pkcs7-mime', 'content-length': '900' })
    response.write('MIIB')
    response.destroy()
  },
  'says 500': (_, response) => response.writeHead(500).end('oops'),
  'sends it on': (_, response) =>
    response.writeHead(302, { location: 'https://elsewhere.test/' }).end(),
  'answers 200 with a page': (_, response) =>
    response.writeHead(200, { 'content-type': 'text/html' }).end('<p>hello'),
  'answers 200 with garbage': (_, response) => response.writeHead(200).end('MIIB!!!'),
  'answers 200 with nothing': (_, response) => response.writeHead(200).end(),
  'answers without end': (_, response) => {
    const piece = 'A'.repeat(65_536)
    const more = () => {
      while (response.writable && response.write(piece));
      if (response.writable) response.once('drain', more)
    }
    more()
  },
}

for (const [what, behaviour] of Object.entries(unknowable)) {
  test(`of one that ${what}, nobody knows whether it signed`, async () => {
    answer = behaviour
    assert.equal((await ask(errand(), what === 'never answers' ? 300 : 10_000)).kind, 'unknown')
  })
}

test('only what cannot have signed is called so', async () => {
  const kinds: string[] = []
  for (const status of [202, 400, 401, 403, 404, 409, 429, 503]) {
    answer = (_, response) => response.writeHead(status, { 'retry-after': '7' }).end('because')
    const found = await ask()
    kinds.push(found.kind)
    assert.ok('words' in found && found.words.includes('because'))
    if (found.kind === 'waiting') assert.equal(found.retryAfterSeconds, 7)
  }
  assert.deepEqual(kinds, [
    ...['waiting', 'turned-down', 'turned-down', 'turned-down', 'turned-down'],
    ...['unknown', 'unreached', 'unreached'],
  ])
})

test('its words come to an operator in one line of printable text, and not long', async () => {
  answer = (_, response) => response.writeHead(403).end(`a\u0007b\r\n${'c'.repeat(5_000)}`)
  const found = await ask()
  assert.match('words' in found ? found.words : '', /^status 403: a b c{200,}$/)
  assert.ok('words' in found && found.words.length < 400)
})
