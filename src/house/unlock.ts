// SPDX-License-Identifier: Apache-2.0
import { existsSync } from 'node:fs'
import { join } from 'node:path'
import type { Randomness } from '#core/ports.ts'
import { makeUnlockFile, type Passphrase, readPassphrase } from '#edge/keystore/passphrase.ts'
import type { Configuration } from './configuration.ts'

/** The name under which systemd hands the passphrase over (LoadCredential=vitalsign-passphrase:…). */
export const credentialName = 'vitalsign-passphrase'

/**
 * Gets the passphrase of the keys: from the file that was named, a systemd credential, the unlock file
 * of the data directory, or a person at the terminal.
 *
 * A trial that nobody gave a passphrase makes itself an unlock file, so that its first hour needs no
 * ceremony; `doctor --production` names it.
 *
 * @throws Fault `key-locked` if there is no way to get one
 */
export async function unlock(
  { passphraseFile, data, environment }: Configuration,
  random: Randomness,
): Promise<Passphrase> {
  if (passphraseFile !== undefined) return readPassphrase({ kind: 'file', path: passphraseFile })
  const directory = process.env.CREDENTIALS_DIRECTORY
  if (directory !== undefined && existsSync(join(directory, credentialName))) {
    return readPassphrase({ kind: 'credential', directory, name: credentialName })
  }
  const path = unlockFile(data)
  const isNew = !existsSync(join(data, 'keys'))
  if (isNew && environment === 'trial' && !existsSync(path)) await makeUnlockFile(path, random)
  if (!existsSync(path) && process.stdin.isTTY) {
    return readPassphrase({ kind: 'prompt', ask: askAtTerminal })
  }
  return readPassphrase({ kind: 'file', path })
}

/** Where a trial keeps its passphrase. */
export function unlockFile(data: string): string {
  return join(data, 'unlock')
}

/** Reads a line without echo. */
async function askAtTerminal(): Promise<string> {
  const { askHidden } = await import('#cli/terminal/ask.ts')
  return askHidden('passphrase of the keys', process.stderr)
}
