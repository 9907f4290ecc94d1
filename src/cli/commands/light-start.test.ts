// SPDX-License-Identifier: Apache-2.0
/**
 * What a command loads: it is started hundreds of times by scripts, on machines of a build that have other work, so what
 * it has no use for stays where it is. Counted by modules, which are the same on every machine.
 */
import assert from 'node:assert/strict'
import { execFile } from 'node:child_process'
import { mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, test } from 'node:test'

const root = join(import.meta.dirname, '../../..')
const place = mkdtempSync(join(tmpdir(), 'vitalsign-light-'))
after(() => rmSync(place, { recursive: true }))

/** The modules of a command, each from the project's root on; those of Node have no path. */
async function loadedBy(line: string): Promise<readonly string[]> {
  const file = join(place, `${line.replaceAll(/\W+/g, '-')}.txt`)
  await new Promise<void>((resolve) => {
    execFile(
      process.execPath,
      [
        ...['--disable-warning=ExperimentalWarning'],
        ...['--import', join(root, 'test/support/count-modules.mjs')],
        ...[join(root, 'bin/vitalsign.ts'), ...line.split(' ').filter((word) => word !== '')],
      ],
      { cwd: place, env: { ...process.env, LOADED_MODULES: file } },
      // Most of these lines name files that are not there: they load their verb, and end.
      () => resolve(),
    )
  })
  return readFileSync(file, 'utf8')
    .split('\n')
    .map((url) => url.replace(`file://${root}/`, ''))
}

const schemas = /^node_modules\/zod\/|^src\/format\/admin\/operations[./]/
const network =
  /^node:(https?|http2|tls|net|dns)$|^src\/cli\/talk\/(connect|remote|wire|server)\.ts$/

/** What is done without any server: no schema of what one is asked, and no way to one. */
const offline = [
  'help',
  'device',
  'firmware verify absent --key absent',
  'firmware sign absent --form raw --key absent',
  'scan absent',
  'approval verify absent --manifest absent --approvers absent',
] as const

for (const line of offline)
  test(`"vitalsign ${line}" loads no schema of the server's operations, and no way to it`, async () => {
    const loaded = await loadedBy(line)
    assert.ok(loaded.includes('src/cli/run.ts'), 'nothing was counted')
    assert.deepEqual(
      loaded.filter((module) => schemas.test(module) || network.test(module)),
      [],
    )
  })

test('"vitalsign" alone loads a hundred modules at most', async () => {
  const loaded = await loadedBy('')
  assert.ok(loaded.length <= 100, `it loaded ${loaded.length}`)
})

test('a command loads the room of its own operation, and never the whole table', async () => {
  const loaded = await loadedBy('rotation list --data absent')
  assert.ok(loaded.includes('src/format/admin/operations/rotations.ts'))
  assert.ok(!loaded.includes('src/format/admin/operations.ts'))
  assert.ok(!loaded.includes('src/format/admin/operations/devices.ts'))
})
