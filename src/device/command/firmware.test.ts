// SPDX-License-Identifier: Apache-2.0
/** How `vitalsign-device firmware report` is said, and what it answers to who says it wrongly. */
import assert from 'node:assert/strict'
import { mkdtempSync, readdirSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, test } from 'node:test'
import { main } from './main.ts'

const state = mkdtempSync(join(tmpdir(), 'vitalsign-device-'))
after(() => rmSync(state, { recursive: true }))

/** One command line to its end, in this process. */
async function said(...words: readonly string[]) {
  const [out, error]: [string[], string[]] = [[], []]
  const outlet = {
    out: (line: string) => out.push(line),
    error: (line: string) => error.push(line),
  }
  const status = await main(['firmware', ...words, '--state', state], outlet)
  return { status, out: out.join('\n'), error: error.join('\n') }
}

for (const [what, words, why] of [
  ['without what it runs', [], /--firmware is missing/],
  ['with nothing as what it runs', ['--firmware', ''], /--firmware is no line of up to 128/],
  ['with two lines', ['--firmware', 'one\ntwo'], /--firmware is no line of up to 128/],
  ['with a word of 129 characters', ['--firmware', 'x'.repeat(129)], /is no line of up to 128/],
  ['with something invisible', ['--firmware', 'os\u202e4'], /--firmware is no line of up to 128/],
  [
    'with the version by position',
    ['pump-os', '--firmware', '4'],
    /"pump-os" is one word too many/,
  ],
  ['with an option of another verb', ['--firmware', '4', '--install'], /--install says nothing to/],
  ['with a key', ['--firmware', '4', '--key', 'a.pem'], /--key says nothing to "firmware report"/],
  ['with an option that nobody knows', ['--version', '4'], /[Uu]nknown option .*--version/],
  ['with an option that wants a value', ['--firmware'], /--firmware/],
] as const)
  test(`a report ${what} is wrong use, says so and how to say it, and changes nothing`, async () => {
    const { status, out, error } = await said('report', ...words)
    assert.deepEqual([status, out], [2, ''], error)
    assert.match(error, why)
    assert.match(
      error,
      /\nhint: (?:say what the device runs: --firmware "pump-os 4.2.1"|see "vitals)/,
    )
    assert.deepEqual(readdirSync(state), [])
  })

test('wrong use is told to programs in JSON, with the same status', async () => {
  const { status, out } = await said('report', '--json')
  assert.equal(status, 2)
  assert.match(out, /"--firmware is missing"/)
})

test('a verb that nobody knows, and none, name those that there are', async () => {
  for (const words of [['tell'], []] as const) {
    const { status, error } = await said(...words)
    assert.equal(status, 2)
    assert.match(error, /one of verify, show, report, trust, confirm/)
  }
})

test('a device that holds no enrolment reports nothing, and hears that', async () => {
  const { status, error } = await said('report', '--firmware', 'pump-os 4.2.1')
  assert.equal(status, 1, error)
  assert.match(error, /not-enrolled: the device holds no enrolment\nhint: /)
  assert.deepEqual(readdirSync(state), [])
})
