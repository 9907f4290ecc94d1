// SPDX-License-Identifier: Apache-2.0
/** A resource manager before a software TPM, as the kernel is before a chip: a bus and tpm2-abrmd of the test's own. */
import { type ChildProcess, execFile, spawn, spawnSync } from 'node:child_process'
import { once } from 'node:events'
import { promisify } from 'node:util'
import type { SoftTpm } from './tpm.ts'

const run = promisify(execFile)
const peers = ['dbus-daemon', 'tpm2-abrmd']
const missing = peers.filter((name) => spawnSync(name, ['--version']).error !== undefined)

/** Why a test that needs one is left out, or false; where peers are required it runs and fails. */
export const withoutResourceManager: string | false =
  missing.length === 0 || process.env.PEERS === 'required'
    ? false
    : `peers not installed: ${missing.join(', ')}`

export interface ResourceManager {
  /** What tpm2-tools and OpenSSL's provider are told in the environment. */
  readonly env: Readonly<Record<string, string>>
  stop(): Promise<void>
}

/** Tries until the daemon has its name on the bus; each takes a process. */
const mostTries = 100

export async function openResourceManager(tpm: SoftTpm): Promise<ResourceManager> {
  // swtpm takes one who asks at a time.
  await tpm.link.close()
  const bus = spawn('dbus-daemon', ['--session', '--nofork', '--print-address'], {
    stdio: ['ignore', 'pipe', 'ignore'],
  })
  const [line] = await once(bus.stdout, 'data')
  const tcti = 'tabrmd:bus_type=session'
  const env = {
    PATH: process.env['PATH'] ?? '',
    DBUS_SESSION_BUS_ADDRESS: String(line).trim(),
    ...{ TPM2TOOLS_TCTI: tcti, TPM2OPENSSL_TCTI: tcti },
  }
  const words = ['--session', `--tcti=${tpm.tcti}`]
  const root = process.getuid?.() === 0 ? ['--allow-root'] : []
  const daemon = spawn('tpm2-abrmd', [...words, ...root], { env, stdio: 'ignore' })
  const stop = async () => {
    await end(daemon)
    await end(bus)
  }
  for (let tries = 1; ; tries++) {
    try {
      await run('tpm2_getcap', ['properties-fixed'], { env })
      return { env, stop }
    } catch (cause) {
      if (tries < mostTries && daemon.exitCode === null) continue
      await stop()
      throw new Error('tpm2-abrmd does not answer', { cause })
    }
  }
}

async function end(child: ChildProcess): Promise<void> {
  if (child.exitCode !== null || child.signalCode !== null) return
  const gone = once(child, 'exit')
  child.kill('SIGTERM')
  await gone
}
