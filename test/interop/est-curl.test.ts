// SPDX-License-Identifier: Apache-2.0
/** EST with what every device has: openssl and curl. Secrets reach curl by its standard input. */
import assert from 'node:assert/strict'
import { execFile, spawnSync } from 'node:child_process'
import { X509Certificate } from 'node:crypto'
import { readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { after, before, test } from 'node:test'
import { promisify } from 'node:util'
import { type EstHouse, openEstHouse } from './est-house.ts'

const run = promisify(execFile)
const isThere = ['curl', 'openssl'].every(
  (name) => spawnSync(name, ['version']).error === undefined,
)
const skip = isThere || process.env.PEERS === 'required' ? false : 'curl or openssl is missing'

let at: EstHouse
before(async () => {
  at = await openEstHouse()
  writeFileSync(file('root.pem'), at.rootPem)
})
after(() => at.close())

function file(name: string): string {
  return join(at.directory, name)
}

async function openssl(...words: string[]): Promise<string> {
  const { stdout } = await run('openssl', words, { cwd: at.directory })
  return stdout
}

interface Answer {
  readonly status: number
  readonly head: string
}

/** Asks with curl; the body goes to the file `answer`. `config` is given by standard input. */
async function curl(url: string, words: readonly string[] = [], config = ''): Promise<Answer> {
  const common = [
    '-sS',
    '-K',
    '-',
    '--cacert',
    'root.pem',
    '-o',
    'answer',
    '-D',
    '-',
    '-w',
    '\n%{http_code}',
  ]
  const child = run('curl', [...common, ...words, url], { cwd: at.directory })
  child.child.stdin?.end(config)
  const { stdout } = await child
  return { status: Number(stdout.split('\n').at(-1)), head: stdout }
}

function est(operation: string): string {
  return `${at.url}/.well-known/est/${operation}`
}

function user(serial: string, code: string): string {
  return `user = "${serial}:${code}"\n`
}

const pkcs10 = ['-H', 'Content-Type: application/pkcs10', '--data-binary']

/** Makes NAME.key, and a request for this subject in NAME.b64. */
async function makeRequest(name: string, subject: string): Promise<void> {
  await openssl('ecparam', '-name', 'prime256v1', '-genkey', '-noout', '-out', `${name}.key`)
  const words = ['-new', '-key', `${name}.key`, '-subj', subject]
  await openssl('req', ...words, '-outform', 'DER', '-out', `${name}.der`)
  await openssl('base64', '-in', `${name}.der`, '-out', `${name}.b64`)
}

/** Words the request anew with the subject of a certificate, byte for byte (RFC 7030 section 4.2.2). */
async function takeSubject(from: string, to: string): Promise<void> {
  const words = ['-x509toreq', '-in', `${from}.pem`, '-signkey', `${to}.key`, '-out', `${to}.req`]
  await openssl('x509', ...words)
  await openssl('req', '-in', `${to}.req`, '-outform', 'DER', '-out', `${to}.der`)
  await openssl('base64', '-in', `${to}.der`, '-out', `${to}.b64`)
}

/** Takes the certificate out of the answer, into NAME.pem. */
async function keepCertificate(name: string): Promise<X509Certificate> {
  await openssl('base64', '-d', '-A', '-in', 'answer', '-out', 'answer.der')
  const words = ['-inform', 'DER', '-in', 'answer.der', '-print_certs', '-out', `${name}.pem`]
  await openssl('pkcs7', ...words)
  return new X509Certificate(readFileSync(file(`${name}.pem`)))
}

function proof(name: string): string[] {
  return ['--cert', `${name}.pem`, '--key', `${name}.key`]
}

async function enrol(name: string, serial: string): Promise<X509Certificate> {
  const code = await at.expect(serial)
  await makeRequest(name, `/serialNumber=${serial}`)
  const { status } = await curl(
    est('simpleenroll'),
    [...pkcs10, `@${name}.b64`],
    user(serial, code),
  )
  assert.equal(status, 200, body())
  return keepCertificate(name)
}

function body(): string {
  return readFileSync(file('answer'), 'utf8')
}

test('a device with curl and openssl enrols, is known, and renews with a new key', {
  skip,
}, async () => {
  const first = await enrol('first', 'CURL-0001')
  assert.equal((await curl(`${at.url}/whoami`, proof('first'))).status, 200)
  const who = JSON.parse(body())
  assert.deepEqual([who.device, who.product, who.state], ['CURL-0001', 'pump', 'active'])

  await makeRequest('second', '/CN=replaced')
  await takeSubject('first', 'second')
  const renewal = [...proof('first'), ...pkcs10, '@second.b64']
  assert.equal((await curl(est('simplereenroll'), renewal)).status, 200, body())
  const second = await keepCertificate('second')
  assert.equal(second.subject, first.subject)
  assert.equal((await curl(`${at.url}/whoami`, proof('second'))).status, 200)
})

test('openssl verifies the chain by cacerts and the list that the certificate names', {
  skip,
}, async () => {
  const certificate = await enrol('listed', 'CURL-0002')
  const list = /URI:(http\S+\.crl)/.exec(await extension('crlDistributionPoints'))?.[1]
  const issuer = /CA Issuers - URI:(http\S+\.crt)/.exec(certificate.infoAccess ?? '')?.[1]
  assert.ok(list && issuer)
  assert.equal((await curl(list)).status, 200)
  await openssl('crl', '-inform', 'DER', '-in', 'answer', '-out', 'list.pem')
  assert.equal((await curl(issuer)).status, 200)
  await openssl('x509', '-inform', 'DER', '-in', 'answer', '-out', 'issuer.pem')
  const chain = ['-CAfile', 'root.pem', '-untrusted', 'issuer.pem', '-CRLfile', 'list.pem']
  const verified = await openssl('verify', '-crl_check', '-extended_crl', ...chain, 'listed.pem')
  assert.match(verified, /listed\.pem: OK/)
})

async function extension(name: string): Promise<string> {
  return openssl('x509', '-in', 'listed.pem', '-noout', '-ext', name)
}

test('a body may come in chunks, after a question, without a type, or in one line', {
  skip,
}, async () => {
  const ways = [
    ['-H', 'Transfer-Encoding: chunked', ...pkcs10],
    ['-H', 'Expect: 100-continue', ...pkcs10],
    ['-H', 'Content-Type:', '--data-binary'],
    ['-H', 'Content-Transfer-Encoding: quoted-printable', ...pkcs10],
    ['--http1.0', ...pkcs10],
    [...pkcs10.slice(0, -1), '--data'], // leaves out the line breaks
  ]
  for (const [index, way] of ways.entries()) {
    const serial = `CURL-WAY-${index}`
    const code = await at.expect(serial)
    await makeRequest('way', `/serialNumber=${serial}`)
    const { status } = await curl(est('simpleenroll'), [...way, '@way.b64'], user(serial, code))
    assert.equal(status, 200, `${way.join(' ')}: ${body()}`)
  }
})

test('what is wrong is said in one line, and the code stays good', { skip }, async () => {
  const code = await at.expect('CURL-0003')
  const login = user('CURL-0003', code)
  await makeRequest('wrong', '/serialNumber=CURL-0003')
  await openssl('req', '-inform', 'DER', '-in', 'wrong.der', '-out', 'wrong.pem')
  writeFileSync(file('huge'), 'A'.repeat(90_000))
  const cases: [number, RegExp, readonly string[], string][] = [
    [401, /code/, [...pkcs10, '@wrong.b64'], ''],
    [401, /code/, [...pkcs10, '@wrong.b64'], user('CURL-0003', 'WRONG')],
    [415, /application\/pkcs10/, ['--data-binary', '@wrong.b64'], login],
    [400, /PEM/, [...pkcs10, '@wrong.pem'], login],
    [400, /DER/, [...pkcs10, '@wrong.der'], login],
    [413, /81920 bytes/, [...pkcs10, '@huge'], login],
    [413, /81920 bytes/, ['-H', 'Transfer-Encoding: chunked', ...pkcs10, '@huge'], login],
    [403, /client certificate/, ['--url', est('simplereenroll'), ...pkcs10, '@wrong.b64'], login],
  ]
  for (const [status, words, way, config] of cases) {
    const to = way[0] === '--url' ? est('simplereenroll') : est('simpleenroll')
    const rest = way[0] === '--url' ? way.slice(2) : way
    const answer = await curl(to, rest, config)
    assert.equal(answer.status, status, body())
    assert.match(body(), words)
    assert.match(body(), /^[ -~]+\n$/)
    assert.match(answer.head, /^Content-Length: \d+\r$/m)
  }
  assert.equal((await curl(est('simpleenroll'), [...pkcs10, '@wrong.b64'], login)).status, 200)
})

test('a shown certificate that is not ours is refused, not trusted', { skip }, async () => {
  const stranger = ['-x509', '-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:P-256', '-nodes']
  await openssl('req', ...stranger, '-subj', '/CN=x', '-keyout', 'own.key', '-out', 'own.pem')
  assert.equal((await curl(`${at.url}/whoami`, proof('own'))).status, 403)
  assert.equal((await curl(`${at.url}/whoami`)).status, 401)
})
