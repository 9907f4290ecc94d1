// SPDX-License-Identifier: Apache-2.0
/** `npm run demo -- --telemetry`: trust in a pump ends, and exactly its sessions end with it. */
import assert from 'node:assert/strict'
import { type ChildProcessWithoutNullStreams, spawn } from 'node:child_process'
import { once } from 'node:events'
import { existsSync, mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { text } from 'node:stream/consumers'
import { after, test } from 'node:test'
import type { Said, Way } from '../../examples/telemetry/say.ts'
import { withoutMosquitto } from '../support/mosquitto.ts'
import { processesNaming } from '../support/processes.ts'

const temporary = mkdtempSync(join(tmpdir(), 'vitalsign-telemetry-test-'))
/** Those that run: whatever fails, none is left behind, and by SIGTERM they end what they started. */
const running = new Set<ChildProcessWithoutNullStreams>()
after(async () => {
  for (const child of running) {
    child.kill('SIGTERM')
    await once(child, 'close')
  }
  rmSync(temporary, { recursive: true, force: true })
})
const skip = withoutMosquitto

interface Ended {
  readonly code: number | null
  readonly output: string
  readonly errors: string
}

function telemetry(...words: readonly string[]) {
  const child = spawn(
    process.execPath,
    ['--disable-warning=ExperimentalWarning', 'demo/demo.ts', '--telemetry', ...words],
    { env: { ...process.env, TMPDIR: temporary, NO_COLOR: '1', LC_ALL: 'C.UTF-8' } },
  )
  running.add(child)
  child.once('close', () => running.delete(child))
  const ended = Promise.all([text(child.stdout), text(child.stderr), once(child, 'close')]).then(
    ([output, errors, [code]]): Ended => ({ code, output, errors }),
  )
  return { child, ended }
}

function assertGone(output: string, child: ChildProcessWithoutNullStreams): void {
  const [, directory = ''] = /in (\S+), which is removed/.exec(output) ?? []
  assert.notEqual(directory, '')
  assert.equal(existsSync(directory), false)
  assert.deepEqual(processesNaming(directory), [])
  assert.equal(child.exitCode !== null || child.signalCode !== null, true)
}

test('a pump that is cut off loses its live sessions, and the others keep theirs', {
  skip,
}, async () => {
  const file = join(temporary, 'events')
  const { child, ended } = telemetry('--pumps', '3', '--events', file)
  const { code, output, errors } = await ended
  assert.equal(code, 0, output + errors)
  const lines = readFileSync(file, 'utf8').trim().split('\n')
  const heard = lines.map((line) => JSON.parse(line) as Said & { readonly at: number })
  const told = (what: 'connected' | 'lost', serial: string, over: Way) =>
    heard.flatMap((said) =>
      said.what === what && said.serial === serial && said.over === over && !('by' in said)
        ? [said]
        : [],
    )
  for (const over of ['https', 'mqtt'] as const) {
    // The first was started anew at the very end; until then it had one connection.
    const [begun, , ...more] = told('connected', 'PUMP-0001', over)
    assert.ok(begun !== undefined && more.length === 0, over)
    assert.deepEqual(told('lost', 'PUMP-0001', over), [])
    // The second lost its own, and came back after its release.
    const [lost] = told('lost', 'PUMP-0002', over)
    assert.equal(lost?.port, told('connected', 'PUMP-0002', over)[0]?.port)
    assert.ok(told('connected', 'PUMP-0002', over).length > 1, over)
    // The third lost its own, and nothing was heard of it again.
    const [gone] = told('lost', 'PUMP-0003', over)
    assert.equal(gone?.port, told('connected', 'PUMP-0003', over)[0]?.port)
  }
  assert.equal(told('connected', 'PUMP-0003', 'https').length, 1)
  // What pumps say of their connections, the server says, too.
  const seen = heard.flatMap((said) => (said.what === 'connected' && said.by ? [said] : []))
  const ports = heard.flatMap((said) =>
    said.what === 'connected' && said.over === 'https' && !said.by ? [said.port] : [],
  )
  assert.deepEqual(seen.map(({ port }) => port).sort(), ports.sort())
  assert.equal(seen.at(-1)?.by, 'list')
  assert.ok(seen.slice(0, -1).every(({ by }) => by === 'vitalsign'))
  assertProof(output)
  assertGone(output, child)
})

/** When, how and by whom: of the revocation, in words; and that the log agrees. */
function assertProof(output: string): void {
  const instant = String.raw`\d{4}-\d\d-\d\d \d\d:\d\d:\d\dZ`
  for (const what of ['requested', 'effective', 'published'])
    assert.match(output, new RegExp(`^ +${what} +${instant}`, 'm'))
  for (const where of ['broker', 'telemetry'])
    assert.match(output, new RegExp(`^ +${where} .*confirmed ${instant} .*, 1 session ended$`, 'm'))
  for (const event of ['requested', 'effective', 'published'])
    assert.match(output, new RegExp(`^ +\\d+ +${instant} +revocation-${event}$`, 'm'))
  assert.match(output, /the log is intact, and the ledger agrees with it/)
}

test('whoever stops it in the middle leaves no process and no file', { skip }, async () => {
  const { child, ended } = telemetry('--pumps', '3')
  await saidUntil(child, 'founds an installation')
  child.kill('SIGINT')
  const { code } = await ended
  assert.equal(code, 1)
  assert.deepEqual(processesNaming(temporary), [])
})

function saidUntil(child: ChildProcessWithoutNullStreams, what: string): Promise<void> {
  const { promise, resolve, reject } = Promise.withResolvers<void>()
  let said = ''
  child.stdout.on('data', (chunk) => {
    said += chunk
    if (said.includes(what)) resolve()
  })
  child.once('close', () => reject(new Error(`it ended before it said ${what}: ${said}`)))
  return promise
}

test('a play with too few pumps says what it needs', { skip }, async () => {
  const { code, errors } = await telemetry('--pumps', '2').ended
  assert.equal(code, 1)
  assert.match(errors, /three pumps at least/)
})
