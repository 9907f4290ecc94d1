// SPDX-License-Identifier: Apache-2.0
import { existsSync } from 'node:fs'
import { join } from 'node:path'
import { Fault } from '#core/fault.ts'
import { checkPassphrase } from '#core/people/passphrase.ts'
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
 * What is not a trial gets its keys only under a passphrase that is not guessed: whoever copies the
 * directory has all the time there is. It is judged before the first key, since later it is too late.
 *
 * @param isNew whether there is no key yet
 * @throws Fault `key-locked` if there is no way to get one, `key-passphrase-weak` if it may not be used
 */
export async function unlock(
  configuration: Configuration,
  random: Randomness,
  isNew = !existsSync(join(configuration.data, 'keys')),
): Promise<Passphrase> {
  const passphrase = await obtain(configuration, isNew, random)
  if (isNew && configuration.environment !== 'trial') checkStrength(passphrase)
  return passphrase
}

async function obtain(
  { passphraseFile, data, environment }: Configuration,
  isNew: boolean,
  random: Randomness,
): Promise<Passphrase> {
  if (passphraseFile !== undefined) return readPassphrase({ kind: 'file', path: passphraseFile })
  const directory = process.env.CREDENTIALS_DIRECTORY
  if (directory !== undefined && existsSync(join(directory, credentialName))) {
    return readPassphrase({ kind: 'credential', directory, name: credentialName })
  }
  const path = unlockFile(data)
  if (isNew && environment === 'trial' && !existsSync(path)) await makeUnlockFile(path, random)
  if (!existsSync(path) && process.stdin.isTTY) {
    return readPassphrase({ kind: 'prompt', ask: askAtTerminal })
  }
  return readPassphrase({ kind: 'file', path })
}

/** Characters; more than of a person's passphrase, since no server stands between it and who guesses. */
const leastLength = 20
/** Of a longer one the beginning is judged: it is at least as strong as that. */
const mostJudged = 200

function checkStrength(passphrase: Passphrase): void {
  const points = [...new TextDecoder().decode(passphrase.dangerouslyReveal())]
  if (points.length < leastLength) {
    throw new Fault(
      'key-passphrase-weak',
      `the passphrase of the keys has ${points.length} characters, at least ${leastLength} are needed`,
    )
  }
  const refused = checkPassphrase(points.slice(0, mostJudged).join(''), '')
  if (refused !== undefined) {
    throw new Fault('key-passphrase-weak', `the passphrase of the keys: ${refused.detail}`)
  }
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
