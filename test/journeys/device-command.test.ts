// SPDX-License-Identifier: Apache-2.0
/** The program itself, each time as a process of its own. */
import assert from 'node:assert/strict'
import { spawn } from 'node:child_process'
import {
  chmodSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
  writeFileSync,
} from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, before, beforeEach, test } from 'node:test'
import { holdDirectory } from '#device/state/lock.ts'
import { expectDevice } from './support/device-bench.ts'
import { answerText, openEstServer, type TestServer } from './support/est-server.ts'

let server: TestServer
let directory: string
before(async () => {
  server = await openEstServer()
  directory = mkdtempSync(join(tmpdir(), 'vitalsign-device-'))
})
after(async () => {
  rmSync(directory, { recursive: true })
  await server.close()
})
beforeEach(() => {
  server.rules.instead = () => false
})

interface Ended {
  readonly status: number | null
  readonly out: string
  readonly error: string
}

function run(words: readonly string[], input = ''): Promise<Ended> {
  return start(words, input).ended
}

function start(words: readonly string[], input = '') {
  const child = spawn('bin/vitalsign-device', words)
  let [out, error] = ['', '']
  child.stdout.setEncoding('utf8').on('data', (text) => (out += text))
  child.stderr.setEncoding('utf8').on('data', (text) => (error += text))
  child.stdin.on('error', () => {}).end(input)
  const ended = new Promise<Ended>((resolve, reject) => {
    child.on('error', reject).on('close', (status) => resolve({ status, out, error }))
  })
  return { child, ended }
}

function enrolWords(serial: string, ...more: string[]): string[] {
  const words = ['--server', server.url, '--serial', serial, '--root', server.fingerprint]
  return ['enrol', ...words, '--state', join(directory, serial), '--once', ...more]
}

test('enrol, show, verify and renew, each in words and in JSON', async () => {
  expectDevice(server, 'PUMP-0401', 'right')
  const state = ['--state', join(directory, 'PUMP-0401')]
  const enrolled = await run(enrolWords('PUMP-0401', '--code-file', '-'), 'right\n')
  assert.equal(enrolled.status, 0, enrolled.error)
  assert.match(
    enrolled.out,
    /^PUMP-0401 \(pump\) is enrolled at https:\/\/localhost:\d+\n {2}working identity/,
  )
  assert.match(
    (await run(['show', ...state])).out,
    /working identity .*working\.pem, until 20\d\d-/,
  )
  assert.match(
    (await run(['verify', ...state])).out,
    /knows this device as PUMP-0401 \(pump\), active/,
  )
  assert.match((await run(['renew', ...state])).out, /^nothing is due\n/)
  const renewed = JSON.parse((await run(['renew', '--now', '--json', ...state])).out)
  const shown = JSON.parse((await run(['show', '--json', ...state])).out)
  const verified = JSON.parse((await run(['verify', '--json', ...state])).out)
  assert.equal(renewed.kind, 'renewed')
  assert.deepEqual(shown.working.serialNumber, renewed.working.serialNumber)
  assert.deepEqual(verified.certificate.serialNumber, renewed.working.serialNumber)
})

test('whatever is in the state directory is its owner’s alone', async () => {
  const state = join(directory, 'PUMP-0402')
  mkdirSync(state, { mode: 0o755 })
  expectDevice(server, 'PUMP-0402', 'right')
  assert.equal((await run(enrolWords('PUMP-0402', '--code-file', '-'), 'right')).status, 0)
  assert.equal(statSync(state).mode & 0o777, 0o700)
  for (const name of readdirSync(state)) {
    assert.equal(statSync(join(state, name)).mode & 0o777, 0o600, name)
  }
})

test('a directory that holds other things and is open to others is left as it is', async () => {
  const state = join(directory, 'shared')
  mkdirSync(state)
  chmodSync(state, 0o755)
  writeFileSync(join(state, 'else'), '')
  const words = enrolWords('PUMP-0403', '--code-file', '-')
  words[words.indexOf('--state') + 1] = state
  const ended = await run(words, 'right')
  assert.equal(ended.status, 3)
  assert.match(ended.error, /directory-unusable: .*directory of its own\nhint: /)
  assert.equal(statSync(state).mode & 0o777, 0o755)
})

test('birth and working identity are shown side by side', async () => {
  expectDevice(server, 'PUMP-0404', 'right')
  const words = enrolWords('PUMP-0404', '--label', 'line', '--birth', '--code-file', '-')
  const ended = await run(words, 'right')
  assert.match(ended.out, /birth identity {4}.*birth\.pem, for life/)
})

test('a code is read from a file and never from an argument', async () => {
  expectDevice(server, 'PUMP-0405', 'right')
  const file = join(directory, 'code')
  writeFileSync(file, 'right\n', { mode: 0o600 })
  assert.equal((await run(enrolWords('PUMP-0405', '--code-file', file))).status, 0)
  const wrong = await run(enrolWords('PUMP-0406', '--code', 'right'))
  assert.equal(wrong.status, 2)
})

for (const [what, change, words] of [
  ['no command', ['dance'], /no command "dance"\nhint: /],
  ['no option', ['show', '--colour'], /unknown option '--colour'\nhint: /],
  ['no value', ['show', '--state'], /--state.*\nhint: /],
  ['no server', ['enrol'], /--server is missing\nhint: /],
  ['plain HTTP', ['enrol', '--server', 'http://x'], /--server http:\/\/x is no address/],
  ['a path', ['enrol', '--server', 'https://x/y'], /is no address of a server/],
  ['no serial', ['enrol', '--server', 'https://x'], /--serial is missing/],
  ['a colon', ['enrol', '--server', 'https://x', '--serial', 'a:b'], /"a:b" is no serial/],
  [
    'half a fingerprint',
    ['enrol', '--server', 'https://x', '--serial', 'a', '--root', 'ab:cd'],
    /--root ab:cd is no SHA-256 fingerprint/,
  ],
] as const) {
  test(`wrong use (${what}) is status 2 and says what to write`, async () => {
    const ended = await run(change)
    assert.equal(ended.status, 2, ended.error)
    assert.match(ended.error, words)
    assert.equal(ended.out, '')
  })
}

test('an unknown algorithm, a strange label and a missing label are named', async () => {
  const of = (...more: string[]) => run(enrolWords('PUMP-0407', '--code-file', '-', ...more), 'x')
  assert.match(
    (await of('--key-algorithm', 'rot13')).error,
    /rot13 is not known\nhint: one of rsa-2048/,
  )
  for (const word of ['slh-dsa-sha2-128s', 'ml-kem-768'])
    assert.match((await of('--key-algorithm', word)).error, /proves itself in no TLS handshake/)
  assert.match((await of('--label', 'a/b')).error, /--label a\/b is no label/)
  assert.match((await of('--birth')).error, /--birth needs --label/)
  assert.match(
    (await run(enrolWords('PUMP-0407', '--code-file', '-'), '')).error,
    /no enrolment code/,
  )
  assert.match((await run(enrolWords('PUMP-0407'), 'x')).error, /no enrolment code was given/)
  assert.match(
    (await run(enrolWords('PUMP-0407', '--code-file', '/nowhere'))).error,
    /cannot read the enrolment code: enoent/,
  )
  assert.ok(!existsSync(join(directory, 'PUMP-0407')))
})

test('a refusal is status 1, a break status 3, each with its hint, in JSON on standard output', async () => {
  const refused = await run(enrolWords('PUMP-0408', '--code-file', '-', '--json'), 'wrong')
  assert.equal(refused.status, 1)
  assert.equal(JSON.parse(refused.out).reason, 'refused-by-server')
  const words = enrolWords('PUMP-0409', '--code-file', '-', '--json')
  words[words.indexOf('--server') + 1] = 'https://localhost:1'
  const broken = await run(words, 'x')
  assert.equal(broken.status, 3)
  const { kind, reason, detail, hint } = JSON.parse(broken.out)
  assert.match(detail, /^cannot connect to localhost:1: .*econnrefused/)
  assert.deepEqual([kind, reason], ['broken', 'server-unreachable'])
  assert.match(hint, /is the server running/)
})

test('two runs at once on one directory do not meet', async () => {
  const state = join(directory, 'PUMP-0410')
  mkdirSync(state, { mode: 0o700 })
  const lock = holdDirectory(state)
  const ended = await run(['renew', '--state', state])
  lock.release()
  assert.equal(ended.status, 3)
  assert.match(ended.error, /directory-held/)
  assert.equal((await run(['renew', '--state', state])).status, 1)
})

test('what was never enrolled is named, and nothing is made by looking', async () => {
  const state = join(directory, 'nothing')
  for (const command of ['show', 'verify']) {
    const ended = await run([command, '--state', state])
    assert.equal(ended.status, 1)
    assert.match(
      ended.error,
      /not-enrolled: .*nothing holds no enrolment\nhint: run "vitalsign-device enrol"/,
    )
  }
  assert.ok(!existsSync(state))
})

test('the daemon says each pass as a line of JSON, and ends quietly when told', async () => {
  expectDevice(server, 'PUMP-0411', 'right')
  assert.equal((await run(enrolWords('PUMP-0411', '--code-file', '-'), 'right')).status, 0)
  const { child, ended } = start(['run', '--json', '--state', join(directory, 'PUMP-0411')])
  child.stdout.once('data', () => child.kill('SIGTERM'))
  const { out, status } = await ended
  assert.equal(JSON.parse(out).kind, 'nothing-due')
  assert.equal(status, 0)
  const once = await run(['run', '--once', '--state', join(directory, 'PUMP-0411')])
  assert.match(once.out, /^nothing is due/)
})

test('one pass against a busy server is status 3 and keeps what is there', async () => {
  expectDevice(server, 'PUMP-0412', 'right')
  assert.equal((await run(enrolWords('PUMP-0412', '--code-file', '-'), 'right')).status, 0)
  const state = join(directory, 'PUMP-0412')
  const pem = readFileSync(join(state, 'working.pem'), 'utf8')
  server.rules.instead = (request, response) => {
    if (request.url === '/whoami') return false
    answerText(response, 503, 'busy')
    return true
  }
  const ended = await run(['renew', '--now', '--once', '--state', state])
  assert.equal(ended.status, 3)
  assert.match(ended.error, /the server is busy: status 503: busy\nhint: /)
  assert.equal(readFileSync(join(state, 'working.pem'), 'utf8'), pem)
})

test('help is there for all and for each', async () => {
  assert.match((await run([])).out, /^vitalsign-device: the identity of a device/)
  for (const command of ['enrol', 'renew', 'run', 'show', 'verify']) {
    const { out, status } = await run(['help', command])
    assert.equal(status, 0)
    assert.equal(out, (await run([command, '--help'])).out)
    assert.match(out, new RegExp(`^vitalsign-device ${command}: `))
  }
})
