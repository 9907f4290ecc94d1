// SPDX-License-Identifier: Apache-2.0
import assert from 'node:assert/strict'
import { spawnSync } from 'node:child_process'
import { join } from 'node:path'
import { test } from 'node:test'
import { temporaryDirectory } from '../support/house.ts'

/** A mount namespace of its own, in which anyone may mount a disk in memory. */
const apart = ['--user', '--map-root-user', '--mount', 'sh', '-c']
const mounting = 'mount -t tmpfs -o size=16m small "$0" && exec "$1" "$2" "$0"'

test('on a full disk the house refuses with 503, serves what needs no write, and recovers', (t) => {
  const directory = temporaryDirectory()
  const tried = spawnSync('unshare', [...apart, 'mount -t tmpfs small "$0"', directory])
  if (tried.status !== 0) return t.skip('unshare: no small disk can be mounted here')
  const program = join(import.meta.dirname, 'support/house-on-small-disk.ts')
  const words = [...apart, mounting, directory, process.execPath, program]
  const ended = spawnSync('unshare', words, { encoding: 'utf8', timeout: 60_000 })
  assert.equal(ended.stdout, 'refused, served on, recovered\n', ended.stderr)
})
