// SPDX-License-Identifier: Apache-2.0
import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { Whoami } from '#core/enrolment/whoami.ts'
import type { Refused } from '#core/refusal.ts'
import { refuse } from '#trust/refusal.ts'
import { whoamiRoute } from './whoami.ts'

const known: Whoami = {
  kind: 'known',
  device: 'PUMP-0001',
  product: 'pump',
  state: 'active',
  certificate: { serialNumber: '0a', notAfter: '2027-01-01T00:00:00Z' },
}

async function ask(certificates: readonly Uint8Array[], who: Whoami | Refused) {
  const answer = await whoamiRoute(async () => who).handler({
    method: 'GET',
    path: '/whoami',
    query: new URLSearchParams(),
    headers: {},
    body: new Uint8Array(),
    peer: { address: '192.0.2.1', certificates },
    requestId: 'r',
  })
  return { ...answer, json: JSON.parse(String(answer.body)) }
}

test('a known device hears who it is', async () => {
  const { status, json } = await ask([Uint8Array.of(1)], known)
  assert.equal(status, 200)
  assert.deepEqual(json, {
    device: 'PUMP-0001',
    product: 'pump',
    certificate: { serialNumber: '0a', notAfter: '2027-01-01T00:00:00Z' },
    state: 'active',
  })
})

test('without a certificate it is 401, with a bad one 403, and the code says why', async () => {
  const none = await ask([], known)
  assert.deepEqual([none.status, none.json.code], [401, 'credential-missing'])
  const bad = await ask([Uint8Array.of(1)], refuse('certificate-revoked', 'revoked yesterday'))
  assert.equal(bad.headers['Content-Type'], 'application/problem+json')
  assert.deepEqual(bad.json, {
    status: 403,
    code: 'certificate-revoked',
    detail: 'revoked yesterday',
  })
})
