// SPDX-License-Identifier: Apache-2.0
import assert from 'node:assert/strict'
import { spawnSync } from 'node:child_process'
import { join } from 'node:path'
import { test } from 'node:test'
import { withDirectory } from '#edge/store/store-testing.ts'

/** A mount namespace of its own, in which anyone may mount a disk in memory. */
const apart = ['--user', '--map-root-user', '--mount', 'sh', '-c']
const mounting = 'mount -t tmpfs -o size=8m small "$0" && exec "$1" "$2" "$0"'

test('a store on a full disk refuses writes, reads on, and goes on by itself when space returns', (t) =>
  withDirectory(async (directory) => {
    const tried = spawnSync('unshare', [...apart, 'mount -t tmpfs small "$0"', directory])
    if (tried.status !== 0) return t.skip('unshare: no small disk can be mounted here')
    const program = join(import.meta.dirname, 'small-disk.ts')
    const { stdout, stderr } = spawnSync(
      'unshare',
      [...apart, mounting, directory, process.execPath, program],
      { encoding: 'utf8' },
    )
    assert.match(stdout, /^full after \d+, read on, went on with 20\n$/, stderr)
  }))
