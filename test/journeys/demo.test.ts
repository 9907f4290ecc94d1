// SPDX-License-Identifier: Apache-2.0
/** `npm run demo`, as it runs from the README. */
import assert from 'node:assert/strict'
import { type ChildProcessWithoutNullStreams, spawn } from 'node:child_process'
import { once } from 'node:events'
import { existsSync, mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { text } from 'node:stream/consumers'
import { after, suite, test } from 'node:test'
import { processesNaming } from '../support/processes.ts'
import { withoutToken } from '../support/soft-token.ts'

const temporary = mkdtempSync(join(tmpdir(), 'vitalsign-demo-test-'))
after(() => rmSync(temporary, { recursive: true, force: true }))

// Two at once: a demo waits for most of its minute until a certificate ends.
suite('the demo', { concurrency: 2 }, () => {
  test('the demo ends with its table, and leaves no process and no file', async () => {
    const { child, ended } = demo()
    const { code, output, errors } = await ended
    assert.equal(code, 0, output + errors)
    const table = output.slice(output.indexOf('  device  ')).trimEnd().split('\n')
    const rows = table.map((row) => row.trim().split(/ {2,}/).join(' | '))
    assert.deepEqual(rows.slice(0, -1), [
      'device | state | what happened',
      'PUMP-0001 | active | enrolled by code',
      'PUMP-0002 | active | enrolled by code, renewed',
      'PUMP-0003 | active | enrolled by code',
      'PUMP-0003 again | - | refused: code-used',
      'PUMP-0004 | active | enrolled by code',
      'PUMP-0005 | active | enrolled by code, expired, recovered by its birth identity',
      'PUMP-0006 | expected | refused: key-has-another-owner',
      'TOASTER-1 | - | refused: code-wrong',
      '',
    ])
    assert.match(rows.at(-1) ?? '', /^log \| \d+ events, intact, verified offline$/)
    assertGone(output, child)
  })

  test('with --hsm the authorities sign in a token, and its count rises with each certificate', {
    skip: withoutToken,
  }, async () => {
    const { child, ended } = demo('--hsm')
    const { code, output, errors } = await ended
    assert.equal(code, 0, output + errors)
    const [, counts = ''] =
      /the key of issuing-1, which nobody can take out: ([\d >-]+)/.exec(output) ?? []
    const numbers = counts.split(' -> ').map(Number)
    assert.equal(numbers.length, 4)
    for (const [at, count] of numbers.entries())
      if (at > 0) assert.ok(count > (numbers[at - 1] ?? count), counts)
    assertGone(output, child)
  })

  test('a demo whose server dies says what failed, ends with 1, and leaves nothing', async () => {
    const { child, ended } = demo()
    const output = await saidUntil(child, 'a product')
    const server = processesNaming(join(directoryIn(output), 'data')).find(({ words }) =>
      words.includes('serve'),
    )
    assert.ok(server)
    process.kill(server.pid, 'SIGKILL')
    const { code, errors } = await ended
    assert.equal(code, 1, errors)
    assert.match(errors, /^\ndemo: error: vitalsign\S* .*ended with \d, not 0$/m)
    assertGone(output, child)
  })

  test('a demo that is told to stop leaves nothing', async () => {
    const { child, ended } = demo()
    const output = await saidUntil(child, 'a server')
    child.kill('SIGINT')
    assert.equal((await ended).code, 1)
    assertGone(output, child)
  })

  test('an option that the demo does not know is wrong use', async () => {
    const { code, errors } = await demo('--kept').ended
    assert.equal(code, 2)
    assert.match(errors, /demo: hint: npm run demo \[-- --keep\]/)
  })
})

function demo(...words: readonly string[]) {
  const launcher = join(import.meta.dirname, '../../scripts/launch.mjs')
  const child = spawn(process.execPath, [launcher, 'demo', ...words], {
    env: { ...process.env, TMPDIR: temporary },
  })
  return { child, ended: endOf(child) }
}

async function endOf(child: ChildProcessWithoutNullStreams) {
  let output = ''
  child.stdout.on('data', (chunk: Buffer) => {
    output += chunk
  })
  const [errors, [code]] = await Promise.all([text(child.stderr), once(child, 'close')])
  return { code: Number(code), output, errors }
}

/** What it said up to and with `text`, or to its end. */
function saidUntil(child: ChildProcessWithoutNullStreams, text: string): Promise<string> {
  const { promise, resolve } = Promise.withResolvers<string>()
  let output = ''
  child.stdout.on('data', (chunk: Buffer) => {
    output += chunk
    if (output.includes(text)) resolve(output)
  })
  child.stdout.on('end', () => resolve(output))
  return promise
}

function directoryIn(output: string): string {
  return / {2}in (\S+?),/.exec(output)?.[1] ?? assert.fail(output)
}

function assertGone(output: string, child: ChildProcessWithoutNullStreams): void {
  const directory = directoryIn(output)
  assert.equal(existsSync(directory), false, `${directory} is still there`)
  assert.deepEqual(processesNaming(directory), [])
  assert.notEqual(child.exitCode, null)
}
