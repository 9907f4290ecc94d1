// SPDX-License-Identifier: Apache-2.0
import assert from 'node:assert/strict'
import { readFileSync } from 'node:fs'
import { beforeEach, test } from 'node:test'
import type { EnrolmentRequest, Outcome } from '#core/enrolment/request.ts'
import type {
  ServerKeyOutcome,
  ServerKeyRequest,
} from '#core/enrolment/server-key/enrol-with-key.ts'
import { type Refusal, type Refused, refusals } from '#core/refusal.ts'
import type { HttpRequest, HttpResponse } from '#edge/http/message.ts'
import { usualWaits } from '#edge/http/refusals.ts'
import { makeRouter } from '#edge/http/router.ts'
import { parseBase64Body } from '#format/base64.ts'
import { parseCertsOnly } from '#format/cms/certs-only.ts'
import { parseCertificationRequest } from '#format/x509/certification-request.ts'
import { formatName } from '#format/x509/name.ts'
import { refuse } from '#trust/refusal.ts'
import { statuses } from './refusals.ts'
import { estRoutes } from './routes.ts'

const certificate = Uint8Array.of(0x30, 0x03, 0x02, 0x01, 0x05)
const leaf = Uint8Array.of(0x30, 0x01, 0x01)
/** The shape of a request is not this room's business: any bytes pass. */
const pkcs10 = Uint8Array.of(0x30, 0x03, 0x02, 0x01, 0x00)

const vector = new URL('../../../test/vectors/format/rfc7030-a3-enrol-request', import.meta.url)

let asked: EnrolmentRequest[] = []
let outcome: Outcome = { kind: 'issued', certificate, id: 'crt_1' }
let keyAsked: ServerKeyRequest | undefined
let keyOutcome: ServerKeyOutcome = refuse('server-key-not-permitted', 'no')
let labels: (string | undefined)[] = []
let listed: readonly Uint8Array[] | Refused = [certificate]
let attributes: Uint8Array | Refused = Uint8Array.of(0x30, 0x00)

beforeEach(() => {
  asked = []
  labels = []
  outcome = { kind: 'issued', certificate, id: 'crt_1' }
  listed = [certificate]
  attributes = Uint8Array.of(0x30, 0x00)
})

const router = makeRouter(
  estRoutes({
    enrol: async (request) => {
      asked.push(request)
      return outcome
    },
    enrolWithKey: async (request) => {
      keyAsked = request
      return keyOutcome
    },
    caCertificates: async (label) => {
      labels.push(label)
      return listed
    },
    csrAttributes: async (label) => {
      labels.push(label)
      return attributes
    },
  }),
)

interface Asking {
  readonly headers?: Record<string, string>
  readonly body?: string | Uint8Array
  readonly certificates?: readonly Uint8Array[]
}

async function ask(method: string, path: string, asking: Asking = {}): Promise<HttpResponse> {
  const routed = router(method, path)
  assert.equal(routed.kind, 'route', `${method} ${path}`)
  const body = asking.body ?? ''
  const request: HttpRequest = {
    method,
    path,
    query: new URLSearchParams(),
    headers: asking.headers ?? {},
    body: typeof body === 'string' ? new TextEncoder().encode(body) : body,
    peer: {
      ...{ address: '192.0.2.1', certificates: asking.certificates ?? [] },
      tls: { protocol: 'TLSv1.3', cipher: 'TLS_AES_128_GCM_SHA256' },
    },
    requestId: 'r',
  }
  if (routed.kind !== 'route') throw new Error('unreachable')
  return routed.route.handler(request)
}

function basic(text: string): Record<string, string> {
  return { authorization: `Basic ${new TextEncoder().encode(text).toBase64()}` }
}

function enrol(asking: Asking = {}): Promise<HttpResponse> {
  return ask('POST', '/.well-known/est/simpleenroll', { body: pkcs10.toBase64(), ...asking })
}

test('cacerts gives the certificates to anybody, without line breaks', async () => {
  listed = Array.from({ length: 4 }, (_, n) => Uint8Array.of(0x30, 0x03, 0x02, 0x01, n))
  const answer = await ask('GET', '/.well-known/est/cacerts')
  assert.equal(answer.status, 200)
  assert.equal(answer.headers['Content-Type'], 'application/pkcs7-mime')
  assert.match(String(answer.body), /^[A-Za-z0-9+/]+=*$/)
  assert.deepEqual(parseCertsOnly(parseBase64Body(String(answer.body))), listed)
  assert.equal((await ask('HEAD', '/.well-known/est/cacerts')).status, 200)
})

test('csrattrs gives what the profile wishes for', async () => {
  const answer = await ask('GET', '/.well-known/est/pump/csrattrs')
  assert.equal(answer.headers['Content-Type'], 'application/csrattrs')
  assert.equal(answer.body, 'MAA=')
  assert.deepEqual(labels, ['pump'])
})

test('simpleenroll answers with the issued certificate only', async () => {
  const answer = await enrol({ headers: basic('PUMP-0001:secret') })
  assert.equal(answer.status, 200)
  assert.equal(answer.headers['Content-Type'], 'application/pkcs7-mime; smime-type=certs-only')
  assert.deepEqual(parseCertsOnly(parseBase64Body(String(answer.body))), [certificate])
  assert.deepEqual(asked, [
    {
      protocol: 'est',
      operation: 'enrol',
      label: undefined,
      request: pkcs10,
      credential: { kind: 'code', user: 'PUMP-0001', code: 'secret' },
      sourceAddress: '192.0.2.1',
      requestId: 'r',
      channelBinding: undefined,
      connectionCertificate: undefined,
      proxy: undefined,
    },
  ])
})

test("the RFC's own request and body are read, with its line breaks", async () => {
  // RFC 7030 appendix A.3; the vector keeps the base64 as it is printed there.
  const [head, body] = readFileSync(vector, 'utf8').split('\n\n')
  assert.match(head ?? '', /RFC 7030/)
  const headers = { 'content-type': 'application/pkcs10', 'content-transfer-encoding': 'base64' }
  assert.equal((await enrol({ body: body ?? '', headers })).status, 200)
  const { subject } = parseCertificationRequest(asked[0]!.request)
  assert.match(formatName(subject), /demo/i)
})

test('a label names the entrance, decoded', async () => {
  await ask('POST', '/.well-known/est/infusion%20pump/simpleenroll', { body: pkcs10.toBase64() })
  assert.equal(asked[0]?.label, 'infusion pump')
})

test('a label is never an operation, empty, or badly encoded', async () => {
  for (const label of ['cacerts', 'simpleenroll', '', '%', '%ff'])
    assert.equal((await ask('GET', `/.well-known/est/${label}/cacerts`)).status, 404, label)
  assert.deepEqual(labels, [])
})

test('what is no operation is 404', async () => {
  for (const path of ['', 'CACERTS', 'cacerts/', 'a/b/cacerts', 'label', 'simpleenrol'])
    assert.equal((await ask('GET', `/.well-known/est/${path}`)).status, 404, path)
})

test('the wrong method is 405 with the right one', async () => {
  const posted = await ask('POST', '/.well-known/est/cacerts')
  assert.deepEqual([posted.status, posted.headers.Allow], [405, 'GET, HEAD'])
  const got = await ask('GET', '/.well-known/est/pump/simpleenroll')
  assert.deepEqual([got.status, got.headers.Allow], [405, 'POST'])
})

test('fullcmc is 501', async () => {
  const answer = await ask('POST', '/.well-known/est/fullcmc', { body: '' })
  assert.equal(answer.status, 501)
  assert.match(String(answer.body), /not offered here/)
})

test('serverkeygen gives the key, then the certificate, and leaves no copy of the key behind', async () => {
  const path = '/.well-known/est/pump/serverkeygen'
  const key = Uint8Array.from({ length: 200 }, (_, n) => n)
  const kept = key.slice()
  keyOutcome = {
    ...{ kind: 'issued-with-key', id: 'crt_1' },
    answer: { key: { kind: 'plain', der: key }, certificate },
  }
  const answer = await ask('POST', path, { body: pkcs10.toBase64() })
  assert.equal(answer.status, 200)
  assert.deepEqual(keyAsked?.tls, { protocol: 'TLSv1.3', cipher: 'TLS_AES_128_GCM_SHA256' })
  assert.equal(keyAsked?.operation, 'enrol')
  assert.equal(answer.headers['Cache-Control'], 'no-store')
  assert.equal(answer.wipe, true)
  const [, boundary = ''] = /^multipart\/mixed; boundary="(.+)"$/.exec(
    answer.headers['Content-Type'] ?? '',
  ) ?? ['']
  assert.ok(answer.body instanceof Uint8Array)
  const text = new TextDecoder().decode(answer.body)
  const [before, one = '', two = '', end, ...more] = text.split(`--${boundary}`)
  assert.deepEqual([before, end, more], ['', '--\r\n', []])
  const parts = [one, two].map((part) => {
    const [, type, coding, body = ''] =
      /^\r\nContent-Type: ([^\r]+)\r\nContent-Transfer-Encoding: ([^\r]+)\r\n\r\n(.+)\r\n$/s.exec(
        part,
      ) ?? []
    assert.ok(body.split('\r\n').every((line) => line.length <= 76 && line.length > 0))
    return { type, coding, bytes: parseBase64Body(body) }
  })
  assert.deepEqual(
    parts.map(({ type, coding }) => [type, coding]),
    [
      ['application/pkcs8', 'base64'],
      ['application/pkcs7-mime; smime-type=certs-only', 'base64'],
    ],
  )
  assert.deepEqual(parts[0]?.bytes, kept)
  assert.deepEqual(parseCertsOnly(parts[1]?.bytes ?? certificate), [certificate])
  assert.deepEqual(key, new Uint8Array(200))
  keyOutcome = refuse('server-key-not-permitted', 'no')
  assert.equal((await ask('POST', path, { body: pkcs10.toBase64() })).status, 403)
  assert.equal((await ask('POST', path, { body: 'no base64!' })).status, 400)
})

test('a sealed key has a type of its own', async () => {
  keyOutcome = {
    ...{ kind: 'issued-with-key', id: 'crt_1' },
    answer: { key: { kind: 'sealed', der: Uint8Array.of(1, 2, 3, 4) }, certificate },
  }
  const path = '/.well-known/est/serverkeygen'
  const { body } = await ask('POST', path, { body: pkcs10.toBase64() })
  assert.ok(body instanceof Uint8Array)
  assert.match(
    new TextDecoder().decode(body),
    /^--.*Content-Type: application\/pkcs7-mime; smime-type=server-generated-key\r\n.*\r\nAQIDBA==\r\n/s,
  )
})

test('a code comes before a certificate, a certificate before nothing', async () => {
  await enrol({ headers: basic('a:b'), certificates: [leaf] })
  await enrol({ certificates: [leaf] })
  await enrol()
  assert.deepEqual(
    asked.map(({ credential }) => credential),
    [
      { kind: 'code', user: 'a', code: 'b' },
      { kind: 'certificate', chain: [leaf] },
      { kind: 'none' },
    ],
  )
})

test('only the first colon parts user and code', async () => {
  await enrol({ headers: basic('ä:b:c') })
  assert.deepEqual(asked[0]?.credential, { kind: 'code', user: 'ä', code: 'b:c' })
})

test('an authorization field of another kind is 401, not passed over', async () => {
  for (const authorization of [
    'Bearer abc',
    'Basic',
    'Basic !',
    `Basic ${btoa('no colon')}`,
    'Basic /w==',
    'Basic YTpi, Basic YTpi',
  ]) {
    const answer = await enrol({ headers: { authorization }, certificates: [leaf] })
    assert.equal(answer.status, 401, authorization)
    assert.match(answer.headers['WWW-Authenticate'] ?? '', /^Basic realm="/)
  }
  assert.deepEqual(asked, [])
})

test('simplereenroll proves itself with the certificate of the connection and nothing else', async () => {
  const again = (asking: Asking) =>
    ask('POST', '/.well-known/est/simplereenroll', { body: pkcs10.toBase64(), ...asking })
  await again({ headers: basic('a:b'), certificates: [leaf] })
  assert.equal(asked[0]?.operation, 'reenrol')
  assert.deepEqual(asked[0]?.credential, { kind: 'certificate', chain: [leaf] })
  assert.equal((await again({ headers: basic('a:b') })).status, 403)
})

test('base64 may be broken into lines or not, whatever Content-Transfer-Encoding says', async () => {
  const text = pkcs10.toBase64()
  for (const body of [
    text,
    `${text}\n`,
    `${text.slice(0, 3)}\r\n${text.slice(3)}\r\n`,
    ` ${text} `,
  ])
    for (const coding of [undefined, 'base64', 'BASE64', 'binary', '7bit', 'nonsense']) {
      const headers = coding === undefined ? {} : { 'content-transfer-encoding': coding }
      assert.equal((await enrol({ body, headers })).status, 200)
      assert.deepEqual(asked.at(-1)?.request, pkcs10)
    }
})

test('PEM, DER and garbage are refused in words that help', async () => {
  const bodies: [string | Uint8Array, RegExp][] = [
    ['-----BEGIN CERTIFICATE REQUEST-----\nMAA=\n-----END CERTIFICATE REQUEST-----\n', /is PEM/],
    [Uint8Array.of(0x30, 0x82, 0x01, 0x00, 0x30), /is DER/],
    ['', /base64/],
    ['MAA', /base64/],
    ['{"csr":"x"}', /base64/],
    [Uint8Array.of(0xff, 0xfe, 0x00), /base64/],
  ]
  for (const [body, words] of bodies) {
    const answer = await enrol({ body })
    assert.equal(answer.status, 400)
    assert.match(String(answer.body), words)
  }
  assert.deepEqual(asked, [])
})

test('a content type may be missing or decorated, but not another', async () => {
  for (const type of ['application/pkcs10', 'Application/PKCS10 ; charset=utf-8'])
    assert.equal((await enrol({ headers: { 'content-type': type } })).status, 200, type)
  for (const type of ['application/x-www-form-urlencoded', 'text/plain', 'x\u0001\n', '', ';']) {
    const answer = await enrol({ headers: { 'content-type': type } })
    assert.equal(answer.status, 415, type)
    assert.match(String(answer.body), /^[ -~]+\n$/)
  }
  assert.equal((await enrol({ headers: { 'content-encoding': 'gzip' } })).status, 415)
})

test('pending is 202 with a time to come again', async () => {
  outcome = { kind: 'pending', retryAfterSeconds: 90 }
  const answer = await enrol()
  assert.deepEqual([answer.status, answer.headers['Retry-After']], [202, '90'])
})

test('every refusal is answered by the table, in one plain line', async () => {
  for (const reason of refusals) {
    outcome = refuse<Refusal>(reason, 'size is 4,\r\nasked is 5\u0000')
    const answer = await enrol()
    assert.equal(answer.status, statuses[reason])
    assert.equal(answer.headers['Content-Type'], 'text/plain; charset=utf-8')
    assert.equal(answer.body, `${reason}: size is 4, asked is 5 \n`)
    assert.equal(answer.headers['WWW-Authenticate'] !== undefined, answer.status === 401)
    assert.equal(answer.headers['Retry-After'], usualWaits[reason]?.toString())
  }
})

test('whoever is to come again is told when', () => {
  for (const reason of refusals)
    if ([429, 503].includes(statuses[reason])) assert.ok(usualWaits[reason], reason)
})

test('cacerts and csrattrs of an unknown entrance are 404', async () => {
  listed = refuse('entrance-unknown', 'no entrance x')
  attributes = listed
  assert.equal((await ask('GET', '/.well-known/est/x/cacerts')).status, 404)
  assert.equal((await ask('GET', '/.well-known/est/x/csrattrs')).status, 404)
})
