// SPDX-License-Identifier: Apache-2.0
/** The release, tried as those who get it: packed files, installed somewhere else, and run there. */
import assert from 'node:assert/strict'
import { spawnSync } from 'node:child_process'
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, test } from 'node:test'
import { encodePem } from '#format/pem.ts'
import { mcubootForm } from '#trust/artefact/mcuboot/mcuboot.ts'
import { packages } from '../../scripts/build/packages.ts'
import { signed, signerOf } from '../support/artefacts/signed.ts'
import { plainEnvironment, Running } from '../support/fresh-copy.ts'
import { openTestHouse, withCode, withDevice, withProduct } from '../support/house.ts'

const root = join(import.meta.dirname, '../..')
const place = mkdtempSync(join(tmpdir(), 'vitalsign-package-'))
after(() => rmSync(place, { recursive: true, force: true }))
const out = join(place, 'dist')
const version = (
  JSON.parse(readFileSync(join(root, 'package.json'), 'utf8')) as { version: string }
).version
/** The Node of the project first on the path, as for somebody who has that Node. */
const environment = {
  ...plainEnvironment(),
  PATH: `${join(root, 'node_modules/.bin')}:${plainEnvironment().PATH}`,
}

function run(directory: string, command: string, words: readonly string[], input = '') {
  const options = { cwd: directory, env: environment, input, encoding: 'utf8' } as const
  return spawnSync(command, words, options)
}

const built = run(root, process.execPath, ['scripts/build.ts', '--out', out])
assert.equal(built.status, 0, built.stderr)

function filesIn(name: string): readonly string[] {
  const { stdout } = run(out, 'tar', ['-tzf', `${name}-${version}.tgz`])
  return stdout
    .trim()
    .split('\n')
    .map((path) => path.replace('package/', ''))
}

/** Installs a packed file in a directory of its own. */
function installed(name: string, ...options: readonly string[]) {
  const directory = join(place, name)
  mkdirSync(directory)
  writeFileSync(join(directory, 'package.json'), '{ "name": "user", "type": "module" }\n')
  const file = join(out, `${name}-${version}.tgz`)
  const words = ['install', '--no-audit', '--no-fund', ...options, file]
  return { directory, done: run(directory, 'npm', words) }
}

test('a package holds programs, what they read, and nothing that only makers need', () => {
  const server = filesIn('vitalsign')
  for (const needed of [
    ...['bin/vitalsign', 'bin/vitalsign.js', 'LICENSE', 'sbom.cdx.json', 'docs/words.md'],
    ...['src/console/page/index.html', 'src/edge/store/book/book-thread.js'],
    ...['src/edge/store/schema/migrations/sqlite/0001-first.sql'],
    ...['deploy/systemd/vitalsign.service', 'clients/sh/vitalsign-enrol.sh'],
  ]) {
    assert.ok(server.includes(needed), needed)
  }
  const client = filesIn('vitalsign-device')
  assert.ok(client.includes('src/device/enrol.d.ts'))
  for (const file of [...server, ...client]) {
    assert.doesNotMatch(file, /\.test\.|-testing\.|^(test|bench|demo|scripts)\/|(?<!\.d)\.ts$/)
  }
  assert.deepEqual(
    client.filter((file) => /^src\/(edge|core|house|cli|console)\//.test(file)),
    [],
  )
})

test('no built module names a file of types', () => {
  const found = run(out, 'grep', [
    '-rlE',
    '(from|import|import\\() *["\'][#.][^"\']*\\.ts["\']',
    '.',
  ])
  assert.equal(found.stdout, '')
})

const { directory: client, done: clientInstalled } = installed('vitalsign-device', '--offline')

test('the device client installs without a network, and brings nothing else', () => {
  assert.equal(clientInstalled.status, 0, clientInstalled.stderr)
  const { packages } = JSON.parse(
    readFileSync(join(client, 'node_modules/.package-lock.json'), 'utf8'),
  ) as { packages: object }
  assert.deepEqual(Object.keys(packages), ['node_modules/vitalsign-device'])
  const help = run(client, 'node_modules/.bin/vitalsign-device', ['--help'])
  assert.equal(help.status, 0, help.stderr)
  assert.match(help.stdout, /^vitalsign-device: /)
})

test('the device client as packed enrols, and knows what it has', async (t) => {
  const house = await openTestHouse()
  t.after(() => house.stop())
  const product = await withProduct(house)
  const code = await withCode(house, await withDevice(house, product, 'PUMP-0001'))
  const { port } = house.addresses.devices
  const fingerprint = house.core.doors.own.find(({ kind }) => kind === 'root')?.certificateSha256
  const program = new Running(
    client,
    'node_modules/.bin/vitalsign-device',
    [
      ...['enrol', '--server', `https://localhost:${port}`, '--serial', 'PUMP-0001'],
      ...['--root', fingerprint?.toHex() ?? '', '--state', './state', '--code-file', '-', '--once'],
    ],
    { PATH: environment.PATH },
  )
  program.child.stdin.end(`${code}\n`)
  assert.equal(await program.end(), 0, program.said)
  assert.match(program.said, /PUMP-0001 \(pump\) is enrolled/)
  const shown = run(client, 'node_modules/.bin/vitalsign-device', ['show', '--state', './state'])
  assert.equal(shown.status, 0, shown.stderr)
})

test('the device client as packed believes an update by its key, and never goes back', async () => {
  const signer = await signerOf('p-256')
  writeFileSync(join(client, 'key.pub'), encodePem('PUBLIC KEY', signer.publicKey.spki))
  for (const securityCounter of ['5', '6']) {
    const options = { version: '1.0.0', padHeader: true, securityCounter }
    const image = await signed(mcubootForm, new Uint8Array(9_000), options, [signer])
    writeFileSync(join(client, `${securityCounter}.bin`), image)
  }
  const firmware = (...words: readonly string[]) =>
    run(client, 'node_modules/.bin/vitalsign-device', [
      'firmware',
      ...words,
      '--state',
      './updates',
    ])
  const told = firmware('trust', '--key', 'key.pub')
  assert.equal(told.status, 0, told.stderr)
  assert.equal(firmware('verify', '6.bin', '--install').status, 0)
  assert.match(firmware('confirm').stdout, /nothing below security version 6/)
  const older = firmware('verify', '5.bin', '--json')
  assert.equal(older.status, 1)
  assert.equal(JSON.parse(older.stdout).reason, 'artefact-version-lower')
})

test('an application that verifies peers is checked against the types of its package, and runs', () => {
  const { directory, done } = installed('vitalsign-trust', '--offline')
  assert.equal(done.status, 0, done.stderr)
  const source = `
import { memorySource, verifyArtefact } from 'vitalsign-trust/artefact'
import { compactSource } from 'vitalsign-trust/compact-source'
import { crlSource } from 'vitalsign-trust/crl-source'
import { ocspSource } from 'vitalsign-trust/ocsp-source'
import { openStatusFile } from 'vitalsign-trust/open-status-file'
import { readAnchors } from 'vitalsign-trust/read-anchors'
import { readRevocationList, type RevocationList } from 'vitalsign-trust/revocation-list'
import { verifyPeer } from 'vitalsign-trust/verify-peer'

const lists: RevocationList[] = []
const sources = [crlSource(() => lists), compactSource(() => undefined), ocspSource(() => undefined)]
const verdict = await verifyPeer({
  chain: [],
  anchors: [],
  at: Temporal.Now.instant(),
  purpose: 'device',
  wanted: { product: 'pump' },
  status: { sources, whenUnknown: 'refuse', scope: 'path' },
})
console.log(verdict.kind === 'refused' ? verdict.reason : verdict.facts.serial)
const source = memorySource(new Uint8Array(99))
const judged = await verifyArtefact(
  { source },
  {
    keys: '', roots: '', stampRoots: '', purpose: 'code', now: Temporal.Now.instant(),
    counter: 1, demandsBoth: false,
  },
)
console.log(judged.kind === 'refused' ? judged.reason : judged.form)
export const uses = [openStatusFile, readAnchors, readRevocationList]
`
  writeFileSync(join(directory, 'application.ts'), source)
  writeFileSync(join(directory, 'tsconfig.json'), typeCheckOf('application.ts'))
  const checked = run(directory, join(root, 'node_modules/.bin/tsc'), ['-p', '.'])
  assert.equal(checked.status, 0, checked.stdout)
  const ran = run(directory, process.execPath, ['application.ts'])
  assert.deepEqual(
    ran.stdout.trim().split('\n'),
    ['certificate-malformed', 'artefact-of-another-form'],
    ran.stderr,
  )
})

test('the same stands under trust/ in the server package, and in a clone', () => {
  const { exports } = JSON.parse(readFileSync(join(root, 'package.json'), 'utf8')) as {
    exports: Record<string, string>
  }
  const own = Object.entries(exports).filter(([name]) => name.startsWith('./trust/'))
  assert.deepEqual(
    Object.fromEntries(own.map(([name, file]) => [name, file.slice(2)])),
    packages.server.library,
  )
  const server = filesIn('vitalsign')
  for (const source of Object.values(packages.server.library))
    assert.ok(server.includes(source.replace('.ts', '.d.ts')), source)
})

/** The settings by which firmware and applications of others are checked. */
function typeCheckOf(file: string): string {
  const compilerOptions = {
    ...{ target: 'esnext', module: 'nodenext', lib: ['esnext'], strict: true, noEmit: true },
    ...{ exactOptionalPropertyTypes: true, types: ['node'] },
    typeRoots: [join(root, 'node_modules/@types')],
  }
  return JSON.stringify({ compilerOptions, files: [file] })
}

test('firmware that uses the device client is checked against its types, and runs', () => {
  const source = `
import { enrol, type Enrolment } from 'vitalsign-device/enrol'
import { DeviceFault } from 'vitalsign-device/fault'
import { makeDirectory } from 'vitalsign-device/files'
import { type Kept, keepUp } from 'vitalsign-device/keep-up'
import { type DevicePorts, networkLimits } from 'vitalsign-device/ports'
import { run } from 'vitalsign-device/run'

const ports: DevicePorts = {
  files: makeDirectory('./fresh'),
  clock: { now: () => Temporal.Now.instant() },
  chance: { fraction: () => 0.5 },
  wait: () => Promise.resolve(),
  say: () => {},
  limits: networkLimits,
}
const kept = await keepUp(ports, { now: false })
if (kept.kind !== 'refused') throw new Error('was never enrolled')
const reason: string = kept.reason
console.log(reason)
export type { Enrolment, Kept }
export const uses = [enrol, run, DeviceFault]
`
  writeFileSync(join(client, 'firmware.ts'), source)
  writeFileSync(join(client, 'tsconfig.json'), typeCheckOf('firmware.ts'))
  const checked = run(client, join(root, 'node_modules/.bin/tsc'), ['-p', '.'])
  assert.equal(checked.status, 0, checked.stdout)
  const wrong = source.replace('{ now: false }', '{ now: 1 }')
  writeFileSync(join(client, 'firmware.ts'), wrong)
  assert.match(run(client, join(root, 'node_modules/.bin/tsc'), ['-p', '.']).stdout, /TS2322/)
  writeFileSync(join(client, 'firmware.ts'), source)
  const ran = run(client, process.execPath, ['firmware.ts'])
  assert.equal(ran.stdout.trim(), 'not-enrolled', ran.stderr)
})

test('the server as packed installs, serves, answers, and ends in good order', async (t) => {
  // By the very line of the container's last stage, in a place of ours.
  const directory = join(place, 'opt')
  const containerFile = readFileSync(join(root, 'deploy/container/Containerfile'), 'utf8')
  const [, line = ''] = /^RUN (npm install .*)$/m.exec(containerFile) ?? []
  const words = line.replace('/opt/vitalsign', directory).replaceAll('/dist/', `${out}/`)
  const done = run(place, 'sh', ['-c', `${words} --prefer-offline`])
  if (/ENOTFOUND|EAI_AGAIN|ECONNREFUSED|ETIMEDOUT/.test(done.stderr)) {
    return t.skip('the npm registry cannot be reached')
  }
  assert.equal(done.status, 0, done.stderr)
  const free = ['listen', 'operator-listen', 'status-listen'].flatMap((door) => [
    ...[`--${door}`, '127.0.0.1:0'],
  ])
  const program = 'node_modules/.bin/vitalsign'
  // Its own Node, which npm installed beside it: none of ours is on the path.
  const server = new Running(directory, program, ['serve', '--data', './data', ...free])
  const [, operators] = await server.until(/operators\s+(http:\/\/localhost:\d+)/)
  const [, status] = await server.until(/status\s+(http:\/\/127\.0\.0\.1:\d+)/)
  await server.until(/claim it[\s\S]*or run: npx vitalsign claim/)
  assert.match(await (await fetch(`${operators}/`)).text(), /<html/)
  assert.equal((await fetch(`${status}/readyz`)).status, 200)
  assert.match(await (await fetch(`${status}/metrics`)).text(), /^vitalsign_ready 1$/m)
  const told = new Running(directory, program, ['status', '--data', './data', '--json'])
  assert.equal(await told.end(), 0, told.said)
  assert.equal((JSON.parse(told.said) as { version: string }).version, version)
  const meaning = new Running(directory, program, ['explain', 'key-too-weak'])
  assert.equal(await meaning.end(), 0, meaning.said)
  await server.end('SIGTERM')
  assert.match(server.said, /stopped; all that was acknowledged is on disk\n$/)
})

test('the bill of materials names every package, Node and what is in it, each with its licence', () => {
  const bill = JSON.parse(readFileSync(join(out, 'vitalsign.cdx.json'), 'utf8')) as {
    readonly bomFormat: string
    readonly specVersion: string
    readonly serialNumber: string
    readonly version: number
    readonly metadata: { readonly timestamp: string; readonly component: Component }
    readonly components: readonly Component[]
    readonly dependencies: readonly { readonly ref: string; readonly dependsOn: string[] }[]
  }
  assert.equal(bill.bomFormat, 'CycloneDX')
  assert.match(bill.specVersion, /^1\.[5-9]$/)
  assert.match(bill.serialNumber, /^urn:uuid:[0-9a-f-]{36}$/)
  assert.ok(Date.parse(bill.metadata.timestamp) > 0)
  assert.deepEqual(
    [bill.version, bill.metadata.component.name, bill.metadata.component.version],
    [1, 'vitalsign', version],
  )
  const refs = new Set([bill.metadata.component, ...bill.components].map((one) => one['bom-ref']))
  assert.equal(refs.size, bill.components.length + 1)
  for (const { type, name, version, purl, licenses } of bill.components) {
    assert.ok(/^(library|platform)$/.test(type) && version !== 'unknown', name)
    assert.match(purl, /^pkg:(npm|generic)\//, name)
    assert.ok((licenses ?? []).length > 0, `${name} has no licence`)
  }
  for (const { ref, dependsOn } of bill.dependencies) {
    for (const one of [ref, ...dependsOn]) assert.ok(refs.has(one), one)
  }
  const { dependencies } = JSON.parse(readFileSync(join(root, 'package.json'), 'utf8')) as {
    dependencies: object
  }
  const names = new Map(bill.components.map(({ name, version }) => [name, version]))
  for (const name of [...Object.keys(dependencies), 'node', 'openssl', 'sqlite']) {
    assert.ok(names.has(name), name)
  }
  assert.equal(names.get('node'), process.versions.node)
  assert.ok(!names.has('typescript'))
})

interface Component {
  readonly 'bom-ref': string
  readonly type: string
  readonly name: string
  readonly version: string
  readonly purl: string
  readonly licenses?: readonly unknown[]
}
