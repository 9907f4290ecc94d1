// SPDX-License-Identifier: Apache-2.0
/** What `doctor --tls` finds at openssl, mosquitto and our own ports, and at peers that mean no good. */
import assert from 'node:assert/strict'
import { type ChildProcess, execFile, spawn, spawnSync } from 'node:child_process'
import { once } from 'node:events'
import { writeFileSync } from 'node:fs'
import { createServer, type Server, type Socket } from 'node:net'
import { join } from 'node:path'
import { after, before, test } from 'node:test'
import { systemRandomness } from '#edge/chance/system-randomness.ts'
import { systemClock } from '#edge/clock/system-clock.ts'
import { type Finding, judge } from '#edge/tls-probe/judge.ts'
import { lookAt } from '#edge/tls-probe/look.ts'
import { type ProbeLimits, probeLimits } from '#edge/tls-probe/wire.ts'
import { parseCertificate } from '#format/x509/certificate.ts'
import { openTestHouse, type TestHouse, temporaryDirectory } from '../support/house.ts'
import { makeTestAuthority, pemOf, type TestAuthority } from '../tls-certificates.ts'

const required = process.env['PEERS'] === 'required'
function skipWithout(program: string, word: string): string | false {
  const isThere = spawnSync(program, [word]).error === undefined
  return isThere || required ? false : `${program} is missing`
}
const skip = skipWithout('openssl', 'version')
const mosquitto = '/usr/sbin/mosquitto'
const skipMosquitto = skip || skipWithout(mosquitto, '-h')

const directory = temporaryDirectory()
const file = (name: string) => join(directory, name)
const children: ChildProcess[] = []
let authority: TestAuthority

before(async () => {
  authority = await makeTestAuthority()
  const identity = await authority.issue('peer')
  writeFileSync(file('chain.pem'), pemOf(identity.chain))
  writeFileSync(file('leaf.pem'), pemOf(identity.chain.slice(0, 1)))
  writeFileSync(file('issuing.pem'), pemOf(identity.chain.slice(1)))
  writeFileSync(file('above.pem'), pemOf([...identity.chain.slice(1), authority.root]))
  writeFileSync(file('key.pem'), identity.key)
  writeFileSync(file('root.pem'), authority.rootPem)
  writeFileSync(file('staple.der'), Uint8Array.of(0x30, 3, 0x0a, 1, 6)) // unauthorized: who staples does not look
})
after(async () => {
  for (const child of children) {
    if (child.exitCode !== null || child.signalCode !== null) continue
    child.kill('SIGKILL')
    await once(child, 'exit')
  }
})

async function freePort(): Promise<number> {
  const server = createServer().listen(0, '127.0.0.1')
  await once(server, 'listening')
  const { port } = server.address() as { port: number }
  server.close()
  await once(server, 'close')
  return port
}

/** `openssl s_server` with these words, once it accepts. */
async function opensslServer(words: readonly string[]): Promise<number> {
  const port = await freePort()
  const all = ['-accept', `127.0.0.1:${port}`, '-key', file('key.pem'), '-cert', file('leaf.pem')]
  const child = spawn('openssl', ['s_server', ...all, '-www', ...words], {
    stdio: ['ignore', 'pipe', 'ignore'],
  })
  children.push(child)
  for await (const chunk of child.stdout) if (String(chunk).includes('ACCEPT')) break
  child.stdout.resume()
  return port
}

interface Options {
  readonly host?: string
  readonly roots?: readonly Uint8Array[]
  readonly limits?: Partial<ProbeLimits>
}

async function findings(
  port: number,
  { host = 'localhost', roots = [authority.root], limits = {} }: Options = {},
): Promise<Readonly<Record<string, Finding>>> {
  const looked = await lookAt(
    { host: '127.0.0.1', port, serverName: host },
    { ...probeLimits, ...limits },
    { random: systemRandomness, clock: systemClock, tell: () => {} },
  )
  if (looked.kind === 'none') assert.fail(looked.words)
  const found = judge(looked, {
    ...{ now: systemClock.now(), host, roots: roots.map((der) => parseCertificate(der)) },
    deviceIssuers: [parseCertificate(authority.root).subject.der],
  })
  return Object.fromEntries(found.map((one) => [one.check, one]))
}

/** Check -> verdict. */
function verdictsOf(found: Readonly<Record<string, Finding>>): Record<string, string> {
  return Object.fromEntries(Object.entries(found).map(([check, { verdict }]) => [check, verdict]))
}

const others = { certificate: 'warning', 'its names': 'good', 'its key': 'good' } // it ends in an hour

test('openssl as it is: no group that withstands quantum computers, CBC, sessions resumed', {
  skip,
}, async () => {
  const found = await findings(await opensslServer(['-cert_chain', file('issuing.pem')]))
  assert.match(found['groups']?.found ?? '', /^X25519, /)
  assert.match(found['suites of TLS 1.2']?.means ?? '', /_CBC_SHA384: CBC with a code after it/)
  assert.match(found['resumption, TLS 1.3']?.found ?? '', /^\d tickets, and a session was resumed$/)
  assert.match(found['leads to our roots']?.found ?? '', /certificate-wrong-purpose/)
  const { 'leads to our roots': _, ...rest } = verdictsOf(found)
  assert.deepEqual(rest, {
    ...{ versions: 'good', 'suites of TLS 1.3': 'good', 'suites of TLS 1.2': 'warning' },
    ...{ groups: 'warning', 'TLS 1.2 itself': 'good', ...others, 'certificates sent': 'good' },
    ...{ 'OCSP stapling': 'good', 'client certificate': 'warning' },
    ...{ 'resumption, TLS 1.3': 'good', 'resumption, TLS 1.2': 'good' },
  })
})

test('openssl as nobody should run it: old versions, suites that prove nobody, a root sent along', {
  skip,
}, async () => {
  const words = ['-cipher', 'ALL:COMPLEMENTOFALL:@SECLEVEL=0', '-legacy_renegotiation']
  const old = [
    '-min_protocol',
    'TLSv1',
    '-max_protocol',
    'TLSv1.2',
    '-cert_chain',
    file('above.pem'),
  ]
  const found = await findings(await opensslServer([...words, ...old]))
  assert.equal(found['versions']?.found, 'TLS 1.0, TLS 1.1, TLS 1.2')
  assert.equal(found['versions']?.verdict, 'failed')
  assert.equal(found['suites of TLS 1.2']?.verdict, 'failed')
  assert.match(found['suites of TLS 1.2']?.means ?? '', /_NULL_SHA.*proves nobody/)
  assert.match(found['certificates sent']?.means ?? '', /the root is among them/)
})

test('openssl that demands, staples and resumes nothing', { skip }, async () => {
  const words = ['-Verify', '3', '-CAfile', file('root.pem'), '-status_file', file('staple.der')]
  const found = await findings(
    await opensslServer([...words, '-no_ticket', '-no_cache', '-tls1_3', '-groups', 'P-521']),
  )
  assert.equal(found['versions']?.found, 'TLS 1.3')
  assert.equal(found['groups']?.found, 'P-521')
  assert.equal(found['client certificate']?.found, 'demands one; names 1 authority')
  assert.equal(found['client certificate']?.verdict, 'good')
  assert.equal(found['OCSP stapling']?.found, '5 bytes')
  assert.match(found['leads to our roots']?.found ?? '', /^no: /, 'its issuer was not sent')
  assert.match(found['resumption, TLS 1.3']?.found ?? '', /insists on a client certificate/)
})

test('a server that names other authorities than ours, or has another name, is told', {
  skip,
}, async () => {
  writeFileSync(file('other.pem'), (await makeTestAuthority('Other')).rootPem)
  const port = await opensslServer(['-verify', '3', '-CAfile', file('other.pem')])
  const found = await findings(port, { host: 'broker.example.com' })
  assert.match(found['client certificate']?.means ?? '', /none of these is an authority of ours/)
  assert.match(found['client certificate']?.found ?? '', /^asks for one, and goes on without/)
  assert.equal(found['its names']?.verdict, 'failed')
  assert.match(found['resumption, TLS 1.3']?.means ?? '', /one that was revoked meanwhile/)
})

test('a server whose handshake cannot be read is not blamed for it', { skip }, async () => {
  const found = await findings(await opensslServer(['-tls1_3', '-groups', 'X448']))
  assert.equal(found['groups']?.found, 'X448')
  for (const check of ['certificate', 'client certificate']) {
    assert.equal(found[check]?.verdict, 'warning')
    assert.match(
      found[check]?.found ?? '',
      /could not be read.*X25519MLKEM768.* it says: the alert/,
    )
  }
})

test('mosquitto that demands certificates', { skip: skipMosquitto }, async () => {
  const port = await freePort()
  writeFileSync(
    file('mosquitto.conf'),
    [
      ...[`listener ${port} 127.0.0.1`, `cafile ${file('root.pem')}`],
      ...[`certfile ${file('chain.pem')}`, `keyfile ${file('key.pem')}`],
      ...['require_certificate true', 'use_identity_as_username true', 'user root'],
    ].join('\n'),
  )
  const child = spawn(mosquitto, ['-c', file('mosquitto.conf')], { stdio: 'ignore' })
  children.push(child)
  for (;;) {
    const looked = await findings(port).catch(() => undefined)
    if (looked === undefined) {
      assert.equal(child.exitCode, null, 'mosquitto ended')
      continue
    }
    assert.match(looked['client certificate']?.found ?? '', /^demands one; names no authorities$/)
    assert.equal(looked['certificates sent']?.verdict, 'good')
    break
  }
})

test('our own ports are as the table of settings has them', async () => {
  const house: TestHouse = await openTestHouse(undefined, {}, ['--legacy-listen', '127.0.0.1:0'])
  try {
    const roots = house.core.doors.own.filter(({ kind }) => kind === 'root')
    const of = { roots: roots.map(({ certificate }) => certificate) }
    const { devices, legacy = assert.fail() } = house.addresses
    const [main, old] = [await findings(devices.port, of), await findings(legacy.port, of)]
    for (const found of [main, old]) {
      assert.deepEqual([...new Set(Object.values(verdictsOf(found)))], ['good'])
      assert.equal(found['groups']?.found, 'X25519MLKEM768, X25519, P-256, P-384')
      assert.equal(found['leads to our roots']?.found, 'yes, by RFC 5280')
      assert.match(
        found['client certificate']?.found ?? '',
        /goes on without; names no authorities$/,
      )
      assert.match(found['resumption, TLS 1.3']?.found ?? '', /none of use$/)
    }
    assert.equal(main['versions']?.found, 'TLS 1.3')
    assert.equal(old['versions']?.found, 'TLS 1.2, TLS 1.3')
    assert.equal(
      old['suites of TLS 1.2']?.found
        .split(', ')
        .every((name) => /^ECDHE_.*(GCM|CCM|POLY1305)/.test(name)),
      true,
    )
    assert.match(old['resumption, TLS 1.2']?.found ?? '', /none of use$/)

    const told = await runDoctor([
      '--tls',
      `localhost:${devices.port}`,
      '--data',
      house.directory,
      '--json',
    ])
    assert.equal(told.status, 0, told.stderr)
    const { good, connections, findings: all } = JSON.parse(told.stdout)
    assert.equal(good, true)
    assert.ok(connections > 10 && connections < 40, `${connections} connections`)
    const leads = all.find(({ check }: Finding) => check === 'leads to our roots')
    assert.equal(leads?.verdict, 'good', 'the running server was asked for its roots')
  } finally {
    await house.stop()
  }
})

test('a port that is shut, a wrong address and a stray option are told apart', async () => {
  const port = await freePort()
  const [shut, wrong, stray] = await Promise.all([
    runDoctor(['--tls', `127.0.0.1:${port}`, '--data', directory]),
    runDoctor(['--tls', 'nowhere']),
    runDoctor(['--roots', file('root.pem')]),
  ])
  assert.deepEqual([shut.status, /ECONNREFUSED/.test(shut.stderr)], [3, true])
  assert.deepEqual([wrong.status, /must be HOST:PORT/.test(wrong.stderr)], [2, true])
  assert.deepEqual([stray.status, /says nothing without --tls/.test(stray.stderr)], [2, true])
})

const evil: readonly (readonly [string, (socket: Socket) => void, RegExp])[] = [
  ['is silent', () => {}, /no whole answer in 200 ms/],
  ['hangs up', (socket) => socket.destroy(), /no version of TLS is agreed/],
  ['speaks HTTP', (socket) => socket.end('HTTP/1.1 400 Bad Request\r\n\r\n'), /is no TLS/],
  [
    'sends garbage',
    (socket) => socket.write(systemRandomness.bytes(70_000)),
    /is no TLS|no version/,
  ],
  ['sends for ever', (socket) => flood(socket), /no whole answer|more than \d+ bytes|is no TLS/],
  ['drips', (socket) => drip(socket), /no whole answer in 200 ms/],
  [
    'says a record of 65,535 bytes',
    (socket) => socket.write(record(22, 65_535)),
    /a record of 65535/,
  ],
  ['says a message of 16 MB', (socket) => socket.write(hugeMessage()), /a message of 16777215/],
  ['begins with another message', (socket) => socket.write(certificateFirst()), /comes first/],
  [
    'speaks in alerts',
    (socket) => socket.write(Uint8Array.of(21, 3, 3, 0, 2, 2, 40)),
    /handshake_failure/,
  ],
]

for (const [what, answer, expected] of evil)
  test(`a peer that ${what} is told, and holds nothing up`, async () => {
    const server = await evilServer(answer)
    const { port } = server.address() as { port: number }
    const looked = await lookAt(
      { host: '127.0.0.1', port, serverName: 'localhost' },
      { ...probeLimits, connectionMilliseconds: 200, mostBytes: 65_536 },
      { random: systemRandomness, clock: systemClock, tell: () => {} },
    )
    assert.equal(looked.kind, 'none')
    assert.match(looked.kind === 'none' ? looked.words : '', expected)
    server.close()
  })

async function evilServer(answer: (socket: Socket) => void): Promise<Server> {
  const server = createServer((socket) => {
    socket.on('error', () => {})
    socket.once('data', () => answer(socket))
  }).listen(0, '127.0.0.1')
  await once(server, 'listening')
  return server
}

function flood(socket: Socket): void {
  const piece = new Uint8Array(16_384 + 5)
  piece.set([22, 3, 3, 0x40, 0])
  piece.set([2, 0xff, 0xff, 0xff], 5)
  const more = () => {
    while (!socket.destroyed && socket.write(piece)) {}
  }
  socket.on('drain', more)
  more()
}

function drip(socket: Socket): void {
  socket.write(record(22, 16_384))
  const timer = setInterval(() => socket.write(Uint8Array.of(2)), 20)
  socket.once('close', () => clearInterval(timer))
}

function record(type: number, length: number): Uint8Array {
  return Uint8Array.of(type, 3, 3, length >> 8, length & 0xff)
}

function hugeMessage(): Uint8Array {
  return Uint8Array.of(...record(22, 4), 2, 0xff, 0xff, 0xff)
}

function certificateFirst(): Uint8Array {
  return Uint8Array.of(...record(22, 4), 11, 0, 0, 0)
}

/** One command line to its end; the house, which is in this process, goes on meanwhile. */
function runDoctor(words: readonly string[]) {
  const { promise, resolve } = Promise.withResolvers<{
    readonly status: number | string | null | undefined
    readonly stdout: string
    readonly stderr: string
  }>()
  const flags = ['--disable-warning=ExperimentalWarning', 'bin/vitalsign.ts', 'doctor']
  execFile(process.execPath, [...flags, ...words], (error, stdout, stderr) =>
    resolve({ status: error === null ? 0 : error.code, stdout, stderr }),
  )
  return promise
}
