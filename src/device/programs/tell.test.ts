// SPDX-License-Identifier: Apache-2.0
import assert from 'node:assert/strict'
import { mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, test } from 'node:test'
import { DeviceFault } from '../fault.ts'
import { runCommand } from './tell.ts'

const home = mkdtempSync(join(tmpdir(), 'vitalsign-tell-'))
after(() => rmSync(home, { recursive: true }))

const failed = (words: RegExp) => (error: unknown) =>
  error instanceof DeviceFault && error.code === 'program-not-told' && words.test(error.message)

test('a command that leaves a program running is done when it ends itself', async () => {
  const file = join(home, 'pid')
  // The program holds the command's own stderr, as one does that a start script leaves behind.
  await runCommand(['/bin/sh', '-c', `sleep 60 & echo $! > ${file}`])
  const pid = Number(readFileSync(file, 'utf8'))
  assert.ok(process.kill(pid, 'SIGTERM'), 'it still runs')
})

test('a command that fails is told of with its last words', async () => {
  const words = ['/bin/sh', '-c', 'echo one >&2; echo no such unit >&2; exit 5']
  await assert.rejects(runCommand(words), failed(/ended with 5: no such unit$/))
  await assert.rejects(runCommand([join(home, 'missing')]), failed(/did not start: /))
})

test('a command that hangs and will not be asked to end is ended', async () => {
  const words = ['/bin/sh', '-c', "trap '' TERM; exec sleep 60"]
  await assert.rejects(runCommand(words, { longestMilliseconds: 50 }), failed(/ended with SIGKILL/))
})
