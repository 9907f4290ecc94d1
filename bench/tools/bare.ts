// SPDX-License-Identifier: Apache-2.0
import { fork } from 'node:child_process'
import { once } from 'node:events'
import type { Bare } from './bare-server.ts'

/** Starts a bare server. @returns its port, and how to end it */
export async function startBare(
  bare: Bare,
): Promise<{ readonly port: number; readonly stop: () => void }> {
  const child = fork(new URL('bare-server.ts', import.meta.url), {
    execArgv: ['--disable-warning=ExperimentalWarning'],
  })
  process.once('exit', () => child.kill('SIGKILL'))
  child.send(bare)
  const [port] = await once(child, 'message')
  return { port, stop: () => child.disconnect() }
}
