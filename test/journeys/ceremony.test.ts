// SPDX-License-Identifier: Apache-2.0
/**
 * The guide alone: every command of docs/guides/ceremony.md, as it stands there, with real processes and
 * people at a terminal, from a server without a root to a device that enrolled below one that was never on it.
 */
import assert from 'node:assert/strict'
import { execFileSync, spawn, spawnSync } from 'node:child_process'
import { copyFileSync, existsSync, readdirSync, readFileSync, writeFileSync } from 'node:fs'
import { join, resolve } from 'node:path'
import { test } from 'node:test'
import { temporaryDirectory } from '../support/house.ts'
import { atTerminal } from '../support/pseudo-terminal.ts'

const guide = readFileSync('docs/guides/ceremony.md', 'utf8')
const place = temporaryDirectory()
const program = resolve('bin/vitalsign')
const withoutScript =
  spawnSync('script', ['--version']).status === 0 ? false : 'script (util-linux) is not here'

/** Each line of the guide's sh blocks, continued ones joined, in their order. */
function commands(): string[] {
  return [...guide.matchAll(/^```sh\n([\s\S]*?)^```$/gm)].flatMap(([, block = '']) =>
    block
      .replaceAll(/\\\n\s*/g, '')
      .trim()
      .split('\n'),
  )
}

/** The guide's line, as it is run here: the program by its path, and ports that nobody has. */
function runnable(line: string): string {
  const ports = '--listen 127.0.0.1:0 --operator-listen 127.0.0.1:0 --status-listen 127.0.0.1:0'
  const words = line.replace(/^vitalsign /, `${program} `)
  return line.startsWith('vitalsign serve') ? `${words} ${ports}` : words
}

function run(line: string): string {
  const done = spawnSync('/bin/sh', ['-c', runnable(line)], { cwd: place, encoding: 'utf8' })
  assert.equal(done.status, 0, `${line}\n${done.stdout}${done.stderr}`)
  return done.stdout
}

const passphrase = (name: string) => `${name} keeps the northern lighthouse`

/** What people type; the custodians of an opening bring the shares that they took. */
function answer(question: string): string {
  const [, name = '', what = ''] = /^(.*?) \(\w+\): (.*)$/.exec(question) ?? []
  if (what.includes('type your name')) return name
  if (what.startsWith('directory of the medium')) return ''
  if (what.startsWith('file of your share'))
    return join(place, 'out/shares', `share-${name.slice(-1)}-of-3-set-1.txt`)
  const demanded = /type "([^"]+)" to go on/.exec(what)?.[1]
  if (demanded !== undefined) return demanded
  if (what.includes('passphrase')) return passphrase(name)
  throw new Error(`nobody expected the question: ${question}`)
}

async function atTable(line: string): Promise<string> {
  const spoken = await atTerminal(runnable(line), place, answer)
  assert.equal(spoken.status, 0, `${line}\n${spoken.said}`)
  return spoken.said
}

/** The commands of the guide that have not been run yet; each is taken once. */
const left = commands()
function take(beginning: string): string {
  const at = left.findIndex((line) => line.startsWith(`vitalsign ${beginning}`))
  const [line] = at === -1 ? [] : left.splice(at, 1)
  return line ?? assert.fail(`the guide says nothing that begins with ${beginning}`)
}

test('a ceremony by the guide gives a server whose roots were never on it', {
  skip: withoutScript,
}, async () => {
  writeFileSync(join(place, 'pass'), 'seven lanterns over the quiet harbour at dawn\n', {
    mode: 0o600,
  })
  const told = run(take('serve'))
  assert.match(told, /Vitalsign waits for its root: a PRODUCTION installation/)
  for (const file of readdirSync(join(place, 'data/requests')))
    copyFileSync(join(place, 'data/requests', file), join(place, file))
  run(take('ceremony new-script script.json'))
  const checked = run(take('ceremony check'))
  const digest = /SHA-256 ([0-9a-f]{64})/.exec(checked)?.[1] ?? ''

  const rehearsed = await atTable(take('ceremony run'))
  assert.match(rehearsed, /a rehearsal/)
  const held = await atTable(take('ceremony run'))
  // The digest of the script that was printed is the one that is read aloud.
  assert.ok(held.includes(digest.slice(0, 32).match(/.{4}/g)?.join(' ') ?? 'never'))
  const root = /root root\s+SHA-256 ([0-9a-f]{64})/.exec(held)?.[1] ?? assert.fail(held)

  const verified = run(take('ceremony verify'))
  assert.ok(verified.includes(root))
  assert.match(verified, /ml-dsa-87/)
  assert.match(verified, /issuing by root: [^\n]*O=Acme Medical/)
  const refused = changedBundle()
  assert.equal(refused.status, 1)
  assert.match(JSON.parse(refused.stdout).code, /^(?:bundle|transcript)-changed$/)

  // The passphrase file is where a command finds it, too.
  writeFileSync(
    join(place, 'data/vitalsign.json'),
    JSON.stringify({ 'passphrase-file': join(place, 'pass'), ...quiet }),
  )
  const imported = run(take('ceremony import'))
  assert.ok(imported.includes(root))
  assert.match(imported, /issuing-1, p-256, issues here/)
  assert.match(imported, /issuing-1-twin, ml-dsa-65, issues here/)
  const rehearsal = spawnSync(
    program,
    ['ceremony', 'import', 'rehearsal/act-1.vitalsign', '--data', './data'],
    { cwd: place, encoding: 'utf8' },
  )
  assert.equal(rehearsal.status, 1)
  assert.match(rehearsal.stderr, /this is a rehearsal, and the installation is a production one/)

  const serving = spawn('/bin/sh', ['-c', `exec ${runnable(take('serve'))}`], {
    cwd: place,
    stdio: 'pipe',
  })
  try {
    const greeting = await printed(serving, /claim it|next {7}/)
    assert.ok(greeting.includes(root))
    const devices = /devices\s+https:\/\/\S+:(\d+)/.exec(greeting)?.[1]
    await enrol(devices ?? assert.fail(greeting), root)
    assert.match(run(take('ceremony list')), /Acme Medical: device roots/)
    const shown = vitalsign('authority', 'show', 'root', '--json')
    assert.equal(JSON.parse(shown).keyWasHere, false)
    assert.match(vitalsign('doctor', '--production', '--json'), /no root key was ever here/)
    run(take('ceremony new-script again.json'))
    await atTable(take('ceremony open'))
    const second = run(take('ceremony import'))
    assert.match(second, /act 2 of vault/)
    run(take('authority request'))
    assert.ok(readFileSync(join(place, 'issuing-2.csr'), 'utf8').includes('CERTIFICATE REQUEST'))
  } finally {
    serving.kill('SIGTERM')
    await new Promise((done) => serving.once('close', done))
  }
  assert.deepEqual(left, [], 'a command of the guide was not run')
  assert.equal(existsSync(join(place, 'data/root')), false)
})

/** Ports that nobody has, for commands that open the house by themselves. */
const quiet = {
  listen: '127.0.0.1:0',
  'operator-listen': '127.0.0.1:0',
  'status-listen': '127.0.0.1:0',
  'public-url': 'http://pki.example.com',
}

function vitalsign(...words: readonly string[]): string {
  const done = spawnSync(program, [...words, '--data', './data'], {
    cwd: place,
    encoding: 'utf8',
  })
  return done.stdout
}

function changedBundle() {
  const bytes = readFileSync(join(place, 'out/act-1.vitalsign'))
  bytes[1000] = (bytes[1000] ?? 0) ^ 1
  writeFileSync(join(place, 'changed.vitalsign'), bytes)
  return spawnSync(program, ['ceremony', 'verify', 'changed.vitalsign', '--json'], {
    ...{ cwd: place, encoding: 'utf8' },
  })
}

async function printed(child: ReturnType<typeof spawn>, until: RegExp): Promise<string> {
  let text = ''
  const { promise, resolve, reject } = Promise.withResolvers<string>()
  const hear = (chunk: Buffer) => {
    text += chunk.toString()
    if (until.test(text)) resolve(text)
  }
  child.stdout?.on('data', hear)
  child.stderr?.on('data', hear)
  child.once('close', () => reject(new Error(text)))
  return promise
}

/** A device with openssl and curl alone, which trusts nothing but the fingerprint that was read aloud. */
async function enrol(port: string, root: string): Promise<void> {
  vitalsign('product', 'add', 'pump', '--maker', 'Acme')
  const added = JSON.parse(vitalsign('device', 'add', 'PUMP-1', '--product', 'pump', '--json'))
  const client = resolve('clients/sh/vitalsign-enrol.sh')
  const state = join(place, 'device')
  const words = [
    'enrol',
    '--server',
    `https://localhost:${port}`,
    '--serial',
    'PUMP-1',
    '--root',
    root,
  ]
  const done = spawnSync('sh', [client, ...words, '--state', state], {
    ...{ cwd: place, encoding: 'utf8', input: `${added.code.code}\n` },
  })
  assert.equal(done.status, 0, done.stdout + done.stderr)
  judgedByOpenssl(state, root)
}

/** openssl finds the device below the root that the ceremony wrote, and the root's list good. */
function judgedByOpenssl(state: string, root: string): void {
  const rootFile = join(place, 'out/root.pem')
  const openssl = (...args: readonly string[]) =>
    execFileSync('openssl', args, { cwd: place, encoding: 'utf8', stdio: 'pipe' })
  const found = openssl('x509', '-in', rootFile, '-noout', '-fingerprint', '-sha256')
  assert.equal(found.trim().split('=')[1]?.replaceAll(':', '').toLowerCase(), root)
  const list = readdirSync(join(place, 'out')).find((file) => file.startsWith('root-1.crl')) ?? ''
  assert.match(
    spawnSync('openssl', ['crl', '-in', join(place, 'out', list), '-CAfile', rootFile, '-noout'], {
      encoding: 'utf8',
    }).stderr,
    /verify OK/,
  )
  const issuing = readdirSync(join(place, 'out'))
    .filter((file) => file.startsWith('issuing-'))
    .map((file) => readFileSync(join(place, 'out', file), 'utf8'))
  writeFileSync(join(place, 'issuing.pem'), issuing.join(''))
  openssl('verify', '-CAfile', rootFile, '-untrusted', 'issuing.pem', join(state, 'working.pem'))
}
