// SPDX-License-Identifier: Apache-2.0
import assert from 'node:assert/strict'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { test } from 'node:test'
import { setImmediate as turn } from 'node:timers/promises'
import { setFlagsFromString } from 'node:v8'
import { runInNewContext } from 'node:vm'

import { openFile } from './files.ts'

test('a file that is opened and never read breaks nothing when it is collected', async (t) => {
  const directory = mkdtempSync(join(tmpdir(), 'vitalsign-files-'))
  t.after(() => rmSync(directory, { recursive: true }))
  const path = join(directory, 'index.txt')
  writeFileSync(path, 'V\n')
  setFlagsFromString('--expose-gc')
  const collect = runInNewContext('gc') as () => void
  assert.equal(openFile(path, 'FILE').bytes, 2)
  for (let times = 0; times < 3; times++) {
    await turn()
    collect()
  }
})
