// SPDX-License-Identifier: Apache-2.0
/** What a device does when the server, or whoever sits before it, misbehaves. */
import assert from 'node:assert/strict'
import type { IncomingMessage, ServerResponse } from 'node:http'
import { createServer as createPlainServer } from 'node:net'
import { after, before, beforeEach, test } from 'node:test'
import { enrol } from '#device/enrol.ts'
import { keepUp } from '#device/keep-up.ts'
import { fileKeys } from '#device/keys/device-keys.ts'
import { howMade } from '#device/keys/how-made.ts'
import { prepareRequest, wantedLike } from '#device/request.ts'
import { keyPurposes } from '#format/oids.ts'
import { parseNameText } from '#format/x509/name.ts'
import { generateKey } from '#trust/private-key.ts'
import {
  type Bench,
  benchOf,
  enrolledBench,
  enrolmentAt,
  expectDevice,
  FragileFiles,
  settingsFor,
  workingOf,
} from './support/device-bench.ts'
import { issue, makeIssuer, makeRoot, pemOf } from './support/est-authority.ts'
import {
  answerCertificates,
  answerProblem,
  answerText,
  openEstServer,
  type Setting,
  type TestServer,
} from './support/est-server.ts'

let server: TestServer
before(async () => {
  server = await openEstServer()
})
after(() => server.close())
beforeEach(() => {
  server.rules.instead = () => false
  server.rules.answer = (certificate) => [certificate]
  server.rules.signer = server.issuer
  server.rules.word = {}
})

const impatient = { connectMilliseconds: 150, answerMilliseconds: 150, answerBytes: 20_000 }

/** Answers each POST of an enrolment so. */
function answerPosts(answer: (response: ServerResponse, request: IncomingMessage) => void) {
  server.rules.instead = (request, response) => {
    if (request.method !== 'POST') return false
    answer(response, request)
    return true
  }
}

/** Renews at once, and checks that whatever came of it the identity in use stayed. */
async function renewalKeeps(bench: Bench) {
  const { leaf } = workingOf(bench)
  const outcome = await keepUp(bench, { now: true }).catch((error) => error)
  assert.deepEqual(workingOf(bench).leaf.der, leaf.der)
  assert.equal(bench.files.read('working.next.pem'), undefined)
  return outcome
}

test('a certificate for another key is not taken', async () => {
  const bench = await enrolledBench(server, 'PUMP-0101')
  const other = await generateKey('p-256')
  const certificate = await issue(server.issuer, {
    ...workingOf(bench).leaf,
    publicKey: other.publicKey.spki,
    extensions: [],
  })
  answerPosts((response) => answerCertificates(response, [certificate]))
  assert.equal((await renewalKeeps(bench)).reason, 'answer-not-ours')
})

test('a certificate that does not lead to the pinned root is not taken', async () => {
  const bench = await enrolledBench(server, 'PUMP-0102')
  server.rules.signer = await makeIssuer('test issuer', await makeRoot('test root'))
  const refused = await renewalKeeps(bench)
  assert.ok(['certificate-not-trusted', 'signature-wrong'].includes(refused.reason), refused.reason)
})

test('a renewal that changes the subject is not taken', async () => {
  const bench = await enrolledBench(server, 'PUMP-0103')
  const wanted = wantedLike(workingOf(bench).leaf, 'p-256')
  const { publicKey } = await prepareRequest(bench.files, fileKeys, 'working', wanted, () =>
    howMade(bench, settingsFor(server, 'PUMP-0103')),
  )
  const changed = await issue(server.issuer, {
    ...workingOf(bench).leaf,
    subject: parseNameText('CN=PUMP-6666'),
    publicKey,
    extensions: [],
  })
  server.rules.answer = () => [changed]
  assert.match((await renewalKeeps(bench)).detail, /another subject/)
})

test('a server that knows the new identity as another device or certificate does not get it', async () => {
  const bench = await enrolledBench(server, 'PUMP-0104')
  const { leaf } = workingOf(bench)
  let device = 'PUMP-6666'
  let calls = 0
  server.rules.instead = (request, response) => {
    // The first question is about the identity in use.
    if (request.url !== '/whoami' || calls++ === 0) return false
    response.setHeader('Content-Type', 'application/json')
    const certificate = { serialNumber: leaf.serialNumber.toHex(), notAfter: `${leaf.notAfter}` }
    response.end(JSON.stringify({ device, product: 'pump', state: 'active', certificate }))
    return true
  }
  assert.match((await renewalKeeps(bench)).detail, /knows us as PUMP-6666/)
  device = 'PUMP-0104'
  calls = 0
  assert.match((await renewalKeeps(bench)).detail, /server saw certificate/)
})

test('the identity in use stays when the server refuses the new one', async () => {
  const bench = await enrolledBench(server, 'PUMP-0105')
  let calls = 0
  server.rules.instead = (request, response) => {
    if (request.url !== '/whoami' || calls++ === 0) return false
    answerProblem(response, 403, 'certificate-unknown')
    return true
  }
  const refused = await renewalKeeps(bench)
  assert.equal(refused.reason, 'credential-refused')
  assert.match(refused.detail, /status 403: certificate-unknown: because certificate-unknown/)
  assert.deepEqual(bench.files.names().toSorted(), ['root.pem', 'settings', 'working.pem'])
})

test('the only identity is kept even if the server refuses it for now', async () => {
  expectDevice(server, 'PUMP-0106', 'right')
  const bench = benchOf()
  server.rules.instead = (request, response) => {
    if (request.url !== '/whoami') return false
    answerProblem(response, 403, 'device-quarantined')
    return true
  }
  const refused = await enrol(bench, enrolmentAt(server, 'PUMP-0106'))
  assert.equal(refused.kind === 'refused' && refused.reason, 'credential-refused')
  server.rules.instead = () => false
  assert.equal((await keepUp(bench, { now: false })).kind, 'kept')
})

for (const [what, answer, reason] of [
  ['no base64', (r: ServerResponse) => r.end('<html>hello</html>'), 'answer-malformed'],
  ['base64 of nothing known', (r: ServerResponse) => r.end('AAAA'), 'answer-malformed'],
  ['an empty body', (r: ServerResponse) => r.end(), 'answer-malformed'],
  ['no certificate at all', (r: ServerResponse) => answerCertificates(r, []), 'answer-not-ours'],
  [
    'a body larger than the limit',
    (r: ServerResponse) => r.end('A'.repeat(30_000)),
    'answer-too-large',
  ],
  [
    'another place',
    (r: ServerResponse) => r.writeHead(302, { Location: 'https://x.test' }).end(),
    'refused-by-server',
  ],
] as const) {
  test(`an answer of ${what} is ${reason}`, async () => {
    const bench = await enrolledBench(server, 'PUMP-0110')
    answerPosts(answer)
    const refused = await renewalKeeps({
      ...bench,
      limits: { ...bench.limits, answerBytes: 20_000 },
    })
    assert.equal(refused.reason, reason)
  })
}

for (const [what, answer] of [
  ['cut in the middle', (r: ServerResponse) => cut(r, 1_000)],
  ['cut before it begins', (r: ServerResponse) => r.destroy()],
  ['that never comes', () => {}],
  ['that never ends', (r: ServerResponse) => r.writeHead(200).write('MIIB')],
] as const) {
  test(`an answer ${what} is a cut connection, and the next run heals`, async () => {
    const bench = await enrolledBench(server, 'PUMP-0120')
    answerPosts(answer)
    assert.equal((await renewalKeeps({ ...bench, limits: impatient })).code, 'connection-cut')
    server.rules.instead = () => false
    const kept = await keepUp(bench, { now: true })
    assert.equal(kept.kind === 'kept' && kept.what, 'renewed')
  })
}

function cut(response: ServerResponse, promised: number) {
  response.writeHead(200, { 'Content-Length': promised })
  response.write('MIIB', () => response.destroy())
}

test('what the server says reaches a person as one printable line', async () => {
  const bench = await enrolledBench(server, 'PUMP-0130')
  answerPosts((response) => answerText(response, 400, `no\u001b[31m\r\nroot:x:0${'!'.repeat(900)}`))
  const { detail } = await renewalKeeps(bench)
  assert.match(detail, /^status 400: no \[31m root:x:0!+$/)
  assert.ok(detail.length < 350)
})

test('a server that hears TCP but never shakes hands is unreachable', async () => {
  const mute = createPlainServer(() => {}).listen(0, '127.0.0.1')
  await new Promise((resolve) => mute.once('listening', resolve))
  const address = mute.address()
  assert.ok(address !== null && typeof address === 'object')
  const settings = {
    ...settingsFor(server, 'PUMP-0131'),
    server: `https://localhost:${address.port}`,
  }
  const bench = { ...benchOf(new FragileFiles()), limits: impatient }
  await assert.rejects(enrol(bench, enrolmentAt(server, 'PUMP-0131', { settings })), {
    code: 'server-unreachable',
  })
  mute.close()
})

async function enrolAt(setting: Setting) {
  const other = await openEstServer(setting)
  try {
    expectDevice(other, 'PUMP-0140', 'right')
    const bench = benchOf(new FragileFiles(), other.rules.now)
    const outcome = await enrol(bench, enrolmentAt(other, 'PUMP-0140'))
    return { outcome, heard: other.heard, bench }
  } finally {
    await other.close()
  }
}

for (const [what, setting, reason] of [
  ['for another name', { serverNames: ['other.test'] }, 'server-name-wrong'],
  ['for no server', { serverPurpose: keyPurposes.clientAuth }, 'certificate-not-trusted'],
  [
    'that is over',
    { serverUntil: Temporal.Now.instant().subtract({ minutes: 5 }) },
    'certificate-expired',
  ],
] as const) {
  test(`a server whose certificate is ${what} hears nothing but the public question`, async () => {
    const { outcome, heard } = await enrolAt(setting)
    assert.equal(outcome.kind === 'refused' && outcome.reason, reason)
    assert.deepEqual(heard, ['GET /.well-known/est/cacerts'])
  })
}

test('the root itself is not taken from a directory where it was exchanged', async () => {
  const bench = await enrolledBench(server, 'PUMP-0150')
  const other = await makeRoot('test root')
  bench.files.write('root.pem', new TextEncoder().encode(pemOf([other.certificate])))
  await assert.rejects(keepUp(bench, { now: false }), { code: 'state-damaged' })
})
