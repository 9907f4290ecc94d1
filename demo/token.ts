// SPDX-License-Identifier: Apache-2.0
/** The part of the demo that `--hsm` adds: authority keys in a token of SoftHSM, which counts its signatures. */
import { spawnSync } from 'node:child_process'
import { randomInt } from 'node:crypto'
import { existsSync, mkdirSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { Failed } from './programs.ts'
import type { Scene } from './scene.ts'
import { step } from './terminal.ts'

/** Where Debian and others keep the module. */
const modules = [
  '/usr/lib/softhsm/libsofthsm2.so',
  '/usr/lib64/pkcs11/libsofthsm2.so',
  '/opt/homebrew/lib/softhsm/libsofthsm2.so',
]
const label = 'demo'

/**
 * Makes a token in the directory; everything that the demo starts from here on sees it.
 *
 * @returns the words with which the server is started
 * @throws Failed if SoftHSM is not installed
 */
export function makeToken(directory: string): readonly string[] {
  const module = modules.find((path) => existsSync(path))
  if (module === undefined)
    throw new Failed('--hsm needs SoftHSM, which is not here: apt-get install softhsm2')
  const tokens = join(directory, 'tokens')
  mkdirSync(tokens, { mode: 0o700 })
  const configuration = join(directory, 'softhsm2.conf')
  writeFileSync(configuration, `directories.tokendir = ${tokens}\nlog.level = ERROR\n`)
  process.env['SOFTHSM2_CONF'] = configuration
  // This tool takes a PIN as an argument alone; the token goes with the demo.
  const pin = String(randomInt(100_000, 1_000_000))
  const words = ['--init-token', '--free', '--label', label, '--pin', pin, '--so-pin', pin]
  const made = spawnSync('softhsm2-util', words, { encoding: 'utf8' })
  if (made.status !== 0) throw new Failed(`softhsm2-util: ${made.stderr || made.error?.message}`)
  const pinFile = join(directory, 'pin')
  writeFileSync(pinFile, `${pin}\n`, { mode: 0o600 })
  return [
    ...['--keys-in', 'pkcs11', '--pkcs11-module', module],
    ...['--pkcs11-token', label, '--pkcs11-pin-file', pinFile],
  ]
}

/** Three devices enrol one after the other, and the token counts. @throws Failed if its count does not rise */
export async function countSignatures(scene: Scene): Promise<void> {
  await step('each certificate is one signature of the token more', async (tell) => {
    const counts = [await signaturesOf(scene)]
    for (const serial of ['PUMP-0007', 'PUMP-0008', 'PUMP-0009']) {
      await scene.enrol(serial)
      counts.push(await signaturesOf(scene))
    }
    const isRising = counts.every((count, at) => at === 0 || count > (counts[at - 1] ?? count))
    if (!isRising) throw new Failed(`the token counted ${counts.join(', ')}`)
    tell(`the key of issuing-1, which nobody can take out: ${counts.join(' -> ')}`)
  })
}

/** As the doctor tells it: what the process of the module counted for the key of the issuing authority. */
async function signaturesOf(scene: Scene): Promise<number> {
  const { findings } = (await scene.operator(['doctor'])) as {
    readonly findings: readonly { readonly check: string; readonly found: string }[]
  }
  const told = findings.find(({ check }) => check === `keys in pkcs11 ${label}`)?.found ?? ''
  const [, count] = /issuing-1 \(\S+ cannot be taken out, (\d+) signatures\)/.exec(told) ?? []
  if (count === undefined) throw new Failed(`the doctor says of the token: ${told}`)
  return Number(count)
}
