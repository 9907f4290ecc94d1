// SPDX-License-Identifier: Apache-2.0
/** clients/sh/vitalsign-enrol.sh under dash, with the openssl and curl of this machine. */
import assert from 'node:assert/strict'
import { spawn, spawnSync } from 'node:child_process'
import { X509Certificate } from 'node:crypto'
import {
  appendFileSync,
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
import { approveRequest, turnDownRequest } from '#core/enrolment/approval/decide-request.ts'
import { waitingLimits } from '#core/enrolment/approval/waiting-limits.ts'
import type { Whoami } from '#core/enrolment/whoami.ts'
import type { PendingRequest } from '#core/ledger/tables.ts'
import { parseCredential } from '#device/credential.ts'
import { keepUp } from '#device/keep-up.ts'
import { openDirectory } from '#device/state/files.ts'
import { sameBytes } from '#format/bytes.ts'
import { urlOf } from '#house/configuration.ts'
import { sha256 } from '#trust/digest.ts'
import { benchOf, expectDevice, FragileFiles } from '../journeys/support/device-bench.ts'
import { makeRoot } from '../journeys/support/est-authority.ts'
import { answerText, openEstServer, type TestServer } from '../journeys/support/est-server.ts'
import {
  openTestHouse,
  rootPem,
  type TestHouse,
  withCode,
  withDevice,
  withProduct,
} from '../support/house.ts'
import { changeProfile, manual } from '../support/profiles.ts'

const operator = { kind: 'person', id: 'psn_test' } as const
const script = 'clients/sh/vitalsign-enrol.sh'
const missing = ['dash', 'openssl', 'curl'].filter(
  (name) => spawnSync('sh', ['-c', `command -v ${name}`]).status !== 0,
)
const skip = missing.length === 0 ? false : `peer not installed: ${missing.join(', ')}`
if (skip && process.env.PEERS === 'required') throw new Error(skip)

let server: TestServer
let start: Temporal.Instant
let directory: string
before(async () => {
  server = await openEstServer()
  start = server.rules.now
  directory = mkdtempSync(join(tmpdir(), 'vitalsign-shell-'))
})
after(async () => {
  rmSync(directory, { recursive: true })
  await server.close()
})
beforeEach(() => {
  server.rules.now = start
  server.rules.life = Temporal.Duration.from({ hours: 24 * 90 })
  server.rules.instead = () => false
  server.rules.loses = () => false
})

interface Ended {
  readonly status: number | null
  readonly out: string
  readonly error: string
}

function run(words: readonly string[], input = '', env: NodeJS.ProcessEnv = {}): Promise<Ended> {
  return new Promise((resolve, reject) => {
    const child = spawn('dash', [script, ...words], {
      detached: true,
      env: { PATH: process.env.PATH, ...env },
    })
    let [out, error] = ['', '']
    child.stdout.setEncoding('utf8').on('data', (text) => (out += text))
    child.stderr.setEncoding('utf8').on('data', (text) => (error += text))
    child.on('error', reject).on('close', (status) => resolve({ status, out, error }))
    child.stdin.on('error', () => {}).end(input)
  })
}

function stateOf(serial: string): string {
  return join(directory, serial)
}

function enrolWords(serial: string, ...more: string[]): string[] {
  return enrolWordsAt(server, serial, ...more)
}

function enrolWordsAt(
  { url, fingerprint }: { readonly url: string; readonly fingerprint: string },
  serial: string,
  ...more: string[]
): string[] {
  const root = fingerprint.toUpperCase().replace(/..(?=.)/g, '$&:')
  const words = ['--server', url, '--serial', serial, '--root', root]
  return ['enrol', ...words, '--state', stateOf(serial), ...more]
}

async function enrolled(serial: string, ...more: string[]): Promise<string> {
  expectDevice(server, serial, 'right"\\')
  const done = await run(enrolWords(serial, ...more), 'right"\\\n')
  assert.equal(done.status, 0, done.error)
  return stateOf(serial)
}

function workingOf(state: string) {
  return parseCredential(readFileSync(join(state, 'working.pem'), 'utf8'), 'working.pem')
}

test('the script is small, parses, and never turns the check of the server off', { skip }, () => {
  const text = readFileSync(script, 'utf8')
  assert.ok(text.trimEnd().split('\n').length < 370)
  assert.equal(spawnSync('dash', ['-n', script]).status, 0)
  const found = spawnSync('grep', [
    '-rnE',
    'curl.*( -[a-zA-Z]*k| --insecure| -u) ',
    'clients',
    'docs',
    'README.md',
  ])
  assert.equal(String(found.stdout), '')
})

test('a code on standard input gives an identity that only its owner can read', {
  skip,
}, async () => {
  const state = await enrolled('PUMP-0301')
  assert.deepEqual(readdirSync(state).toSorted(), ['root.pem', 'settings', 'working.pem'])
  assert.equal(statSync(state).mode & 0o777, 0o700)
  for (const name of readdirSync(state))
    assert.equal(statSync(join(state, name)).mode & 0o777, 0o600)
  const { leaf, intermediates } = workingOf(state)
  assert.deepEqual(leaf.der, server.issued.at(-1)?.certificate.der)
  assert.deepEqual(
    intermediates.map(({ der }) => der),
    [server.issuer.certificate.der],
  )
})

test('nothing is renewed before two thirds of its life', { skip }, async () => {
  const state = await enrolled('PUMP-0302')
  const { leaf } = workingOf(state)
  assert.equal((await run(['renew', '--state', state])).status, 0)
  assert.deepEqual(workingOf(state).leaf.der, leaf.der)
})

test('an order of the server is followed once this device’s own moment is over', {
  skip,
}, async () => {
  const state = await enrolled('PUMP-0315')
  const { leaf } = workingOf(state)
  const renewTold = async (after: Temporal.Instant) => {
    const known: Omit<Whoami, 'kind'> = {
      ...{ device: 'PUMP-0315', product: 'pump', state: 'active' },
      certificate: { serialNumber: '01', notAfter: start.add({ hours: 90 * 24 }).toString() },
      renew: { after: after.toString(), before: start.add({ hours: 48 }).toString() },
    }
    let asked = 0
    server.rules.instead = ({ url }, response) => {
      if (url !== '/whoami' || asked++ > 0) return false
      answerText(response, 200, JSON.stringify(known))
      return true
    }
    const done = await run(['renew', '--state', state])
    assert.equal(done.status, 0, done.error)
    return !sameBytes(workingOf(state).leaf.der, leaf.der)
  }
  assert.equal(await renewTold(start.add({ hours: 2 })), false)
  assert.equal(await renewTold(start.add({ milliseconds: 24 * 3_600_000 + 7 })), false)
  assert.equal(await renewTold(start.subtract({ milliseconds: 1_003 })), true)
})

test('what is due is renewed with a new key, and subject and names stay to the byte', {
  skip,
}, async () => {
  server.rules.now = start.subtract({ hours: 24 * 65 })
  const state = await enrolled('PUMP-0303')
  server.rules.now = start
  const { leaf: old } = workingOf(state)
  const done = await run(['renew', '--state', state])
  assert.equal(done.status, 0, done.error)
  const { leaf } = workingOf(state)
  assert.ok(!sameBytes(leaf.publicKey.der, old.publicKey.der))
  assert.equal(
    server.issued.find((one) => sameBytes(one.certificate.der, old.der))?.state,
    'retired',
  )
  assert.deepEqual(readdirSync(state).toSorted(), ['root.pem', 'settings', 'working.pem'])
})

test('no key is made past a source of noise that somebody wanted tested', { skip }, async () => {
  const state = await enrolled('PUMP-0316')
  const { leaf } = workingOf(state)
  appendFileSync(join(state, 'settings'), 'noise=/dev/hwrng\n')
  const done = await run(['renew', '--now', '--state', state])
  assert.equal(done.status, 1)
  assert.match(done.error, /: noise-not-tested: .*\nhint: renew with vitalsign-device/)
  assert.deepEqual(workingOf(state).leaf.der, leaf.der)
  assert.deepEqual(readdirSync(state).toSorted(), ['root.pem', 'settings', 'working.pem'])
})

test('an identity that is not accepted any more comes back through birth', { skip }, async () => {
  const state = await enrolled('PUMP-0304', '--label', 'line', '--birth')
  const last = server.issued.at(-1)
  assert.equal(last?.kind, 'working')
  last.state = 'revoked'
  const done = await run(['renew', '--state', state])
  assert.equal(done.status, 0, done.error)
  assert.deepEqual(server.heard.slice(-4), [
    'POST /.well-known/est/line/simpleenroll',
    'GET /.well-known/est/cacerts',
    'GET /whoami',
    'GET /.well-known/est/line/cacerts',
  ])
})

test('renewing without any identity says so before a key is made or the server is asked', {
  skip,
}, async () => {
  expectDevice(server, 'PUMP-0313', 'right')
  assert.equal((await run(enrolWords('PUMP-0313'), 'wrong\n')).status, 1)
  const heard = server.heard.length
  const done = await run(['renew', '--state', stateOf('PUMP-0313')])
  assert.equal(done.status, 1)
  assert.match(done.error, /: not-enrolled: .*\nhint: /)
  assert.equal(server.heard.length, heard)
  assert.deepEqual(readdirSync(stateOf('PUMP-0313')).toSorted(), ['root.pem', 'settings'])
})

test('a root with another fingerprint ends it before the code is sent', { skip }, async () => {
  const words = enrolWords('PUMP-0305')
  words[words.indexOf('--root') + 1] = 'ab'.repeat(32)
  const heard = server.heard.length
  const done = await run(words, 'right\n')
  assert.equal(done.status, 1)
  assert.match(done.error, /root-differs[\s\S]*\nhint: compare/)
  assert.deepEqual(server.heard.slice(heard), ['GET /.well-known/est/cacerts'])
})

test('a server that the root does not vouch for gets no code', { skip }, async () => {
  const other = await makeRoot('other root')
  const imposter = await openEstServer({ root: server.root, serverIssuer: other })
  const words = enrolWords('PUMP-0306')
  words[words.indexOf('--server') + 1] = imposter.url
  const done = await run(words, 'right\n').finally(() => imposter.close())
  assert.equal(done.status, 3)
  assert.deepEqual(imposter.heard, ['GET /.well-known/est/cacerts'])
})

test('a wrong code is refused, and the next attempt makes another key', { skip }, async () => {
  expectDevice(server, 'PUMP-0307', 'right')
  const done = await run(enrolWords('PUMP-0307'), 'wrong\n')
  assert.equal(done.status, 1)
  assert.match(done.error, /refused-by-server: status 401: not admitted/)
  assert.deepEqual(readdirSync(stateOf('PUMP-0307')).toSorted(), ['root.pem', 'settings'])
})

test('later is status 3 with the server’s time in the hint', { skip }, async () => {
  expectDevice(server, 'PUMP-0308', 'right')
  server.rules.instead = (request, response) => {
    if (request.method !== 'POST') return false
    response.setHeader('Retry-After', '120')
    answerText(response, 202, '')
    return true
  }
  const done = await run(enrolWords('PUMP-0308'), 'right\n')
  assert.equal(done.status, 3)
  assert.match(done.error, /hint: run the same command again after 120 s/)
})

test('told to wait, it comes back 12 times and no more', { skip }, async () => {
  expectDevice(server, 'PUMP-0314', 'right')
  let asked = 0
  server.rules.instead = (request, response) => {
    if (request.method !== 'POST') return false
    asked++
    response.setHeader('Retry-After', '0')
    answerText(response, 503, '')
    return true
  }
  const done = await run(enrolWords('PUMP-0314', '--wait'), 'right\n')
  assert.equal(done.status, 3)
  assert.equal(asked, 12)
  assert.match(done.error, /again in 0 s\n[\s\S]*hint: run the same command again after 0 s/)
})

test('every answer may be lost: an accepted identity stays, and the next run heals', {
  skip,
}, async () => {
  const state = await enrolled('PUMP-0309')
  for (let lost = 0; lost < 4; lost++) {
    let asked = 0
    server.rules.loses = () => asked++ === lost
    assert.equal((await run(['renew', '--now', '--state', state])).status, 3)
    server.rules.loses = () => false
    const { leaf } = workingOf(state)
    const healed = await run(['renew', '--now', '--state', state])
    assert.equal(healed.status, 0, healed.error)
    assert.ok(!sameBytes(workingOf(state).leaf.der, leaf.der))
    assert.deepEqual(readdirSync(state).toSorted(), ['root.pem', 'settings', 'working.pem'])
  }
})

test('killed before every step on the disk: an accepted identity stays, and the next run heals', {
  skip,
}, async () => {
  const state = await enrolled('PUMP-0312')
  const [shims, left] = [join(directory, 'shims'), join(directory, 'steps-left')]
  makeShims(shims, left)
  for (let steps = 0; ; steps++) {
    writeFileSync(left, `${steps}`)
    const { leaf } = workingOf(state)
    const env = { PATH: `${shims}:${process.env.PATH}` }
    const { status } = await run(['renew', '--now', '--state', state], '', env)
    assert.ok(isAccepted(state), `killed before step ${steps}`)
    if (status === 0) {
      assert.ok(steps > 8, `only ${steps} steps`)
      break
    }
    const healed = await run(['renew', '--now', '--state', state])
    assert.equal(healed.status, 0, healed.error)
    assert.ok(!sameBytes(workingOf(state).leaf.der, leaf.der))
    assert.deepEqual(readdirSync(state).toSorted(), ['root.pem', 'settings', 'working.pem'])
  }
})

/** mv, rm and sync that kill the whole script when no steps are left. */
function makeShims(shims: string, left: string) {
  mkdirSync(shims)
  for (const name of ['mv', 'rm', 'sync']) {
    const real = String(spawnSync('sh', ['-c', `command -v ${name}`]).stdout).trim()
    const text = `#!/bin/sh\nread -r n <'${left}'\n[ "$n" -gt 0 ] || kill -9 0\necho $((n - 1)) >'${left}'\nexec ${real} "$@"\n`
    writeFileSync(join(shims, name), text, { mode: 0o755 })
  }
}

/** Whether the server accepts what is in use, or what waits to prove itself. */
function isAccepted(state: string): boolean {
  return ['working.pem', 'working.next.pem'].some((name) => {
    const pem = readIfThere(join(state, name))
    if (pem === '') return false
    const { leaf } = parseCredential(pem, name)
    return server.issued.some(
      (one) => one.state === 'issued' && sameBytes(one.certificate.der, leaf.der),
    )
  })
}

test('the code is in no argument and no environment of any process', { skip }, async () => {
  expectDevice(server, 'PUMP-0310', 'seen-nowhere-7')
  const file = join(directory, 'code')
  writeFileSync(file, 'seen-nowhere-7\n', { mode: 0o600 })
  let seen = 'nothing was looked at'
  server.rules.instead = ({ method }) => {
    // curl is waiting for this answer right now.
    if (method === 'POST') seen = everyProcess()
    return false
  }
  assert.equal((await run(enrolWords('PUMP-0310', '--code-file', file))).status, 0)
  assert.match(seen, /curl/)
  assert.doesNotMatch(seen, /seen-nowhere-7/)
})

function everyProcess(): string {
  const pids = readdirSync('/proc').filter(
    (name) => /^\d+$/.test(name) && name !== `${process.pid}`,
  )
  return pids
    .map((pid) => readIfThere(`/proc/${pid}/cmdline`) + readIfThere(`/proc/${pid}/environ`))
    .join('\n')
}

/** A process may end while it is looked at. */
function readIfThere(file: string): string {
  try {
    return readFileSync(file, 'latin1')
  } catch {
    return ''
  }
}

test('either client goes on where the other stopped', { skip }, async () => {
  const state = await enrolled('PUMP-0311')
  const bench = { ...benchOf(new FragileFiles(), start), files: openDirectory(state) }
  const kept = await keepUp(bench, { now: true })
  assert.equal(kept.kind === 'kept' && kept.what, 'renewed')
  const { leaf } = workingOf(state)
  const done = await run(['renew', '--now', '--state', state])
  assert.equal(done.status, 0, done.error)
  assert.ok(!sameBytes(workingOf(state).leaf.der, leaf.der))
})

test('wrong use says what to write', { skip }, async () => {
  for (const [words, hint] of [
    [['enrol', '--server', 'http://x'], 'https://HOST:PORT'],
    [['enrol', '--server', 'https://x:1'], 'see vitalsign-enrol.sh help'],
    [['renew', '--code', 'x'], 'see vitalsign-enrol.sh help'],
    [['renew', '--state'], 'see vitalsign-enrol.sh help'],
    [['dance'], ''],
  ] as const) {
    const done = await run([
      ...words,
      ...(words.includes('--state' as never) ? [] : ['--state', stateOf('none')]),
    ])
    assert.equal(done.status, 2, done.error)
    assert.ok(done.error.includes(hint), done.error)
  }
  assert.equal((await run(['show', '--state', stateOf('none')])).status, 1)
})

function atHouse(house: TestHouse) {
  const fingerprint = new X509Certificate(rootPem(house)).fingerprint256.replaceAll(':', '')
  return { url: urlOf('https', house.addresses.devices), fingerprint }
}

test('the real house: birth by code, work by birth, and a renewal', { skip }, async () => {
  const house = await openTestHouse()
  try {
    const pump = await withProduct(house)
    const code = await withCode(house, await withDevice(house, pump, 'PUMP-0320'))
    const words = enrolWordsAt(atHouse(house), 'PUMP-0320', '--label', 'pump', '--birth')
    const done = await run(words, `${code}\n`)
    assert.equal(done.status, 0, done.error)
    const state = stateOf('PUMP-0320')
    const { leaf } = workingOf(state)
    const renewed = await run(['renew', '--now', '--state', state])
    assert.equal(renewed.status, 0, renewed.error)
    const { leaf: next } = workingOf(state)
    assert.deepEqual(next.subject.der, leaf.subject.der)
    assert.ok(!sameBytes(next.publicKey.der, leaf.publicKey.der))
    assert.deepEqual(house.troubles, [])
  } finally {
    await house.stop()
  }
})

test('the real house, where a person decides: it waits, and gets one certificate or the words of a no', {
  skip,
}, async () => {
  const waiting = { ...waitingLimits, leastSeconds: 1, mostSeconds: 1 }
  const house = await openTestHouse(undefined, { waiting })
  try {
    const pump = await withProduct(house)
    await changeProfile(house.core, manual)
    const deciding = async (serial: string, decide: (row: PendingRequest) => Promise<unknown>) => {
      const device = await withDevice(house, pump, serial)
      const code = await withCode(house, device)
      const row = new Promise<PendingRequest>((resolve) => {
        const unfollow = house.feed.follow(({ puts }) => {
          const put = puts.find(
            ({ kind, record }) => kind === 'request' && record.device === device.id,
          )
          if (put?.kind !== 'request') return
          unfollow()
          resolve(put.record)
        })
      })
      const done = run(enrolWordsAt(atHouse(house), serial, '--wait'), `${code}\n`)
      await decide(await row)
      return { ...(await done), device, code }
    }

    const yes = await deciding('PUMP-0321', (row) =>
      approveRequest(row, undefined, operator, house.core),
    )
    assert.equal(yes.status, 0, yes.error)
    const owned = { by: 'owner', equal: [yes.device.id] } as const
    assert.equal(await house.core.ledger.count('certificate', owned), 1)
    const found = await house.core.ledger.find('certificate', 'sha256', [
      sha256(workingOf(stateOf('PUMP-0321')).leaf.der),
    ])
    assert.equal(found?.owner, yes.device.id)

    const no = await deciding('PUMP-0322', (row) =>
      turnDownRequest(row, 'no unit of this lot', operator, house.core),
    )
    assert.equal(no.status, 1)
    assert.match(no.error, /status 403: approval-refused: .*no unit of this lot/)
  } finally {
    await house.stop()
  }
  assert.deepEqual(house.troubles, [])
})

test('the real house, where a person decides: without --wait the next run goes on with the same request', {
  skip,
}, async () => {
  const house = await openTestHouse()
  try {
    const pump = await withProduct(house)
    await changeProfile(house.core, manual)
    const device = await withDevice(house, pump, 'PUMP-0323')
    const code = await withCode(house, device)
    const words = enrolWordsAt(atHouse(house), 'PUMP-0323')
    for (let times = 0; times < 2; times++) {
      const later = await run(words, `${code}\n`)
      assert.equal(later.status, 3)
      assert.match(later.error, /hint: run the same command again after [23]\d s/)
    }
    const { items } = await house.core.ledger.list('request', { limit: 10 })
    const [row] = items
    assert.ok(row !== undefined && items.length === 1)
    await approveRequest(row, undefined, operator, house.core)
    const done = await run(words, `${code}\n`)
    assert.equal(done.status, 0, done.error)
    const owned = { by: 'owner', equal: [device.id] } as const
    assert.equal(await house.core.ledger.count('certificate', owned), 1)
  } finally {
    await house.stop()
  }
  assert.deepEqual(house.troubles, [])
})
