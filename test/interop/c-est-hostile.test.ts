// SPDX-License-Identifier: Apache-2.0
/** Servers that lie to the C99 client of clients/c: each answer is refused by name, and nothing is stepped beyond. */
import assert from 'node:assert/strict'
import { mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs'
import type { IncomingMessage, ServerResponse } from 'node:http'
import { join } from 'node:path'
import { after, before, test } from 'node:test'
import { encodeCertsOnly } from '#format/cms/certs-only.ts'
import { parseCertificationRequest } from '#format/x509/certification-request.ts'
import { provePossession } from '#trust/possession.ts'
import { makeIssuer, makeRoot } from '../journeys/support/est-authority.ts'
import {
  answerCertificates,
  answerProblem,
  answerText,
  openEstServer,
  type Setting,
  type TestServer,
} from '../journeys/support/est-server.ts'
import { clientProgram, Driver, noMbedTls } from '../support/c-programs.ts'
import { temporaryDirectory } from '../support/house.ts'

const place = temporaryDirectory()
const skip = noMbedTls
let server: TestServer
let driver: Driver
let count = 0

before(async () => {
  if (skip !== false) return
  server = await openEstServer()
  driver = new Driver(clientProgram('device'))
  await meet(server)
})

after(async () => {
  await server?.close()
  await driver?.end()
})

async function meet({ url, root }: TestServer): Promise<void> {
  const path = join(place, 'root.der')
  writeFileSync(path, root.certificate.der)
  assert.equal(await driver.ask('to', 'localhost', new URL(url).port, path), 'ok')
}

/** A device of its own, which the server expects. */
async function freshDevice(of: TestServer = server): Promise<void> {
  const serial = `H-${++count}`
  of.codes.set(serial, new Set(['code']))
  mkdirSync(join(place, serial))
  await driver.ask('at', join(place, serial), serial)
}

async function did(...words: readonly string[]): Promise<string> {
  return (await driver.ask(...words)).split(' ')[0]!
}

type Lie = (response: ServerResponse, request: IncomingMessage) => void

/** Octets in the place of an HTTP answer, and then the connection's end. */
const raw =
  (text: string): Lie =>
  (response) =>
    void response.socket?.end(text.replaceAll('\n', '\r\n'))

const endless =
  (head: string, more: string): Lie =>
  (response) => {
    const { socket } = response
    socket?.on('error', () => {})
    socket?.write(head.replaceAll('\n', '\r\n'))
    const pour = () => {
      while (socket?.writable === true && socket.write(more.repeat(100)));
      socket?.once('drain', pour)
    }
    pour()
  }

const ok = 'HTTP/1.1 200 OK\n'
const certificates = (): string => encodeCertsOnly([server.root.certificate.der]).toBase64()
const lying = (body: () => string): Lie => {
  return (response) =>
    raw(`${ok}Content-Length: ${body().length}\n\n${body()}`)(response, response.req)
}

/** What is answered in the place of /cacerts, and the word for it. */
const lies: readonly (readonly [what: string, word: string, lie: Lie])[] = [
  ['no HTTP', 'http-malformed', raw('220 mail.example.com ESMTP\n\n')],
  ['a status of four digits', 'http-malformed', raw('HTTP/1.1 2000 OK\n\n')],
  ['HTTP/2', 'http-malformed', raw('HTTP/2.0 200 OK\n\n')],
  ['a field without a colon', 'http-malformed', raw(`${ok}Content\n\n`)],
  ['a folded field', 'http-malformed', raw(`${ok}A: b\n c: d\n\n`)],
  ['a control character in a field', 'http-malformed', raw(`${ok}A: \u0000\n\n`)],
  ['two lengths', 'http-malformed', raw(`${ok}Content-Length: 4\nContent-Length: 4\n\nTWFu`)],
  ['a negative length', 'http-malformed', raw(`${ok}Content-Length: -1\n\nTWFu`)],
  [
    'a length and chunks',
    'http-malformed',
    raw(`${ok}Content-Length: 4\nTransfer-Encoding: chunked\n\n0\n\n`),
  ],
  ['another encoding', 'http-malformed', raw(`${ok}Transfer-Encoding: gzip, chunked\n\n0\n\n`)],
  ['a chunk of no number', 'http-malformed', raw(`${ok}Transfer-Encoding: chunked\n\nxyz\n\n`)],
  [
    'a chunk longer than it says',
    'http-malformed',
    raw(`${ok}Transfer-Encoding: chunked\n\n2\nTWFu\n0\n\n`),
  ],
  [
    'a chunk of 16 exbibytes',
    'answer-too-large',
    raw(`${ok}Transfer-Encoding: chunked\n\nffffffffffffffff\n`),
  ],
  [
    'answers of the class 1xx without an end',
    'http-malformed',
    raw('HTTP/1.1 100 Continue\n\n'.repeat(9)),
  ],
  ['a length of a gigabyte', 'answer-too-large', raw(`${ok}Content-Length: 999999999\n\n`)],
  [
    'a length beyond all numbers',
    'http-malformed',
    raw(`${ok}Content-Length: 99999999999999999999\n\n`),
  ],
  ['a body without an end', 'answer-too-large', endless(`${ok}\n`, 'TWFu')],
  [
    'chunks without an end',
    'answer-too-large',
    endless(`${ok}Transfer-Encoding: chunked\n\n`, '4\r\nTWFu\r\n'),
  ],
  ['fields without an end', 'answer-too-large', endless(ok, 'A: b\r\n')],
  ['a field without an end', 'answer-too-large', endless(`${ok}A: `, 'aaaa')],
  [
    'trailers without an end',
    'answer-too-large',
    endless(`${ok}Transfer-Encoding: chunked\n\n0\n`, 'A: b\r\n'),
  ],
  ['an end within the head', 'connection-cut', raw('HTTP/1.1 200')],
  ['an end within the body', 'connection-cut', raw(`${ok}Content-Length: 100\n\nTWFu`)],
  ['no answer at all', 'connection-cut', raw('')],
  ['base64 that was cut off', 'base64-malformed', lying(() => certificates().slice(0, -3))],
  ['what is no base64', 'base64-malformed', lying(() => `-----BEGIN PKCS7-----${certificates()}`)],
  ['nothing', 'base64-malformed', raw(`${ok}Content-Length: 0\n\n`)],
  ['no CMS', 'answer-malformed', lying(() => 'TWFu')],
  ['a CMS that was cut off', 'answer-malformed', lying(() => certificates().slice(0, -8))],
  ['a CMS without certificates', 'answer-malformed', lying(() => encodeCertsOnly([]).toBase64())],
]

for (const [what, word, lie] of lies)
  test(`refuses ${what}: ${word}`, { skip }, async () => {
    await freshDevice()
    server.rules.instead = (request, response) => {
      if (request.url?.endsWith('/cacerts') !== true) return false
      lie(response, request)
      return true
    }
    assert.equal(await did('enrol', 'code'), word)
    server.rules.instead = () => false
    assert.ok(server.codes.get(`H-${count}`)?.has('code'), 'the code was not sent')
  })

/** What is answered to a request for a certificate. */
const answers: readonly (readonly [what: string, answer: string, lie: Lie])[] = [
  [
    'a busy server',
    'later 503 7 ',
    (response) => response.writeHead(503, { 'Retry-After': '7' }).end(),
  ],
  [
    'a person who has to decide',
    'later 202 3600 ',
    (response) => response.writeHead(202, { 'Retry-After': '3600' }).end(),
  ],
  [
    'a wait beyond a day',
    'later 503 86400 ',
    (response) => response.writeHead(503, { 'Retry-After': '999999' }).end(),
  ],
  [
    'a wait until a date',
    'later 503 120 ',
    (response) =>
      response
        .writeHead(503, {
          Date: 'Sun, 06 Nov 1994 08:49:37 GMT',
          'Retry-After': 'Sun, 06 Nov 1994 08:51:37 GMT',
        })
        .end(),
  ],
  [
    'a refusal',
    'refused-by-server 403 0 not today',
    (response) => answerText(response, 403, 'not today\nsecond line'),
  ],
  [
    'a refusal with control characters',
    'refused-by-server 400 0 [31mno',
    (response) => answerText(response, 400, '\u001b[31mno'),
  ],
  [
    'what is not built',
    'refused-by-server 501 0 no',
    (response) => answerText(response, 501, 'no'),
  ],
  [
    'a redirection',
    'refused-by-server 302 0 ',
    (response) => response.writeHead(302, { Location: 'https://localhost/' }).end(),
  ],
  [
    'certificates of others',
    'answer-not-ours 200 0 ',
    (response) => answerCertificates(response, [server.issuer.certificate]),
  ],
]

test('every answer to a request is told with its status, its wait and its words', {
  skip,
}, async () => {
  for (const [what, answer, lie] of answers) {
    await freshDevice()
    server.rules.instead = (request, response) => {
      if (request.method !== 'POST') return false
      lie(response, request)
      return true
    }
    assert.equal(await driver.ask('enrol', 'code'), answer, what)
    server.rules.instead = () => false
    assert.equal(await did('enrol', 'code'), 'ok', what)
  }
})

test('a lost answer is asked for again with the same request', { skip }, async () => {
  await freshDevice()
  server.rules.loses = ({ method }) => method === 'POST'
  assert.equal(await did('enrol', 'code'), 'connection-cut')
  server.rules.loses = () => false
  assert.equal(await did('enrol', 'code'), 'ok')
})

test('a renewal that waits keeps its key out of the buffer of answers', { skip }, async () => {
  await freshDevice()
  assert.equal(await did('enrol', 'code'), 'ok')
  server.rules.instead = (request, response) => {
    if (request.url?.endsWith('/simplereenroll') !== true) return false
    response.writeHead(503, { 'Retry-After': '7' }).end()
    return true
  }
  // The second time it finds its request; the driver looks into the buffer, and ends if the key is in it.
  for (const _ of [1, 2]) assert.equal(await did('renew'), 'later')
  server.rules.instead = () => false
  assert.equal(await did('renew'), 'ok')
})

test('a certificate by a stranger is not taken', { skip }, async () => {
  await freshDevice()
  server.rules.signer = await makeIssuer('a stranger', await makeRoot('another root'))
  assert.equal(await did('enrol', 'code'), 'certificate-not-trusted')
  server.rules.signer = server.issuer
})

test('a new identity that the server does not accept leaves the old one in use', {
  skip,
}, async () => {
  await freshDevice()
  assert.equal(await did('enrol', 'code'), 'ok')
  const before = await driver.ask('show')
  for (const lie of [
    (response: ServerResponse) => answerProblem(response, 403, 'certificate-unknown'),
    (response: ServerResponse) =>
      void response.end('{"device":"another","certificate":{"serialNumber":"01"}}'),
  ]) {
    server.rules.instead = (request, response) => {
      if (request.url !== '/whoami') return false
      lie(response)
      return true
    }
    assert.match(await did('rekey'), /^(credential-refused|answer-not-ours)$/)
    assert.equal(await driver.ask('show'), before)
  }
  server.rules.instead = () => false
  assert.equal(await did('keep-up'), 'ok')
})

test('the server may order a renewal, and a device obeys', { skip }, async () => {
  await freshDevice()
  assert.equal(await did('enrol', 'code'), 'ok')
  const before = await driver.ask('show')
  server.rules.word = { renewFrom: '2020-01-01T00:00:00Z' }
  assert.equal(await did('keep-up'), 'ok')
  server.rules.word = {}
  assert.notEqual(await driver.ask('show'), before)
})

test('keys may be on P-384, and a renewal keeps such a key', { skip }, async () => {
  await freshDevice()
  await driver.ask('p384', 1)
  assert.equal(await did('enrol', 'code'), 'ok')
  assert.equal(await did('renew'), 'ok')
  assert.equal(await did('rekey'), 'ok')
  await driver.ask('p384', 0)
  const keys = server.issued.slice(-3).map(({ certificate }) => certificate.publicKey.der.toHex())
  assert.ok(
    keys.every((key) => key.startsWith('3076')),
    'all on P-384',
  )
  assert.deepEqual([keys[0] === keys[1], keys[1] === keys[2]], [true, false])
})

test('a server that wants the code in the request gets it there alone', { skip }, async () => {
  await freshDevice()
  let login: string | undefined = 'none came'
  server.rules.instead = (request, response) => {
    if (request.method !== 'POST') return false
    login = request.headers.authorization
    response.writeHead(503).end()
    return true
  }
  await driver.ask('challenge', 1)
  assert.equal(await did('enrol', 'the-code'), 'later')
  await driver.ask('challenge', 0)
  server.rules.instead = () => false
  assert.equal(login, undefined)
  const slot = readFileSync(join(place, `H-${count}`, 'slot-2'))
  const keySize = slot.readUInt16BE(41)
  const at = 43 + keySize
  const request = slot.subarray(at + 2, at + 2 + slot.readUInt16BE(at))
  const parsed = parseCertificationRequest(new Uint8Array(request))
  assert.equal(parsed.challengePassword, 'the-code')
  assert.equal((await provePossession(parsed)).kind, 'proved')
})

test('certificates of the answer itself lead to the root, where cacerts has none but it', {
  skip,
}, async () => {
  await freshDevice()
  const { offers, answer } = server.rules
  server.rules.offers = [server.root.certificate]
  assert.equal(await did('enrol', 'code'), 'certificate-not-trusted')
  server.rules.answer = (certificate) => [server.issuer.certificate, certificate]
  assert.equal(await did('enrol', 'code'), 'ok')
  Object.assign(server.rules, { offers, answer })
})

test('buffers that are too small are told, and nothing is lost by it', { skip }, async () => {
  await freshDevice()
  for (const [answer, record] of [
    [600, 4096],
    [8192, 300],
    [8192, 64],
    [1300, 4096],
  ] as const) {
    await driver.ask('room', answer, record)
    assert.match(await did('enrol', 'code'), /^(answer-too-large|buffer-too-small)$/)
  }
  await driver.ask('room', 8192, 4096)
  assert.equal(await did('enrol', 'code'), 'ok')
  const before = await driver.ask('show')
  await driver.ask('room', 8192, 300)
  assert.equal(await did('rekey'), 'buffer-too-small')
  await driver.ask('room', 8192, 4096)
  assert.equal(await driver.ask('show'), before)
})

test('a server of another name, of another purpose, or that has ended, hears nothing', {
  skip,
}, async () => {
  const now = Temporal.Now.instant()
  const settings: readonly (readonly [Setting, string])[] = [
    [{ serverNames: ['other.test'] }, 'server-name-wrong'],
    // RFC 9525 section 2: a name in the subject names no server.
    [{ serverNames: [] }, 'server-name-wrong'],
    [
      { serverPurpose: '1.3.6.1.5.5.7.3.2' as Setting['serverPurpose'] & string },
      'server-not-trusted',
    ],
    [
      { serverUntil: now.subtract({ hours: 1 }), serverSince: now.subtract({ hours: 48 }) },
      'certificate-expired',
    ],
  ]
  for (const [setting, word] of settings) {
    const other = await openEstServer(setting)
    try {
      await meet(other)
      await freshDevice(other)
      assert.equal(await did('enrol', 'code'), word)
      assert.deepEqual(other.heard, [])
    } finally {
      await other.close()
    }
  }
  await meet(server)
})

test('nothing is left over in any storage but one identity and its mark', { skip }, async () => {
  await freshDevice()
  assert.equal(await did('enrol', 'code'), 'ok')
  assert.deepEqual(readdirSync(join(place, `H-${count}`)).toSorted(), [
    'slot-0',
    'slot-2',
    'slot-3',
  ])
})
