// SPDX-License-Identifier: Apache-2.0
/** What was said to be here of an upload is here after the process was killed at any moment. */
import assert from 'node:assert/strict'
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { createInterface } from 'node:readline'
import { test } from 'node:test'
import { openArtefactDirectory } from '#edge/artefacts/directory-store.ts'
import { systemRandomness } from '#edge/chance/system-randomness.ts'
import { sha256 } from '#trust/digest.ts'
import { octetsOf, upload } from './artefact-writer.ts'

test('a writer that is killed leaves every octet that it acknowledged, and the upload goes on', async () => {
  const root = mkdtempSync(join(tmpdir(), 'vitalsign-artefact-crash-'))
  try {
    const program = join(import.meta.dirname, 'artefact-writer.ts')
    const child = spawn(process.execPath, [program, root], { stdio: ['ignore', 'pipe', 'inherit'] })
    const ended = once(child, 'exit')
    let acknowledged = 0
    for await (const line of createInterface({ input: child.stdout })) {
      acknowledged = Number(line)
      if (acknowledged > 500_000) break
    }
    child.kill('SIGKILL')
    await ended
    const store = await openArtefactDirectory(root, systemRandomness)
    const offset = (await store.offset(upload)) ?? 0
    assert.ok(offset >= acknowledged, `${offset} of ${acknowledged} acknowledged`)
    const whole = octetsOf(0, offset + 1_000)
    async function* rest() {
      yield whole.subarray(offset)
    }
    const added = await store.append(upload, offset, rest(), whole.length)
    assert.equal(added.kind, 'appended')
    const kept = await store.finish(upload, sha256(whole), 'as-it-is')
    assert.deepEqual(kept.sha256, sha256(whole), 'not an octet is another')
  } finally {
    rmSync(root, { recursive: true, force: true })
  }
})
