// SPDX-License-Identifier: Apache-2.0
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { makeRouter } from '#edge/http/router.ts'
import { sha256 } from '#trust/digest.ts'
import { type PublishedCrl, type Readiness, statusRoutes } from './routes.ts'

const now = Temporal.Instant.from('2026-11-22T12:00:00.5Z')
const der = Uint8Array.of(0x30, 0x03, 0x02, 0x01, 0x05)
const tagOf = (octet: string) => Uint8Array.fromHex(octet.repeat(32))
const crls = new Map<string, PublishedCrl>([
  [
    'issuing ',
    { der, thisUpdate: now.subtract({ hours: 1 }), nextUpdate: now.add({ minutes: 30 }) },
  ],
  ['issuing 7', { der, thisUpdate: now, nextUpdate: now.add({ hours: 192 }) }],
  ['issuing delta', { der, thisUpdate: now, nextUpdate: now.add({ hours: 48 }) }],
  [
    'planned ',
    {
      der,
      thisUpdate: now,
      nextUpdate: now.add({ hours: 9 }),
      plannedAt: now.add({ minutes: 10 }),
    },
  ],
  [
    'overdue ',
    {
      der,
      thisUpdate: now,
      nextUpdate: now.add({ hours: 9 }),
      plannedAt: now,
      sha256: tagOf('ab'),
    },
  ],
  ['stale ', { der, thisUpdate: now, nextUpdate: now.subtract({ hours: 1 }) }],
])
const set = 'ab'.repeat(32)
const young = 'cd'.repeat(32)
const file = {
  ...{ bytes: der, sha256: set, number: 7, madeAt: now, coversUntil: now, expiresAt: now },
  deltasFrom: [6],
}
let readiness: readonly Readiness[] = [{ name: 'store', ready: true }]

const router = makeRouter(
  statusRoutes({
    clock: { now: () => now },
    certificate: async (name) => (name === 'issuing' || name === 'a b' ? der : undefined),
    crl: async (name, which) => crls.get(`${name} ${which === 'full' ? '' : which}`),
    readiness: async () => readiness,
    statusFiles: {
      sets: async () => [{ anchors: set, roots: [{ name: 'root', sha256: set }], newest: file }],
      newest: async (anchors) =>
        anchors === set ? file : anchors === young ? 'making' : undefined,
      delta: async (_, from, to) => (from === 6 && to === 7 ? der : undefined),
    },
  }),
)

async function ask(path: string, headers: Record<string, string> = {}) {
  const routed = router('GET', path)
  if (routed.kind !== 'route') return assert.fail(path)
  return routed.route.handler({
    method: 'GET',
    path,
    query: new URLSearchParams(),
    headers,
    body: new Uint8Array(),
    peer: { address: '192.0.2.1', certificates: [] },
    requestId: 'r',
  })
}

test('an authority is there as DER and as PEM', async () => {
  const crt = await ask('/ca/issuing.crt')
  assert.equal(crt.headers['Content-Type'], 'application/pkix-cert')
  assert.deepEqual(crt.body, der)
  const pem = await ask('/ca/a%20b.pem')
  assert.equal(pem.headers['Content-Type'], 'application/pem-certificate-chain')
  assert.match(String(pem.body), /^-----BEGIN CERTIFICATE-----\nMAMCAQU=\n-----END/)
  assert.notEqual(crt.headers.ETag, pem.headers.ETag)
})

test('the full list, its delta and that of a shard have paths of their own', async () => {
  for (const path of ['/crl/issuing.crl', '/crl/issuing/delta.crl', '/crl/issuing/7.crl']) {
    const answer = await ask(path)
    assert.equal(answer.headers['Content-Type'], 'application/pkix-crl')
    assert.deepEqual(answer.body, der)
  }
})

test('a list is never cached beyond its end, nor for longer than an hour', async () => {
  assert.equal((await ask('/crl/issuing.crl')).headers['Cache-Control'], 'public, max-age=1800')
  assert.equal((await ask('/crl/issuing/7.crl')).headers['Cache-Control'], 'public, max-age=3600')
  assert.equal((await ask('/crl/stale.crl')).headers['Cache-Control'], 'public, max-age=0')
  assert.equal(
    (await ask('/crl/issuing/delta.crl')).headers['Cache-Control'],
    'public, max-age=300',
  )
})

test('a list is cached until the next one is planned, and for a minute if that is overdue', async () => {
  assert.equal((await ask('/crl/planned.crl')).headers['Cache-Control'], 'public, max-age=600')
  assert.equal((await ask('/crl/overdue.crl')).headers['Cache-Control'], 'public, max-age=60')
})

test('the tag of a list is its digest, which is not made anew where it is known', async () => {
  assert.equal(
    (await ask('/crl/issuing.crl')).headers.ETag,
    `"${sha256(der).toHex().slice(0, 32)}"`,
  )
  // The bytes are the same object, and were hashed above: another object shows what is known of it.
  crls.set('overdue ', { ...(crls.get('overdue ') ?? assert.fail()), der: Uint8Array.from(der) })
  assert.equal((await ask('/crl/overdue.crl')).headers.ETag, `"${'ab'.repeat(16)}"`)
})

test('who has the list already is told so', async () => {
  const first = await ask('/crl/issuing.crl')
  const tag = first.headers.ETag ?? ''
  const at = first.headers['Last-Modified'] ?? ''
  assert.equal(at, 'Sun, 22 Nov 2026 11:00:00 GMT')
  for (const known of [
    { 'if-none-match': tag },
    { 'if-none-match': `"x", W/${tag}` },
    { 'if-none-match': '*' },
  ]) {
    const answer = await ask('/crl/issuing.crl', known)
    assert.deepEqual([answer.status, answer.body], [304, ''])
    assert.equal(answer.headers.ETag, tag)
  }
  for (const unknown of [
    { 'if-none-match': '"x"', 'if-modified-since': at },
    // Of the same second there may have been another, from just before a revocation.
    { 'if-modified-since': at },
    { 'if-modified-since': 'Sun, 22 Nov 2026 11:00:01 GMT' },
  ])
    assert.equal((await ask('/crl/issuing.crl', unknown)).status, 200)
})

test('what is not kept is 404, however it is asked for', async () => {
  for (const path of [
    '/ca/other.crt',
    '/ca/issuing',
    '/ca/issuing.der',
    '/ca/%.crt',
    '/ca/.crt',
    '/ca/../issuing.crt',
    '/crl/issuing',
    '/crl/issuing/07.crl',
    '/crl/issuing/-1.crl',
    '/crl/issuing/Delta.crl',
    '/crl/issuing/delta/7.crl',
    '/crl/delta.crl',
    '/crl/issuing/99999999999.crl',
    '/crl/issuing/7/7.crl',
    '/crl/.crl',
    '/crl/%ff.crl',
  ])
    assert.equal((await ask(path)).status, 404, path)
})

test('alive is not the same as ready', async () => {
  assert.equal((await ask('/readyz')).status, 200)
  readiness = [
    { name: 'store', ready: false },
    { name: 'keys', ready: true },
  ]
  assert.equal((await ask('/healthz')).status, 200)
  const answer = await ask('/readyz')
  assert.deepEqual([answer.status, answer.body], [503, 'not ready: store\n'])
})

test('a status file, and what leads to it, are there for those who hold an older one', async () => {
  const whole = await ask(`/status/${set}.vss`)
  assert.deepEqual([whole.status, whole.body], [200, der])
  assert.equal(whole.headers['Cache-Control'], 'public, max-age=60')
  const again = await ask(`/status/${set}.vss`, { 'if-none-match': whole.headers.ETag ?? '' })
  assert.equal(again.status, 304)
  const delta = await ask(`/status/${set}/6-to-7.delta`)
  assert.equal(delta.headers['Content-Type'], 'application/vnd.vitalsign.status-delta')
  const index = JSON.parse(
    new TextDecoder().decode((await ask('/status/index.json')).body as Uint8Array),
  )
  assert.deepEqual(index.sets[0].newest.deltas, [{ from: 6, file: `/status/${set}/6-to-7.delta` }])
})

test('the first file of a set is being made when it is first asked for', async () => {
  const answer = await ask(`/status/${young}.vss`)
  assert.deepEqual([answer.status, answer.headers['Retry-After']], [503, '5'])
})

test('no other path has a status file', async () => {
  for (const path of [
    ...['/status/index', '/status/x.vss', `/status/${set}`, `/status/${set.toUpperCase()}.vss`],
    ...[`/status/${set}/0-to-7.delta`, `/status/${set}/5-to-7.delta`, `/status/${set}/6-to-7`],
    ...[`/status/${set}/6-to-99999999999.delta`, `/status/${'ef'.repeat(32)}.vss`],
  ])
    assert.equal((await ask(path)).status, 404, path)
})
