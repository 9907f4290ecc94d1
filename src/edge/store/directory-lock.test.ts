// SPDX-License-Identifier: Apache-2.0
import assert from 'node:assert/strict'
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { hostname } from 'node:os'
import { join } from 'node:path'
import { test } from 'node:test'
import { Fault } from '#core/fault.ts'
import { holdDirectory } from './directory-lock.ts'
import { testPorts, withDirectory } from './store-testing.ts'

const { clock } = testPorts()
/** Another process that holds the directory, says so, and waits to be killed. */
const holder = `
  const { holdDirectory } = await import('#edge/store/directory-lock.ts')
  // Kept, as every holder keeps it: collected as garbage it would let go.
  globalThis.held = holdDirectory(process.argv[1], { now: () => Temporal.Now.instant() })
  console.log('held')
  setInterval(() => {}, 1_000)
`

test('a directory that another process holds is refused with who holds it', async () => {
  await withDirectory(async (directory) => {
    const other = await heldByAnother(directory)
    try {
      const fault = faultOf(() => holdDirectory(directory, clock))
      assert.equal(fault.code, 'data-directory-held')
      assert.ok(
        fault.message.includes(`process ${other.pid} on ${hostname()} since 2`),
        fault.message,
      )
    } finally {
      other.kill('SIGKILL')
      await once(other, 'exit')
    }
  })
})

test('a holder that was killed leaves the directory free', async () => {
  await withDirectory(async (directory) => {
    const other = await heldByAnother(directory)
    other.kill('SIGKILL')
    await once(other, 'exit')
    holdDirectory(directory, clock).release()
  })
})

test('a directory is held once within a process and is free after its release', async () => {
  await withDirectory(async (directory) => {
    const lock = holdDirectory(directory, clock)
    assert.equal(faultOf(() => holdDirectory(directory, clock)).code, 'data-directory-held')
    lock.release()
    lock.release()
    holdDirectory(directory, clock).release()
  })
})

test('a directory that is not there is unreachable', () => {
  const missing = join(import.meta.dirname, 'no-such-directory')
  assert.equal(faultOf(() => holdDirectory(missing, clock)).code, 'store-unreachable')
})

async function heldByAnother(directory: string) {
  const child = spawn(process.execPath, ['--input-type=module', '-e', holder, directory], {
    stdio: ['ignore', 'pipe', 'inherit'],
    cwd: import.meta.dirname,
  })
  await once(child.stdout, 'data')
  return child
}

function faultOf(work: () => unknown): Fault {
  try {
    work()
  } catch (error) {
    if (error instanceof Fault) return error
    throw error
  }
  assert.fail('no fault was thrown')
}
