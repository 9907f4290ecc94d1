// SPDX-License-Identifier: Apache-2.0
/** From a fresh clone, with the machine's own Node and npm and nothing else: as the README says. */
import assert from 'node:assert/strict'
import { spawnSync } from 'node:child_process'
import { existsSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { after, afterEach, test } from 'node:test'
import { copyFresh, ownNodeVersion, Running } from './support/fresh-copy.ts'
import { processesNaming } from './support/processes.ts'

const copy = copyFresh()
after(() => rmSync(dirname(copy), { recursive: true, force: true }))

const free = ['listen', 'operator-listen', 'status-listen'].flatMap((door) => [
  `--${door}`,
  '127.0.0.1:0',
])
const offline = { npm_config_registry: 'http://127.0.0.1:9', npm_config_cache: join(copy, 'none') }
const noClient =
  ['curl', 'openssl'].some((peer) => spawnSync(peer, ['version']).error !== undefined) &&
  process.env['PEERS'] !== 'required' &&
  'peer not installed: curl or openssl'
const noPeer = ownNodeVersion() === undefined && 'no Node 20 with npm on the path'
/** Set by the first test, if the packages can be had at all. */
let installed = false

const started: Running[] = []
afterEach(async () => {
  for (const server of started.splice(0)) await server.end('SIGTERM')
})

function start(more: Readonly<Record<string, string>> = {}): Running {
  const words = ['start', '--', '--data', './data', ...free]
  const server = new Running(copy, 'npm', words, more)
  started.push(server)
  return server
}

/** Nothing of a server may stay, and it must have ended in good order. */
async function assertStopped(server: Running): Promise<void> {
  await server.end()
  assert.match(server.said, /stopped; all that was acknowledged is on disk\n$/)
  assert.deepEqual(processesNaming(copy), [])
}

function skipped(): string | false {
  return noPeer || (!installed && 'the packages cannot be fetched')
}

test('npm start installs what it needs, serves, and stops on SIGTERM', {
  skip: noPeer,
}, async (t) => {
  const server = start()
  const said = await server.until(/ {2}claim it {3}|npm error|error: npm could/)
  if (/ENOTFOUND|EAI_AGAIN|ECONNREFUSED|ETIMEDOUT/.test(server.said)) {
    await server.end()
    return t.skip('the npm registry cannot be reached')
  }
  assert.match(said[0], /claim it/, server.said)
  assert.match(server.said, /installing what is needed \(once\)/)
  assert.equal(existsSync(join(copy, 'node_modules/typescript')), false)
  installed = true
  server.child.kill('SIGTERM')
  await assertStopped(server)
})

test('a second npm start needs no registry, and stops on Ctrl-C', async (t) => {
  if (skipped()) return t.skip(String(skipped()))
  const server = start(offline)
  await server.until(/ {2}claim it /)
  assert.doesNotMatch(server.said, /installing/)
  server.interrupt()
  await assertStopped(server)
})

test('npm test adds its tools under a running server, which goes on', async (t) => {
  if (skipped()) return t.skip(String(skipped()))
  const server = start()
  await server.until(/ {2}claim it /)
  const inode = readFileSync(join(copy, 'node_modules/.package-lock.json'), 'utf8').length
  // No such part: the tools are installed, and nothing is run.
  const tests = new Running(copy, 'npm', ['test', '--', '--part', 'none'])
  assert.equal(await tests.end(), 2, tests.said)
  assert.match(tests.said, /no part "none"/)
  assert.ok(existsSync(join(copy, 'node_modules/typescript/package.json')))
  assert.ok(readFileSync(join(copy, 'node_modules/.package-lock.json'), 'utf8').length > inode)
  const asked = new Running(copy, 'bin/vitalsign', ['doctor', '--data', './data', '--json'])
  await asked.end()
  assert.match(asked.said, /^\s*[{[]/)
  server.child.kill('SIGTERM')
  await assertStopped(server)
  const again = new Running(copy, 'npm', ['test', '--', '--part', 'none'], offline)
  assert.equal(await again.end(), 2, again.said)
  assert.doesNotMatch(again.said, /installing/)
})

test('npm run build makes what is released, in dist/', async (t) => {
  if (skipped()) return t.skip(String(skipped()))
  const build = new Running(copy, 'npm', ['run', 'build'])
  assert.equal(await build.end(), 0, build.said)
  for (const made of ['vitalsign-0', 'vitalsign-device-0', 'vitalsign.cdx.json']) {
    assert.match(build.said, new RegExp(`/dist/${made}.*\\n`))
  }
  const bill = new Running(copy, 'npm', ['run', 'sbom', '--silent'])
  assert.equal(await bill.end(), 0, bill.said)
  assert.match(bill.said, /"bomFormat": "CycloneDX"/)
})

test('an installation that was broken off is made anew', async (t) => {
  if (skipped()) return t.skip(String(skipped()))
  rmSync(join(copy, 'node_modules/.package-lock.json'))
  rmSync(join(copy, 'node_modules/fastify'), { recursive: true })
  const server = start()
  await server.until(/ {2}claim it /)
  assert.match(server.said, /installing/)
  server.child.kill('SIGTERM')
  await assertStopped(server)
})

test('without a registry, an installation that is missing says so', async (t) => {
  if (skipped()) return t.skip(String(skipped()))
  const other = copyFresh()
  const server = new Running(other, 'npm', ['start'], { ...offline, npm_config_fetch_retries: '0' })
  assert.equal(await server.end(), 3, server.said)
  assert.match(server.said, /hint: is the npm registry reachable from here\?/)
  rmSync(dirname(other), { recursive: true, force: true })
})

test('the lines of the README and of the guides, pasted, give devices their certificates', async (t) => {
  const skip = skipped() || noClient
  if (skip) return t.skip(skip)
  rmSync(join(copy, 'data'), { recursive: true, force: true })
  const server = start()
  const [, port] = await server.until(/devices {4}https:\/\/127\.0\.0\.1:(\d+)/)
  const [, root] = await server.until(/SHA-256 ([0-9a-f]{64})/)
  await server.until(/ {2}claim it /)
  let code = ''
  /** What a person fills in, and what only this test changes: ports, and a run that ends. */
  const fill = (line: string) =>
    line
      .replace('localhost:8443', `localhost:${port}`)
      .replace(/FINGERPRINT|5F1B…9A/, String(root))
      .replace(/claim$/, 'claim Ada --maker Acme')
      .replace(/device run /, 'device run --once ')
  for (const { file, line } of pastedLines()) {
    if (/^(git clone|npm start)/.test(line)) continue
    // One code for each device: the guide's device is the README's second.
    const isGuide = file.includes('guides')
    if (isGuide && line.includes(' enrol ')) code = await nextCode('PUMP-0002')
    const words = isGuide ? line.replace('PUMP-0001', 'PUMP-0002') : line
    if (words.includes('--code-file ./code')) writeFileSync(join(copy, 'code'), `${code}\n`)
    const ran = new Running(copy, 'sh', ['-c', fill(words)])
    ran.child.stdin.end(words.includes('claim') ? 'lantern oboe glacier marzipan\n' : `${code}\n`)
    assert.equal(await ran.end(), 0, `${file}: ${fill(words)}\n${ran.said}`)
    code = /^[0-9A-Z]{4}(-[0-9A-Z]{4})+$/m.exec(ran.said)?.[0] ?? code
  }
  const devices = new Running(copy, 'bin/vitalsign', ['device', 'list', '--json'])
  await devices.end()
  const { items } = JSON.parse(devices.said) as { items: { serial: string; state: string }[] }
  assert.deepEqual(items.map(({ serial, state }) => `${serial} ${state}`).toSorted(), [
    'PUMP-0001 active',
    'PUMP-0002 active',
  ])
  server.child.kill('SIGTERM')
  await assertStopped(server)
})

test('the commands of the guides for operators do what they say, one after the other', async (t) => {
  const skip = skipped() || noClient
  if (skip) return t.skip(skip)
  const server = start()
  const [, port] = await server.until(/devices {4}https:\/\/127\.0\.0\.1:(\d+)/)
  await server.until(/ {2}next {7}/)
  writeFileSync(join(copy, 'code'), `${await nextCode('PUMP-0003')}\n`)
  /** The newest id of each kind that a command told, and the twin's root. */
  const told = new Map<string, string>()
  const fill = (line: string) =>
    line
      .replace(/^vitalsign /, 'bin/vitalsign ')
      .replace(/\b([a-z]{3})_019a…/, (id, kind) => told.get(kind) ?? id)
      .replace('localhost:8443', `localhost:${port}`)
      .replace('83C0…11', told.get('root-twin') ?? '')
      .replace('PUMP-0001', 'PUMP-0003')
      .replace('--state ./pump', '--state ./pump-3')
  for (const { guide, line } of [...before, ...guides.flatMap(commandsOf)]) {
    const ran = new Running(copy, 'sh', ['-c', fill(line)])
    assert.equal(await ran.end(), 0, `${guide}: ${fill(line)}\n${ran.said}`)
    for (const [id, kind = ''] of ran.said.matchAll(/\b([a-z]{3})_[0-9a-f]{32}\b/g))
      told.set(kind, id)
    const [, twin] = /root-twin$[\s\S]*?SHA-256 +([0-9a-f]{64})/m.exec(ran.said) ?? []
    if (twin !== undefined) told.set('root-twin', twin)
    const [, logKey] = /^ {2}signed by +(\S+)$/m.exec(ran.said) ?? []
    if (logKey !== undefined) writeFileSync(join(copy, 'log.key'), `${logKey}\n`)
  }
  server.child.kill('SIGTERM')
  await assertStopped(server)
})

/** A trial begins without alarms: one to look at. And the key of the log, as somebody knows it from elsewhere. */
const before = ['person restore Ada', 'log export --output known', 'log verify known'].map(
  (line) => ({
    guide: 'before',
    line: `bin/vitalsign ${line}`,
  }),
)

/** Those whose commands need one running server and nothing else; the last one ends an authority. */
const guides = [
  'watch-what-expires',
  'be-told',
  'submission',
  'post-quantum-twins',
  'replace-a-compromised-authority',
]

/** Every line of a guide's code that runs a program of ours, comments away, continued ones joined. */
function commandsOf(guide: string): readonly { readonly guide: string; readonly line: string }[] {
  const text = readFileSync(join(copy, `docs/guides/${guide}.md`), 'utf8').replaceAll(
    /\\\n\s*/g,
    '',
  )
  const lines = [...text.matchAll(/^(?:bin\/)?vitalsign(?:-device)? .*?(?=\s+#|$)/gm)]
  assert.ok(lines.length > 1, guide)
  return lines.map(([line]) => ({ guide, line }))
}

async function nextCode(serial: string): Promise<string> {
  const words = ['device', 'add', serial, '--product', 'pump', '--json']
  const added = new Running(copy, 'bin/vitalsign', words)
  assert.equal(await added.end(), 0, added.said)
  return (JSON.parse(added.said) as { code: { code: string } }).code.code
}

/** Each line of the sh blocks, comments away, continued ones joined. */
function pastedLines(): readonly { readonly file: string; readonly line: string }[] {
  return ['README.md', 'docs/guides/enrol-a-device.md', 'docs/api.md'].flatMap((file) =>
    [...readFileSync(join(copy, file), 'utf8').matchAll(/^```sh\n([\s\S]*?)^```$/gm)].flatMap(
      ([, block = '']) =>
        block
          .replaceAll(/\\\n\s*/g, '')
          .split('\n')
          .map((line) => line.replace(/\s+#.*$/, '').trim())
          .filter((line) => line !== '')
          .map((line) => ({ file, line })),
    ),
  )
}
