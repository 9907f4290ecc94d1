// SPDX-License-Identifier: Apache-2.0
/** `npm run demo:firmware`, as it runs from the README. */
import assert from 'node:assert/strict'
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { existsSync } from 'node:fs'
import { text } from 'node:stream/consumers'
import { test } from 'node:test'

function run(...words: readonly string[]) {
  return spawn(process.execPath, ['scripts/launch.mjs', 'demo:firmware', ...words])
}

test('a leak is kept out, two people and a policy sign, others agree, and all of it is proved offline', async () => {
  const child = run('--seed', '7')
  const [output, errors, [code]] = await Promise.all([
    text(child.stdout),
    text(child.stderr),
    once(child, 'close'),
  ])
  assert.equal(code, 0, output + errors)
  assert.match(output, /critical +private-key: .*pump\.raucb!\/root\.squashfs!\/etc\/line\.key/)
  assert.match(output, /two people agreed, and still it is not signed/)
  assert.match(output, /Grace Hopper, \S+: "reviewed line by line"/)
  for (const form of ['mcuboot', 'rauc', 'swupdate', 'mender', 'outer-manifest'])
    assert.match(output, new RegExp(`^ +${form} +pump\\.\\S+ .*time-stamped$`, 'm'))
  const isWhole = !/left out/.test(output)
  if (isWhole) {
    assert.equal(output.match(/: accepted/g)?.length, 5)
    assert.equal(output.match(/: refused$/gm)?.length, 4)
    for (const word of ['ok', 'algorithm-not-built-in', 'artefact-version-lower'])
      assert.match(output, new RegExp(`^ +${word}  `, 'm'))
  }
  assert.equal(output.match(/^ +we: octet \d+ artefact-\S+, octet \d+ artefact-\S+$/gm)?.length, 4)
  assert.match(output, /\d+ events of the release, each proved to be in the log of \d+/)
  const [, page = assert.fail(output)] =
    /vitalsign release show rel_\S+\n([\s\S]*)$/.exec(output) ?? []
  assert.match(page, /^pump 2\.4\.1: published$/m)
  assert.match(page, /by boot \(ecdsa-sha256\), boot-pq \(ml-dsa-65\), time-stamped/)
  assert.match(page, /proved +.* release-approval-given /)
  assert.doesNotMatch(page, /not proved|not met/)
  const [, directory = assert.fail(output)] = /in (\S+), which is removed/.exec(output) ?? []
  assert.equal(existsSync(directory), false)
})

test('what the demo does not know is wrong use', async () => {
  const child = run('--seed', 'x')
  const [errors, [code]] = await Promise.all([text(child.stderr), once(child, 'close')])
  assert.deepEqual([code, /--seed is a whole number/.test(errors)], [2, true], errors)
})
