// SPDX-License-Identifier: Apache-2.0
import assert from 'node:assert/strict'
import { after, before, test } from 'node:test'
import { enrol } from '#device/enrol.ts'
import { keepUp } from '#device/keep-up.ts'
import { readPrepared } from '#device/request.ts'
import { fileOf, readCredential } from '#device/state/state.ts'
import { sameBytes } from '#format/bytes.ts'
import { keyAlgorithmsFor } from '#trust/algorithms.ts'
import {
  benchOf,
  enrolledBench,
  enrolmentAt,
  expectDevice,
  FragileFiles,
  settingsFor,
  workingOf,
} from './support/device-bench.ts'
import { makeRoot } from './support/est-authority.ts'
import { answerText, openEstServer, type TestServer } from './support/est-server.ts'

let server: TestServer
before(async () => {
  server = await openEstServer()
})
after(() => server.close())

test('a device with a code gets a working identity that the server knows', async () => {
  const bench = await enrolledBench(server, 'PUMP-0001')
  assert.deepEqual(bench.files.names().toSorted(), ['root.pem', 'settings', 'working.pem'])
  const { leaf, intermediates } = workingOf(bench)
  assert.deepEqual(leaf.der, server.issued.at(-1)?.certificate.der)
  assert.deepEqual(
    intermediates.map(({ der }) => der),
    [server.issuer.certificate.der],
  )
})

test('birth comes first by code, then the working identity by birth, each with its own key', async () => {
  const bench = await enrolledBench(server, 'PUMP-0002', { birth: true })
  const birth = readCredential(bench.files, fileOf.inUse('birth'))
  assert.equal(birth?.leaf.notAfter.toString(), '9999-12-31T23:59:59Z')
  assert.ok(!sameBytes(birth.leaf.publicKey.der, workingOf(bench).leaf.publicKey.der))
  assert.deepEqual(server.heard.filter((line) => line.startsWith('POST')).slice(-2), [
    'POST /.well-known/est/line-birth/simpleenroll',
    'POST /.well-known/est/line/simpleenroll',
  ])
})

test('of the unchecked bytes only the root with the given fingerprint is believed', async () => {
  const settings = { ...settingsFor(server, 'PUMP-0003'), root: '00'.repeat(32) }
  const before = server.heard.length
  const bench = benchOf()
  const done = await enrol(bench, enrolmentAt(server, 'PUMP-0003', { settings }))
  assert.equal(done.kind === 'refused' && done.reason, 'root-differs')
  // The code never left the device, and nothing was written.
  assert.deepEqual(server.heard.slice(before), ['GET /.well-known/est/cacerts'])
  assert.deepEqual(bench.files.names(), [])
})

test('a server that offers the right root without being vouched for by it gets no code', async () => {
  const other = await makeRoot('other root')
  const imposter = await openEstServer({ root: server.root, serverIssuer: other })
  try {
    const done = await enrol(benchOf(), enrolmentAt(imposter, 'PUMP-0004'))
    assert.equal(done.kind === 'refused' && done.reason, 'certificate-not-trusted')
    assert.deepEqual(imposter.heard, ['GET /.well-known/est/cacerts'])
  } finally {
    await imposter.close()
  }
})

test('an answer that was lost is asked for again with the same bytes, and the code is not lost', async () => {
  expectDevice(server, 'PUMP-0005', 'right')
  const bench = benchOf()
  const issuedBefore = server.issued.length
  server.rules.loses = ({ method }) => method === 'POST'
  await assert.rejects(enrol(bench, enrolmentAt(server, 'PUMP-0005')), { code: 'connection-cut' })
  server.rules.loses = () => false
  assert.equal((await enrol(bench, enrolmentAt(server, 'PUMP-0005'))).kind, 'proved')
  assert.equal(server.issued.length, issuedBefore + 1)
})

for (const { name: keyAlgorithm } of keyAlgorithmsFor('tls')) {
  test(`a device with a key of ${keyAlgorithm} enrols, proves itself and renews`, async () => {
    const serial = `PUMP-${keyAlgorithm}`
    const settings = { ...settingsFor(server, serial), keyAlgorithm }
    const bench = await enrolledBench(server, serial, { settings })
    const kept = await keepUp(bench, { now: true })
    assert.equal(kept.kind === 'kept' && kept.what, 'renewed', JSON.stringify(kept))
  })
}

test('a wrong code is refused with the server’s words, and its key is forgotten', async () => {
  expectDevice(server, 'PUMP-0006', 'another')
  const bench = benchOf()
  const done = await enrol(bench, enrolmentAt(server, 'PUMP-0006'))
  assert.deepEqual(done, {
    kind: 'refused',
    reason: 'refused-by-server',
    detail: 'status 401: not admitted',
  })
  assert.equal(readPrepared(bench.files, 'working'), undefined)
})

test('a device that is enrolled is left alone unless a new identity is meant', async () => {
  const bench = await enrolledBench(server, 'PUMP-0007')
  const before = workingOf(bench).leaf
  expectDevice(server, 'PUMP-0007', 'second')
  const wish = enrolmentAt(server, 'PUMP-0007', { code: 'second' })
  const refused = await enrol(bench, wish)
  assert.equal(refused.kind === 'refused' && refused.reason, 'enrolled-already')
  assert.equal((await enrol(bench, { ...wish, again: true })).kind, 'proved')
  assert.notDeepEqual(workingOf(bench).leaf.der, before.der)
})

test('a directory that holds an identity takes no other server, serial, label or root', async () => {
  const bench = await enrolledBench(server, 'PUMP-0008')
  const own = settingsFor(server, 'PUMP-0008')
  for (const other of [
    { server: 'https://other.test:8443' },
    { serial: 'PUMP-0009' },
    { label: 'other' },
    { root: 'ab'.repeat(32) },
  ]) {
    const settings = { ...own, ...other }
    const done = await enrol(bench, enrolmentAt(server, 'PUMP-0008', { settings, again: true }))
    assert.equal(done.kind === 'refused' && done.reason, 'other-settings')
  }
})

test('an interrupted first enrolment may be begun anew with other settings', async () => {
  const bench = benchOf()
  const first = settingsFor(server, 'PUMP-0010')
  await enrol(bench, enrolmentAt(server, 'PUMP-0010', { settings: first }))
  expectDevice(server, 'PUMP-0011', 'right')
  assert.equal((await enrol(bench, enrolmentAt(server, 'PUMP-0011'))).kind, 'proved')
})

test('pending is asked again after the server’s own time, and ends as "pending-too-long"', async () => {
  let left = 2
  server.rules.instead = (request, response) => {
    if (request.method !== 'POST' || left-- === 0) return false
    response.setHeader('Retry-After', '100')
    answerText(response, 202, '')
    return true
  }
  expectDevice(server, 'PUMP-0012', 'right')
  const bench = benchOf()
  assert.equal(
    (await enrol(bench, enrolmentAt(server, 'PUMP-0012', { attempts: 3 }))).kind,
    'proved',
  )
  // 100 s, and half of the tenth that chance may add.
  assert.deepEqual(bench.waited, [105_000, 105_000])
  left = Infinity
  const bored = await enrol(benchOf(), enrolmentAt(server, 'PUMP-0013', { attempts: 3 }))
  assert.equal(bored.kind === 'refused' && bored.reason, 'pending-too-long')
  server.rules.instead = () => false
})

test('a busy server is asked again after pauses that double, and the request stays', async () => {
  server.rules.instead = (request, response) => {
    if (request.method !== 'POST') return false
    answerText(response, 503, 'busy')
    return true
  }
  const bench = benchOf(new FragileFiles())
  await assert.rejects(enrol(bench, enrolmentAt(server, 'PUMP-0014', { attempts: 4 })), {
    code: 'server-unreachable',
  })
  assert.deepEqual(bench.waited, [1_500, 3_000, 6_000])
  assert.ok(readPrepared(bench.files, 'working'))
  server.rules.instead = () => false
})
