// SPDX-License-Identifier: Apache-2.0
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { Fault } from '#core/fault.ts'
import type { Answered } from '#core/ocsp/desk.ts'
import { makeRouter } from '#edge/http/router.ts'
import type { OcspRequest } from '#format/ocsp/request.ts'
import { parseOcspResponse } from '#format/ocsp/response.ts'
import { refuse } from '#trust/refusal.ts'
import { formatVectors } from '../../../test/vectors/vector.ts'
import { ocspErrors } from './ocsp-refusals.ts'
import { ocspRoutes } from './ocsp-routes.ts'

const now = Temporal.Instant.from('2026-11-22T12:00:00.5Z')
const bytesOf = (name: string) =>
  formatVectors.find((vector) => vector.name === name)?.bytes ?? assert.fail(name)
const question = bytesOf('openssl-ocsp-request-four')
const der = bytesOf('openssl-ocsp-response-good')

const answerUntil = (nextUpdate: Temporal.Instant) => ({
  ...{ der, thisUpdate: now.round('second').subtract({ hours: 1 }), nextUpdate },
  ...{ endsAtMilliseconds: nextUpdate.epochMilliseconds, refreshAtMilliseconds: 0 },
})
const answer = answerUntil(now.add({ hours: 15 }).round('second'))
let next: Answered | Fault = { kind: 'answer', answer, isFor: 'all' }
let asked: { readonly request: OcspRequest; readonly source: string } | undefined
const broken: Fault[] = []
const router = makeRouter(
  ocspRoutes({
    clock: { now: () => now },
    answer: async (request, source) => {
      asked = { request, source }
      if (next instanceof Fault) throw next
      return next
    },
    report: (cause) => broken.push(cause),
  }),
)

async function send(
  method: 'GET' | 'POST',
  path: string,
  headers: Record<string, string> = {},
  body: Uint8Array = new Uint8Array(),
  address = '192.0.2.1',
) {
  asked = undefined
  const routed = router(method, path)
  if (routed.kind !== 'route') return assert.fail(path)
  return routed.route.handler({
    ...{ method, path, query: new URLSearchParams(), headers, body, requestId: 'r' },
    peer: { address, certificates: [] },
  })
}

function saidBy({ body }: { readonly body: unknown }): string {
  return body instanceof Uint8Array ? parseOcspResponse(body).kind : assert.fail('no bytes')
}

test('a question comes by POST, and its answer is for no cache', async () => {
  const type = { 'content-type': 'application/ocsp-request' }
  const { status, headers, body } = await send('POST', '/ocsp', type, question)
  assert.deepEqual([status, body], [200, der])
  assert.equal(headers['Content-Type'], 'application/ocsp-response')
  assert.equal(headers['Cache-Control'], 'no-store')
  assert.equal(asked?.request.requests.length, 4)
})

test('a question in a path is read as clients really write it', async () => {
  const text = question.toBase64()
  assert.match(text, /[+/]/)
  for (const path of [
    encodeURIComponent(text),
    text,
    text.replaceAll('=', ''),
    encodeURIComponent(text.replaceAll('=', '')),
    `/${text}`,
    text.replaceAll('+', '%2b'),
  ]) {
    const { status } = await send('GET', `/ocsp/${path}`)
    assert.equal(status, 200)
    assert.equal(asked?.request.requests.length, 4, path)
  }
})

test('what is no question is malformedRequest, and nobody is asked', async () => {
  for (const path of [
    '',
    '%',
    '%zz',
    'not base64',
    'AAAA',
    '====',
    'MAA=MAA=',
    `${question.toBase64()}A`,
  ]) {
    assert.equal(saidBy(await send('GET', `/ocsp/${path}`)), 'malformedRequest', path)
    assert.equal(asked, undefined)
  }
  const answered = await send('POST', '/ocsp', {}, question.subarray(1))
  assert.equal(saidBy(answered), 'malformedRequest')
  assert.equal(answered.about?.refusal, 'request-malformed')
  for (const type of ['text/plain', 'application/ocsp-requests'])
    assert.equal(
      saidBy(await send('POST', '/ocsp', { 'content-type': type }, question)),
      'malformedRequest',
    )
  const spaced = { 'content-type': 'Application/OCSP-Request ; x=y' }
  assert.equal(saidBy(await send('POST', '/ocsp', spaced, question)), 'successful')
})

test('an absurd nonce is malformed', async () => {
  for (const name of [
    'ocsp-request-nonce-129',
    'ocsp-request-nonce-empty',
    'ocsp-request-nonce-bare',
  ])
    assert.equal(saidBy(await send('POST', '/ocsp', {}, bytesOf(name))), 'malformedRequest')
  assert.equal(
    saidBy(await send('POST', '/ocsp', {}, bytesOf('ocsp-request-nonce-128'))),
    'successful',
  )
})

test('caches on the way know how long an answer stands, and keep it for minutes only', async () => {
  const path = `/ocsp/${encodeURIComponent(question.toBase64())}`
  const { headers } = await send('GET', path)
  assert.equal(headers['Cache-Control'], 'max-age=300, public, no-transform, must-revalidate')
  assert.equal(headers['Last-Modified'], 'Sun, 22 Nov 2026 11:00:01 GMT')
  assert.equal(headers.Expires, 'Mon, 23 Nov 2026 03:00:01 GMT')
  assert.match(headers.ETag ?? '', /^"[0-9a-f]{64}"$/)
  const again = await send('GET', path, { 'if-none-match': headers.ETag ?? '' })
  assert.deepEqual([again.status, again.body], [304, ''])
  next = {
    kind: 'answer',
    answer: answerUntil(now.add({ seconds: 9 })),
    isFor: 'all',
  }
  assert.match((await send('GET', path)).headers['Cache-Control'] ?? '', /^max-age=9,/)
  next = { kind: 'answer', answer, isFor: 'asker' }
  assert.equal((await send('GET', path)).headers['Cache-Control'], 'no-store')
  next = { kind: 'answer', answer, isFor: 'all' }
})

test('an answer of the same second as the one before it is sent whole to who knows only the second', async () => {
  const path = `/ocsp/${encodeURIComponent(question.toBase64())}`
  const { headers } = await send('GET', path)
  const revoked = bytesOf('openssl-ocsp-response-four')
  next = { kind: 'answer', answer: { ...answer, der: revoked }, isFor: 'all' }
  for (const known of [
    { 'if-modified-since': headers['Last-Modified'] ?? '' },
    { 'if-none-match': headers.ETag ?? '' },
  ]) {
    const { status, body } = await send('GET', path, known)
    assert.deepEqual([status, body], [200, revoked])
  }
  next = { kind: 'answer', answer, isFor: 'all' }
})

test('each "no" has its word, and none is signed or kept', async () => {
  for (const [reason, word] of Object.entries(ocspErrors)) {
    next = refuse(reason as keyof typeof ocspErrors, 'because')
    const answered = await send('POST', '/ocsp', {}, question)
    assert.equal(saidBy(answered), word)
    assert.equal(answered.headers['Cache-Control'], 'no-store')
    assert.equal(answered.about?.refusal, reason)
    assert.equal((answered.body as Uint8Array).length, 5)
  }
})

test('a store that is away is tryLater, the house hears of it', async () => {
  next = new Fault('store-unreachable', 'it is away')
  const answered = await send('POST', '/ocsp', {}, question)
  assert.equal(saidBy(answered), 'tryLater')
  assert.deepEqual(broken, [next])
})

test('who pays is a network, not an address that a host takes by itself', async () => {
  next = { kind: 'answer', answer, isFor: 'all' }
  await send('POST', '/ocsp', {}, question, '2001:db8:1:2:3:4:5:6')
  assert.equal(asked?.source, '2001:db8:1:2::/64')
})
