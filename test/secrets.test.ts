// SPDX-License-Identifier: Apache-2.0
/**
 * What every process of the machine may see of ours, what they say, and every byte that they leave in
 * the data directory, searched for secrets after a whole life.
 */
import assert from 'node:assert/strict'
import { createPrivateKey } from 'node:crypto'
import { mkdtempSync, readdirSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join, relative } from 'node:path'
import { after, before, test } from 'node:test'
import { Derivations } from '#edge/keystore/derivation.ts'
import { keysIn, pathIn } from '#edge/keystore/key-directory.ts'
import { openKey, parseKeyFile } from '#edge/keystore/key-file.ts'
import { readPassphrase } from '#edge/keystore/passphrase.ts'
import { parsePem } from '#format/pem.ts'
import {
  askJson,
  endAll,
  type Program,
  run,
  type Said,
  type Server,
  serve,
} from '../demo/programs.ts'
import { listProcesses, readProcFile } from './support/processes.ts'

const directory = mkdtempSync(join(tmpdir(), 'vitalsign-secrets-'))
const data = join(directory, 'data')
const passphrase = 'lantern-oboe-glacier-4711-marzipan'

/** What must not be found, by what it is; each in all the spellings in which it could be written. */
const secrets = new Map<string, readonly Uint8Array[]>()
/** What was seen of processes, and what they said. */
const seen = new Map<string, string>()
const said: string[] = []
/** Every command that was given, as it stands among the processes. */
const given: string[] = []
/** Every byte of the data directory, by file: while the server ran, and after it. */
const kept = new Map<string, Uint8Array>()
/** The rights on the data directory and all in it, in octal. */
const modes = new Map<string, string>()
let server: Server

before(async () => {
  const sampler = setInterval(sample, 5)
  try {
    await live()
  } finally {
    clearInterval(sampler)
    await endAll()
  }
})
after(() => rmSync(directory, { recursive: true, force: true }))

/** Argument list and environment of all that runs and did not run before. */
function sample(): void {
  for (const pid of listProcesses()) {
    if (pid === process.pid) continue
    const words = readProcFile(pid, 'cmdline')
    if (!words.includes(directory)) continue
    seen.set(`${pid} ${words.replaceAll('\0', ' ')}`, `${words}\0${readProcFile(pid, 'environ')}`)
  }
}

async function live(): Promise<void> {
  // All that the log can tell.
  server = await serve(data, ['--log-level', 'debug'])
  given.push(`vitalsign.ts serve --data ${data}`)
  const link = readFileSync(join(data, 'claim-link'), 'utf8').trim()
  assert.equal(modeOf(join(data, 'claim-link')), '600')
  const { origin, hash } = new URL(link)
  const token = hash.replace('#claim=', '')
  keepText('claim token', token)
  keepText('passphrase', passphrase)
  await claimAndSignIn(origin, token)
  await operator('product', 'add', 'pump')
  await enrolAndRenew()
  await operator('log', 'show', '--all')
  await operator('certificate', 'list', '--all')
  said.push((await give('vitalsign', ['log', 'export', '--data', data])).output)
  keepDirectory('while it ran')
  await server.stop()
  said.push(server.said())
  keepDirectory('after it ended')
  await keepAuthorityKeys()
}

async function claimAndSignIn(origin: string, token: string): Promise<void> {
  const post = async (path: string, body: object, status: number) => {
    const answer = await fetch(`${origin}/api/v1/${path}`, {
      method: 'POST',
      headers: { origin, 'content-type': 'application/json' },
      body: JSON.stringify(body),
    })
    const text = await answer.text()
    assert.equal(answer.status, status, text)
    said.push(text)
    return answer
  }
  await post('claim', { token, name: 'Ada', passphrase, maker: 'Acme' }, 201)
  await post('session', { name: 'Ada', passphrase: `${passphrase}?` }, 401)
  const signedIn = await post('session', { name: 'Ada', passphrase }, 200)
  const session = /=([^;]+)/.exec(signedIn.headers.getSetCookie()[0] ?? '')?.[1]
  keepText('session token', session ?? assert.fail('no session'))
}

async function enrolAndRenew(): Promise<void> {
  const adding = ['device', 'add', 'PUMP-0001', '--product', 'pump', '--data', data]
  given.push(`vitalsign.ts ${adding.join(' ')}`)
  const told = await askJson('vitalsign', adding)
  const {
    server: address,
    rootSha256,
    code,
  } = told as {
    readonly server: string
    readonly rootSha256: string
    readonly code: { readonly code: string }
  }
  const bare = code.code.replaceAll('-', '')
  for (const spelling of [code.code, bare, bare.toLowerCase(), code.code.toLowerCase()]) {
    keepText(`enrolment code (${spelling.length})`, spelling)
  }
  keepText('credentials', Buffer.from(`PUMP-0001:${code.code}`).toString('base64'))
  const state = join(directory, 'state')
  const file = join(directory, 'code')
  writeFileSync(file, `${code.code}\n`, { mode: 0o600 })
  const whom = ['--server', address, '--serial', 'PUMP-0001', '--root', rootSha256, '--once']
  await device('enrol', ...whom, '--state', state, '--code-file', file)
  rmSync(file)
  keepDeviceKey(state)
  await device('renew', '--now', '--state', state)
  keepDeviceKey(state)
  await device('run', '--once', '--state', state)
  // Refused with the code in hand: neither side repeats it.
  const again = ['enrol', ...whom, '--state', join(directory, 'other'), '--code-file', '-']
  said.push(...textOf(await give('vitalsign-device', again, `${code.code}\n`)))
}

function keepDeviceKey(state: string): void {
  const [block] = parsePem(readFileSync(join(state, 'working.pem'), 'utf8'))
  assert.equal(block?.label, 'PRIVATE KEY')
  keepKey(`device key ${secrets.size}`, block.bytes)
}

async function keepAuthorityKeys(): Promise<void> {
  const unlock = join(data, 'unlock')
  keepText('unlock', readFileSync(unlock, 'utf8').trim())
  const derivations = new Derivations(await readPassphrase({ kind: 'file', path: unlock }))
  for (const place of [join(data, 'keys'), join(data, 'root')]) {
    for (const id of await keysIn(place)) {
      const sealed = parseKeyFile(readFileSync(pathIn(place, id), 'utf8'), id)
      keepKey(`key ${id}`, await openKey(sealed, derivations))
    }
  }
}

function keepText(what: string, text: string): void {
  assert.ok(text.length >= 16, `${what} is too short to be searched for`)
  const bytes = new TextEncoder().encode(text)
  secrets.set(what, [bytes, new TextEncoder().encode(bytes.toHex())])
}

/** The key as it could be written: PKCS #8 and its bare secret number, plain, in hex and in base64. */
function keepKey(what: string, pkcs8: Uint8Array): void {
  const key = createPrivateKey({ key: Buffer.from(pkcs8), format: 'der', type: 'pkcs8' })
  const { d = '' } = key.export({ format: 'jwk' })
  const scalar = Uint8Array.fromBase64(d, { alphabet: 'base64url' })
  const encode = (text: string) => new TextEncoder().encode(text)
  secrets.set(what, [
    ...[pkcs8, scalar, encode(scalar.toHex()), encode(scalar.toHex().toUpperCase())],
    ...[encode(d), encode(pkcs8.toBase64().slice(0, 64)), encode(scalar.toBase64().slice(0, 40))],
  ])
}

function keepDirectory(when: string): void {
  modes.set(`., ${when}`, modeOf(data))
  for (const entry of readdirSync(data, { recursive: true, withFileTypes: true })) {
    const path = join(entry.parentPath, entry.name)
    const name = `${relative(data, path)}${entry.isDirectory() ? '/' : ''}, ${when}`
    modes.set(name, modeOf(path))
    if (entry.isFile()) kept.set(name, new Uint8Array(readFileSync(path)))
  }
}

function modeOf(path: string): string {
  return (statSync(path).mode & 0o777).toString(8)
}

function give(program: Program, words: readonly string[], input = ''): Promise<Said> {
  given.push(`${program}.ts ${words.join(' ')}`)
  return run(program, words, input)
}

async function operator(...words: readonly string[]): Promise<void> {
  const answer = await give('vitalsign', [...words, '--data', data])
  said.push(...textOf(answer))
  assert.equal(answer.status, 0, answer.errors)
}

async function device(...words: readonly string[]): Promise<void> {
  const answer = await give('vitalsign-device', words)
  said.push(...textOf(answer))
  assert.equal(answer.status, 0, answer.errors)
}

function textOf({ output, errors }: Said): readonly string[] {
  return [output, errors]
}

/** The secrets that stand in these bytes. */
function found(bytes: Uint8Array): readonly string[] {
  const buffer = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength)
  return [...secrets]
    .filter(([, spellings]) => spellings.some((one) => buffer.includes(one)))
    .map(([what]) => what)
}

test('no argument and no environment of a process holds a secret', () => {
  const unseen = given.filter((command) => ![...seen.keys()].some((one) => one.includes(command)))
  assert.deepEqual(unseen, [])
  assert.ok(given.length > 8)
  for (const [words, visible] of seen) {
    assert.deepEqual(found(Buffer.from(visible, 'latin1')), [], words)
  }
})

test('nothing that a program said holds a secret', () => {
  assert.ok(said.length > 10)
  for (const operation of ['est-simpleenroll', 'est-simplereenroll', 'claim', 'sign-in']) {
    assert.match(said.join('\n'), new RegExp(`"operation":"[^"]*${operation}`), operation)
  }
  for (const text of said) assert.deepEqual(found(new TextEncoder().encode(text)), [], text)
})

test('no file of the data directory holds a secret, but for the unlock file and the unused claim link', () => {
  assert.ok([...kept.keys()].some((name) => name.includes('-wal, while it ran')))
  for (const [name, bytes] of kept) {
    const own = name.startsWith('unlock,') ? ['unlock'] : []
    assert.deepEqual(found(bytes), own, name)
  }
})

test("the claim link's file is gone once somebody has claimed", () => {
  assert.deepEqual(
    [...kept.keys()].filter((name) => name.startsWith('claim-link')),
    [],
  )
})

test('only the owner may look into the data directory, and into anything in it', () => {
  assert.ok(modes.has('admin.sock, while it ran'))
  for (const [name, mode] of modes) {
    assert.equal(mode, /^\.,|\/,/.test(name) ? '700' : '600', name)
  }
})

test('the search finds what it looks for', () => {
  for (const [what, spellings] of secrets) {
    for (const spelling of spellings) {
      assert.ok(found(Buffer.concat([Buffer.alloc(7, 0x41), spelling])).includes(what))
    }
  }
})
