// SPDX-License-Identifier: Apache-2.0
/** The servers of docs/guides/authenticate-devices.md in four languages, as they stand there, against a house. */
import assert from 'node:assert/strict'
import { type ChildProcess, spawn, spawnSync } from 'node:child_process'
import { once } from 'node:events'
import { existsSync, readFileSync, writeFileSync } from 'node:fs'
import { request } from 'node:https'
import { join } from 'node:path'
import { createInterface } from 'node:readline'
import { after, before, test } from 'node:test'
import type { Product } from '#core/ledger/tables.ts'
import { revoke } from '#core/revocation/revoke.ts'
import { sha256 } from '#trust/digest.ts'
import {
  type Credential,
  enrolled,
  openTestHouse,
  rootPem,
  type TestHouse,
  temporaryDirectory,
  withProduct,
} from '../support/house.ts'
import { identityOf, withApplication } from '../support/verifier.ts'
import { makeTestAuthority, pemOf, type TestIdentity } from '../tls-certificates.ts'

const examples = new URL('../../examples/authenticate/', import.meta.url).pathname
const operator = { kind: 'person', id: 'test' } as const
const directory = temporaryDirectory()

interface Language {
  readonly name: string
  /** What runs it; skipped by name where it is absent. */
  readonly program: string
  readonly file: string
  command(file: string, verifyUrl: string): readonly string[]
}

const goBinary = join(directory, 'go-server')
const languages: readonly Language[] = [
  {
    ...{ name: 'Node', program: process.execPath, file: 'node/server.ts' },
    // It asks no server, so that it is to fetch the lists anew each time.
    command: (file) => [
      process.execPath,
      '--disable-warning=ExperimentalWarning',
      file,
      directory,
      'pump',
      '0',
    ],
  },
  {
    ...{ name: 'Go', program: '/usr/bin/go', file: 'go/main.go' },
    command: (_, url) => [goBinary, directory, 'pump', url],
  },
  {
    ...{ name: 'Python', program: '/usr/bin/python3', file: 'python/server.py' },
    command: (file, url) => ['/usr/bin/python3', file, directory, 'pump', url],
  },
  {
    ...{ name: 'Java', program: '/usr/bin/java', file: 'java/Server.java' },
    command: (file, url) => ['/usr/bin/java', file, directory, 'pump', url],
  },
]

let house: TestHouse
let pump: Product
let good: TestIdentity
let other: TestIdentity
let born: TestIdentity
let stranger: TestIdentity
before(async () => {
  house = await openTestHouse()
  pump = await withProduct(house)
  const monitor = await withProduct(house, 'monitor')
  good = shown(await enrolled(house, pump, 'PUMP-0001'))
  other = shown(await enrolled(house, monitor, 'MON-1', { label: 'monitor' }))
  born = shown(await enrolled(house, pump, 'PUMP-0002', { label: 'pump-birth' }))
  stranger = await (await makeTestAuthority('Stranger')).issue('PUMP-0001')
  const server = await withApplication(house, 'server', { profile: 'server', names: ['localhost'] })
  const asker = await withApplication(house, 'asker', { products: [pump.id] })
  for (const [name, credential] of [
    ['server', server],
    ['asker', asker],
  ] as const) {
    const { key, chain } = shown(credential)
    writeFileSync(join(directory, `${name}.pem`), pemOf(chain))
    writeFileSync(join(directory, `${name}.key`), key)
  }
  writeFileSync(join(directory, 'roots.pem'), rootPem(house))
})
after(async () => {
  await house.stop()
  assert.deepEqual(house.troubles, [])
})

/** With the authority below the root, as a device sends it. */
function shown(credential: Credential): TestIdentity {
  const above = house.core.doors.own.filter(({ parent }) => parent !== null)
  return identityOf(
    credential,
    above.slice(0, 1).map(({ certificate }) => certificate),
  )
}

interface Server {
  readonly port: number
  stop(): Promise<void>
}

async function start({ name, file, command }: Language): Promise<Server> {
  if (name === 'Go') buildGo(file)
  const verifyUrl = `https://localhost:${house.addresses.devices.port}/api/v1/verify`
  const [program = '', ...words] = command(join(examples, file), verifyUrl)
  const child: ChildProcess = spawn(program, words, { stdio: ['ignore', 'pipe', 'pipe'] })
  const said: string[] = []
  if (child.stdout === null || child.stderr === null) throw new Error('no pipes')
  createInterface({ input: child.stderr }).on('line', (line) => said.push(line))
  const exited = once(child, 'exit')
  const [line] = await Promise.race([
    once(createInterface({ input: child.stdout }), 'line'),
    exited.then(() => assert.fail(`${name} ended: ${said.join('\n')}`)),
  ])
  const port = Number(/listening on (\d+)/.exec(String(line))?.[1])
  return {
    port,
    stop: async () => {
      child.kill()
      await exited
    },
  }
}

/** Compiled once and run: `go run` leaves its child behind when it is stopped. */
function buildGo(file: string): void {
  const environment = { ...process.env, GOFLAGS: '-mod=mod', GO111MODULE: 'off' }
  const built = spawnSync('/usr/bin/go', ['build', '-o', goBinary, join(examples, file)], {
    ...{ env: environment, encoding: 'utf8' },
  })
  assert.equal(built.status, 0, built.stderr)
}

/** `200 hello PUMP-0001`, `403 REASON`, or `no TLS` where the handshake itself was refused. */
async function call({ port }: Server, identity: TestIdentity | undefined): Promise<string> {
  const tls = {
    ...{ ca: rootPem(house), servername: 'localhost', agent: false },
    ...(identity && { key: identity.key, cert: pemOf(identity.chain) }),
  }
  const { promise, resolve } = Promise.withResolvers<string>()
  request({ host: '127.0.0.1', port, ...tls }, (answer) => {
    const chunks: Buffer[] = []
    answer.on('data', (chunk: Buffer) => chunks.push(chunk))
    answer.on('error', () => resolve('no TLS'))
    answer.on('end', () =>
      resolve(`${answer.statusCode} ${Buffer.concat(chunks).toString().trim()}`),
    )
  })
    .on('error', () => resolve('no TLS'))
    .end()
  return promise
}

for (const language of languages) {
  const { name, program, file } = language
  const isThere = existsSync(program) || process.env['PEERS'] === 'required'
  test(`${name} lets in a good device, and no revoked, other, newborn or strange one`, {
    skip: isThere ? false : `${program} is missing`,
    timeout: 120_000,
  }, async () => {
    const lost = await enrolled(house, pump, `PUMP-${name}`)
    const server = await start(language)
    try {
      assert.equal(await call(server, good), '200 hello PUMP-0001')
      assert.equal(await call(server, shown(lost)), `200 hello PUMP-${name}`)
      const found = await house.core.ledger.find('certificate', 'sha256', [
        sha256(lost.certificate),
      ])
      const end = { id: found?.id ?? '', reason: 'unspecified', because: 'lost' } as const
      await revoke(end, operator, house.core)
      assert.equal(await call(server, shown(lost)), '403 certificate-revoked')
      assert.equal(await call(server, other), '403 identity-differs')
      assert.equal(await call(server, born), '403 certificate-wrong-purpose')
      for (const nobody of [stranger, undefined])
        assert.match(
          await call(server, nobody),
          /^no TLS$|^403 certificate-(not-trusted|malformed)$/,
        )
      assert.equal(await call(server, good), '200 hello PUMP-0001')
    } finally {
      await server.stop()
    }
  })

  test(`what the guide shows for ${name} is what runs`, () => {
    const guide = readFileSync(
      new URL('../../docs/guides/authenticate-devices.md', import.meta.url),
      'utf8',
    )
    assert.ok(guide.includes(readFileSync(join(examples, file), 'utf8')), file)
  })
}
