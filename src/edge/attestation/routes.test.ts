// SPDX-License-Identifier: Apache-2.0
import assert from 'node:assert/strict'
import { beforeEach, test } from 'node:test'
import { Fault } from '#core/fault.ts'
import { type Refusal, type Refused, refusals } from '#core/refusal.ts'
import type { HttpResponse } from '#edge/http/message.ts'
import { usualStatuses, usualWaits } from '#edge/http/refusals.ts'
import { makeRouter } from '#edge/http/router.ts'
import {
  attestationPaths,
  encodeBeginRequest,
  encodeCertifyRequest,
  parseBeginAnswer,
  parseCertifyAnswer,
} from '#format/attestation/messages.ts'
import { refuse } from '#trust/refusal.ts'
import { attestationRoutes } from './routes.ts'

const octets = new Uint8Array(32).fill(7)
const at = Temporal.Instant.from('2026-05-01T12:00:00Z')
const begin = { serial: 'A', ekPublic: octets, ekCertificates: [], akPublic: octets }
const certify = {
  ...{ session: 's', secret: octets },
  keys: [{ public: octets, attest: octets, signature: octets }],
}
const begun = {
  ...{ session: 's', credentialBlob: octets, encryptedSecret: octets },
  ...{ nonce: octets, expires: at },
}
const certified = {
  ...{ akCertificate: [octets], quote: 'none' as const },
  results: [{ spkiSha256: 'ab', ticket: 'T', ticketExpires: at, until: at }],
}

let refused: Refused | undefined
let noted: string[] = []
let broken: Error | undefined

beforeEach(() => {
  refused = undefined
  noted = []
  broken = undefined
})

const router = makeRouter(
  attestationRoutes({
    begin: async (request) => {
      if (broken !== undefined) throw broken
      assert.deepEqual(request, begin)
      return refused ?? { kind: 'begun', answer: begun }
    },
    certify: async (request, { sourceAddress }) => {
      assert.deepEqual(request, certify)
      assert.equal(sourceAddress, '192.0.2.1')
      return refused ?? { kind: 'certified', answer: certified }
    },
    refused: async ({ reason }) => void noted.push(reason),
  }),
)

async function ask(
  path: string,
  body: string,
  headers: Record<string, string> = {},
): Promise<HttpResponse> {
  const routed = router('POST', path)
  assert.ok(routed.kind === 'route')
  return routed.route.handler({
    ...{ method: 'POST', path, query: new URLSearchParams(), headers, requestId: 'r' },
    body: new TextEncoder().encode(body),
    peer: { address: '192.0.2.1', certificates: [] },
  })
}

const bodyOf = ({ body }: HttpResponse) => new TextEncoder().encode(String(body))
const codeOf = (answer: HttpResponse) => JSON.parse(String(answer.body)).code

test('begin and certify are answered in JSON that nobody keeps', async () => {
  const first = await ask(attestationPaths.begin, encodeBeginRequest(begin))
  assert.deepEqual([first.status, first.headers['Cache-Control']], [200, 'no-store'])
  assert.deepEqual(parseBeginAnswer(bodyOf(first)), begun)
  const second = await ask(attestationPaths.certify, encodeCertifyRequest(certify))
  assert.deepEqual([second.status, second.headers['Cache-Control']], [200, 'no-store'])
  assert.deepEqual(parseCertifyAnswer(bodyOf(second)), certified)
})

test('a body that is no message is refused with its place, and the refusal is noted', async () => {
  for (const path of Object.values(attestationPaths)) {
    const answer = await ask(path, '{"serial":1}')
    assert.deepEqual([answer.status, codeOf(answer)], [400, 'request-malformed'])
  }
  assert.deepEqual(noted, ['request-malformed', 'request-malformed'])
})

test('another content type, or a coding, is refused; none is taken for the right one', async () => {
  const body = encodeBeginRequest(begin)
  for (const headers of [{ 'content-type': 'text/plain' }, { 'content-encoding': 'gzip' }] as const)
    assert.equal((await ask(attestationPaths.begin, body, { ...headers })).status, 415)
  const right = { 'content-type': 'application/json; charset=utf-8' }
  assert.equal((await ask(attestationPaths.begin, body, right)).status, 200)
})

for (const reason of refusals as readonly Refusal[])
  test(`${reason} is answered as a problem of its status`, async () => {
    refused = refuse(reason, 'why')
    const answer = await ask(attestationPaths.begin, encodeBeginRequest(begin))
    assert.equal(answer.status, usualStatuses[reason])
    assert.equal(answer.headers['Content-Type'], 'application/problem+json')
    assert.deepEqual(JSON.parse(String(answer.body)), {
      ...{ status: usualStatuses[reason], code: reason, detail: 'why' },
    })
    assert.equal(answer.headers['Retry-After'], usualWaits[reason]?.toString())
  })

test('a full disk is a time to wait, and any other break goes on', async () => {
  broken = new Fault('store-full', 'no space')
  assert.equal((await ask(attestationPaths.begin, encodeBeginRequest(begin))).status, 503)
  broken = new Fault('ledger-damaged', 'a hole')
  await assert.rejects(ask(attestationPaths.begin, encodeBeginRequest(begin)), /a hole/)
})
