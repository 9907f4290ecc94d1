// SPDX-License-Identifier: Apache-2.0
/** `npm run demo:keywatch`, as it runs from the README. */
import assert from 'node:assert/strict'
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { existsSync } from 'node:fs'
import { text } from 'node:stream/consumers'
import { test } from 'node:test'

test('the demo finds the lot, names it, proposes what to end, and leaves nothing behind', async () => {
  const child = spawn(process.execPath, ['scripts/launch.mjs', 'demo:keywatch'])
  const [output, errors, [code]] = await Promise.all([
    text(child.stdout),
    text(child.stderr),
    once(child, 'close'),
  ])
  assert.equal(code, 0, output + errors)
  assert.match(output, /9 RSA keys compared, 5 findings/)
  assert.match(output, /all of lot L-7 of pump \(every one of its 5 devices, none outside\)/)
  assert.match(output, /vitalsign renewal order --product pump --lot L-7 --within 24/)
  assert.match(output, /vitalsign revocation end --cause [0-9a-f]{64} .* --set [0-9a-f]{64}/)
  const [, directory = assert.fail(output)] = /in (\S+), which is removed/.exec(output) ?? []
  assert.equal(existsSync(directory), false)
})
