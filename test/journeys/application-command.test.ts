// SPDX-License-Identifier: Apache-2.0
/** An application's own program: enrolled with a code, renewed, and its files given to those who use them. */
import assert from 'node:assert/strict'
import { type ChildProcess, execFileSync, spawn } from 'node:child_process'
import { createPrivateKey, X509Certificate } from 'node:crypto'
import { chmodSync, existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { after, before, test } from 'node:test'
import { addApplication } from '#core/applications/add.ts'
import { openTestHouse, type TestHouse, temporaryDirectory } from '../support/house.ts'

let house: TestHouse
let fingerprint: string
before(async () => {
  house = await openTestHouse()
  const root = house.core.doors.own.find(({ kind }) => kind === 'root')
  fingerprint = root?.certificateSha256.toHex() ?? ''
})
after(async () => {
  await house.stop()
  assert.deepEqual(house.troubles, [])
})

interface Ended {
  readonly status: number | null
  readonly out: string
  readonly error: string
}

function run(words: readonly string[], input = ''): Promise<Ended> {
  const child: ChildProcess = spawn('bin/vitalsign-device', words)
  let [out, error] = ['', '']
  child.stdout?.setEncoding('utf8').on('data', (text) => (out += text))
  child.stderr?.setEncoding('utf8').on('data', (text) => (error += text))
  child.stdin?.on('error', () => {}).end(input)
  return new Promise((resolve, reject) => {
    child.on('error', reject).on('close', (status) => resolve({ status, out, error }))
  })
}

async function enrolWords(name: string, ...more: readonly string[]) {
  const asked = { name, profile: 'server', names: ['localhost'], products: [], codeHours: 1 }
  const added = await addApplication(asked, 'Acme', { kind: 'person', id: 'test' }, house.core)
  assert.equal(added.kind, 'added')
  const directory = temporaryDirectory()
  const [state, publish] = [join(directory, 'state'), join(directory, 'identity')]
  const { port } = house.addresses.devices
  return {
    ...{ directory, state, publish, code: added.kind === 'added' ? added.code : '' },
    words: [
      ...['enrol', '--role', 'application', '--name', name, '--state', state, '--once'],
      ...['--server', `https://localhost:${port}`, '--root', fingerprint, '--code-file', '-'],
      ...['--publish', publish, ...more],
    ],
  }
}

/** Key and certificates as a program finds them, which belong together and lead to the root. */
function readGiven(publish: string): X509Certificate {
  const path = (name: string) => join(publish, name)
  const certificate = new X509Certificate(readFileSync(path('cert.pem')))
  assert.ok(certificate.checkPrivateKey(createPrivateKey(readFileSync(path('key.pem')))))
  execFileSync('openssl', [
    ...['verify', '-purpose', 'sslserver', '-CAfile', path('anchors.pem')],
    ...['-untrusted', path('chain.pem'), path('cert.pem')],
  ])
  return certificate
}

test('a program finds its files, and hears by a command when they are others', async () => {
  const noted = join(temporaryDirectory(), 'noted')
  const hook = join(temporaryDirectory(), 'hook')
  writeFileSync(hook, `#!/bin/sh\necho "$1" >> "${noted}"\n`)
  chmodSync(hook, 0o755)
  const { words, code, state, publish } = await enrolWords('web', '--on-renewed', `${hook} $HOME`)
  const enrolled = await run(words, code)
  assert.equal(enrolled.status, 0, enrolled.error)
  assert.match(enrolled.out, /^web \(server\) is enrolled at /)
  const first = readGiven(publish)
  assert.equal(first.subjectAltName, 'DNS:localhost')
  // No shell has read it.
  assert.equal(readFileSync(noted, 'utf8'), '$HOME\n')
  assert.equal((await run(['renew', '--state', state])).status, 0)
  assert.equal(readFileSync(noted, 'utf8'), '$HOME\n', 'nothing was due, nobody is told')
  assert.equal((await run(['renew', '--now', '--state', state])).status, 0)
  const second = readGiven(publish)
  assert.notEqual(second.serialNumber, first.serialNumber)
  assert.equal(readFileSync(noted, 'utf8'), '$HOME\n$HOME\n')
  const verified = await run(['verify', '--state', state])
  assert.match(verified.out, /knows this application as web \(server\), active/)
})

test('a process is told by SIGHUP, and one that does not run need not be', async () => {
  let hangUps = 0
  const count = () => void hangUps++
  process.on('SIGHUP', count)
  const pidFile = join(temporaryDirectory(), 'pid')
  const { words, code, state } = await enrolWords('mqtt', '--reload-pid-file', pidFile)
  const enrolled = await run(words, code)
  assert.equal(enrolled.status, 0, enrolled.error)
  assert.equal(hangUps, 0)
  writeFileSync(pidFile, `${process.pid}\n`)
  assert.equal((await run(['renew', '--now', '--state', state])).status, 0)
  process.off('SIGHUP', count)
  assert.equal(hangUps, 1)
})

test('a command that fails is told again later, and the identity is good meanwhile', async () => {
  const missing = join(temporaryDirectory(), 'missing')
  const { words, code, state, publish } = await enrolWords(
    'flaky',
    '--on-renewed',
    `cat ${missing}`,
  )
  const enrolled = await run(words, code)
  assert.equal(enrolled.status, 3)
  assert.match(
    enrolled.error,
    /program-not-told: "cat .*" ended with 1: .*\nhint: the new identity is on disk/,
  )
  readGiven(publish)
  writeFileSync(missing, '')
  assert.equal((await run(['run', '--once', '--state', state])).status, 0)
})

test('a file of process ids that names all processes is not obeyed', async () => {
  const pidFile = join(temporaryDirectory(), 'pid')
  writeFileSync(pidFile, '-1\n')
  const { words, code } = await enrolWords('all', '--reload-pid-file', pidFile)
  const enrolled = await run(words, code)
  assert.equal(enrolled.status, 3)
  assert.match(enrolled.error, /program-not-told: cannot signal .*: it holds no process id/)
})

test('a directory with a key of somebody else is left as it is, and said so', async () => {
  const { words, code, publish } = await enrolWords('other')
  mkdirSync(publish)
  writeFileSync(join(publish, 'key.pem'), 'theirs')
  const enrolled = await run(words, code)
  assert.match(enrolled.error, /directory-unusable: .*key\.pem is somebody else's/)
  assert.equal(existsSync(join(publish, 'cert.pem')), false)
})

test('what is said of an application is not mixed with what is said of a device', async () => {
  const common = ['enrol', '--server', 'https://localhost:1', '--root', fingerprint]
  for (const [words, told] of [
    [['--role', 'application', '--name', 'a', '--serial', 'S'], /--serial is for devices/],
    [['--role', 'application'], /--name is missing/],
    [['--serial', 'S', '--name', 'a'], /--name needs --role application/],
    [['--role', 'gateway'], /--role gateway is not known/],
    [['--serial', 'S', '--on-renewed', 'true'], /--publish is missing/],
  ] as const) {
    const ended = await run([...common, ...words])
    assert.equal(ended.status, 2)
    assert.match(ended.error, told)
  }
})
