// SPDX-License-Identifier: Apache-2.0
/** OCSP, judged by the clients that others wrote: OpenSSL's, GnuTLS's and nginx's; ML-DSA by @noble/post-quantum. */
import assert from 'node:assert/strict'
import { execFile, spawnSync } from 'node:child_process'
import { writeFileSync } from 'node:fs'
import { request } from 'node:https'
import { join } from 'node:path'
import { after, test } from 'node:test'
import { promisify } from 'node:util'
import { ml_dsa65 } from '@noble/post-quantum/ml-dsa.js'
import { revoke } from '#core/revocation/revoke.ts'
import { encodePem } from '#format/pem.ts'
import { parseCertificate } from '#format/x509/certificate.ts'
import { encodePrivateKey } from '#trust/private-key.ts'
import {
  type Credential,
  enrolled,
  openTestHouse,
  temporaryDirectory,
  withProduct,
} from '../support/house.ts'
import { startNginx, withoutNginx } from '../support/nginx.ts'
import { believed, certIdOf, questionAbout } from '../support/ocsp.ts'
import { makeTestAuthority, pemOf } from '../tls-certificates.ts'

const run = promisify(execFile)
const required = process.env.PEERS === 'required'
const absent = (program: string, word: string) =>
  spawnSync(program, [word]).error === undefined || required ? false : `${program} is missing`
const noOpenssl = absent('openssl', 'version')
const noOcsptool = absent('ocsptool', '--version')

const place = temporaryDirectory()
const house = await openTestHouse(undefined, {}, ['--twin'])
after(() => house.stop())
const { core, addresses } = house
const url = `http://${addresses.status.host}:${addresses.status.port}/ocsp`
const product = await withProduct(house)
const [good, lost] = [await enrolled(house, product, 'P-1'), await enrolled(house, product, 'P-2')]
const issuing = core.doors.own.find(({ kind }) => kind === 'issuing') ?? assert.fail('no issuer')

function keep(name: string, der: Uint8Array): string {
  const path = join(place, name)
  writeFileSync(path, encodePem('CERTIFICATE', der))
  return path
}
const issuer = keep('issuer.pem', issuing.certificate)
const root = keep('root.pem', core.doors.rootOf(issuing)?.certificate ?? assert.fail('no root'))
const [pump, lostPump] = [keep('p1.pem', good.certificate), keep('p2.pem', lost.certificate)]
const chain = join(place, 'chain.pem')
writeFileSync(
  chain,
  [issuing.certificate, core.doors.rootOf(issuing)!.certificate]
    .map((der) => encodePem('CERTIFICATE', der))
    .join(''),
)

const { serialNumber } = parseCertificate(lost.certificate)
const record =
  (await core.ledger.find('certificate', 'serialNumber', [issuing.id, serialNumber])) ??
  assert.fail('no record')
const revoked = await revoke(
  { id: record.id, reason: 'keyCompromise', because: 'stolen' },
  { kind: 'person', id: 'test' },
  core,
)
assert.equal(revoked.kind, 'revoked')

/** What `openssl ocsp` says on both channels; it exits with 0 whatever the status is. */
async function ask(...words: string[]): Promise<string> {
  const common = ['-issuer', issuer, '-CAfile', root, '-verify_other', issuer, '-url', url]
  const { stdout, stderr } = await run('openssl', ['ocsp', ...common, ...words])
  return stdout + stderr
}

test('openssl: a pump is good, and the answer verifies with its nonce', {
  skip: noOpenssl,
}, async () => {
  const said = await ask('-cert', pump)
  assert.match(said, /Response verify OK/)
  assert.match(said, /p1\.pem: good/)
  assert.doesNotMatch(said, /no nonce|Nonce Verify error/i)
})

test('openssl: a stolen one is revoked, with the reason', { skip: noOpenssl }, async () => {
  const said = await ask('-cert', lostPump, '-no_nonce')
  assert.match(said, /Response verify OK/)
  assert.match(said, /p2\.pem: revoked\s+This Update: .*\s+Next Update: .*\s+Reason: keyCompromise/)
})

test('openssl: a certificate may be named by SHA-256', { skip: noOpenssl }, async () => {
  const common = ['-CAfile', root, '-verify_other', issuer, '-url', url, '-no_nonce']
  const { stdout, stderr } = await run('openssl', [
    ...['ocsp', '-sha256', '-issuer', issuer, '-cert', pump, ...common],
  ])
  assert.match(stdout + stderr, /Response verify OK/)
  assert.match(stdout, /p1\.pem: good/)
})

test('openssl: several questions are answered in one answer', { skip: noOpenssl }, async () => {
  const said = await ask(
    '-cert',
    pump,
    '-cert',
    lostPump,
    '-serial',
    '0x4A0102030405060708090A0B0C0D0E0F',
  )
  assert.match(said, /Response verify OK/)
  assert.match(said, /p1\.pem: good[\s\S]*p2\.pem: revoked[\s\S]*0x4A01.*: unknown/)
})

test('openssl: an authority of others is not answered for', { skip: noOpenssl }, async () => {
  const { stdout, stderr } = await run('openssl', [
    ...['ocsp', '-issuer', root, '-cert', issuer, '-CAfile', root, '-url', url],
  ]).catch((error) => error)
  assert.match(stdout + stderr, /unauthorized/)
})

test('ocsptool: good and revoked are understood, and signed by who may', {
  skip: noOcsptool,
}, async () => {
  const tool = (certificate: string, ...words: string[]) =>
    run('ocsptool', [
      ...[`--ask=${url}`, '--load-cert', certificate, '--load-issuer', issuer],
      ...['--load-trust', chain, ...words],
    ])
      .then(({ stdout, stderr }) => stdout + stderr)
      .catch(({ stdout, stderr }) => stdout + stderr)
  for (const words of [[], ['--nonce']]) {
    const said = await tool(pump, ...words)
    assert.match(said, /Verifying OCSP Response: Success/)
    assert.match(said, /Response Status: Successful[\s\S]*Certificate Status: good/)
  }
  assert.match(await tool(lostPump), /Certificate Status: revoked\s+Revocation time: /)
})

test('nginx: who is good comes in, and who is revoked does not', {
  skip: withoutNginx,
}, async () => {
  const identity = await (await makeTestAuthority('Gateway')).issue('localhost')
  writeFileSync(join(place, 'server.pem'), pemOf(identity.chain))
  writeFileSync(join(place, 'server.key'), identity.key, { mode: 0o600 })
  const nginx = await startNginx({
    ports: 1,
    http: ([port]) => `server {
      listen 127.0.0.1:${port} ssl;
      ssl_certificate ${place}/server.pem;
      ssl_certificate_key ${place}/server.key;
      ssl_client_certificate ${chain};
      ssl_verify_client on;
      ssl_verify_depth 2;
      ssl_ocsp leaf;
      ssl_ocsp_responder ${url};
      location / { return 200 "come in"; }
    }`,
  })
  try {
    const port = nginx.ports[0] ?? 0
    assert.deepEqual(await askAs(good, port), [200, 'come in'])
    const [status, body] = await askAs(lost, port)
    assert.equal(status, 400)
    assert.match(body, /SSL certificate error/)
  } finally {
    await nginx.stop()
  }
})

function askAs({ key, certificate }: Credential, port: number): Promise<[number, string]> {
  const { promise, resolve, reject } = Promise.withResolvers<[number, string]>()
  const identity = {
    key: encodePem('PRIVATE KEY', encodePrivateKey(key.privateKey)),
    cert: encodePem('CERTIFICATE', certificate),
  }
  const to = { host: '127.0.0.1', port, agent: false, rejectUnauthorized: false, ...identity }
  request(to, (answer) => {
    let text = ''
    answer.setEncoding('utf8')
    answer.on('data', (piece: string) => {
      text += piece
    })
    answer.on('end', () => resolve([answer.statusCode ?? 0, text]))
  })
    .on('error', reject)
    .end()
  return promise
}

test('a second implementation of ML-DSA finds the answer of a twin signed by its responder', async () => {
  const twin = core.doors.own.find(({ kind, twin }) => kind === 'issuing' && twin !== null)
  if (twin === undefined) return assert.fail('no twin')
  const answer = await fetch(url, {
    ...{ method: 'POST', headers: { 'Content-Type': 'application/ocsp-request' } },
    body: new Uint8Array(questionAbout([certIdOf(twin, Uint8Array.of(1), 'sha256')])),
  })
  const { tbs, signature, certificates, responses } = await believed(await answer.bytes(), twin)
  assert.equal(responses[0]?.status.kind, 'unknown')
  const { publicKey } = parseCertificate(certificates[0] ?? new Uint8Array())
  assert.ok(ml_dsa65.verify(signature, tbs, publicKey.key))
  assert.equal(ml_dsa65.verify(signature, tbs.toReversed(), publicKey.key), false)
})
