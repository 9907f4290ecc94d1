// SPDX-License-Identifier: Apache-2.0
import { existsSync } from 'node:fs'
import { join } from 'node:path'
import type { KeyBackend } from '#core/authority/key-backend.ts'
import type { Ledger } from '#core/ledger/ledger.ts'
import type { Randomness } from '#core/ports.ts'
import { FileBackend } from '#edge/keystore/file-backend.ts'
import type { Keystore } from '#edge/keystore/keystore.ts'
import type { PassphraseSource } from '#edge/keystore/passphrase.ts'
import { AbsentBackend } from './absent-backend.ts'
import type { Report } from './closers.ts'
import type { Configuration } from './configuration.ts'
import { KeyBackends } from './key-backends.ts'
import { keysElsewhere } from './keys-elsewhere.ts'
import { pinCredentialName, TokenPin } from './token-pin.ts'

interface OpeningPorts {
  readonly keystore: Keystore
  readonly ledger: Ledger
  readonly random: Randomness
  readonly report: Report
}

/**
 * Opens every backend that the configuration names. One that is away does not stop the start: what needs no
 * signature is served, and it is used once it is back.
 */
export async function openKeyBackends(
  configuration: Configuration,
  { keystore, ledger, random, report }: OpeningPorts,
): Promise<KeyBackends> {
  const backends: [KeyBackend, ...KeyBackend[]] = [new FileBackend(keystore)]
  const { token, tpm, data } = configuration
  if (token !== undefined) {
    const { Pkcs11Backend } = await import('#edge/pkcs11/pkcs11-backend.ts')
    const backend = new Pkcs11Backend(token, {
      pins: new TokenPin(pinSource(token.pinFile), data, random),
      report,
    })
    backends.push(backend)
    await backend.open()
  }
  if (tpm !== undefined) {
    const { openTpmBackend } = await import('./open-tpm.ts')
    backends.push(await openTpmBackend(tpm, data, { random, report }))
  }
  for (const { custody } of await keysElsewhere(ledger)) {
    if (backends.some(({ name }) => name === custody)) continue
    const absent = new AbsentBackend(custody)
    backends.push(absent)
    report(`${custody} is stopped`, absent.health().because ?? '')
  }
  return new KeyBackends(backends, (keyId) => ledger.read('key', keyId))
}

function pinSource(pinFile: string | undefined): PassphraseSource | undefined {
  if (pinFile !== undefined) return { kind: 'file', path: pinFile }
  const directory = process.env.CREDENTIALS_DIRECTORY
  if (directory !== undefined && existsSync(join(directory, pinCredentialName)))
    return { kind: 'credential', directory, name: pinCredentialName }
  return process.stdin.isTTY ? { kind: 'prompt', ask: askForPin } : undefined
}

/** Reads a line without echo. */
async function askForPin(): Promise<string> {
  const { askHidden } = await import('#cli/terminal/ask.ts')
  return askHidden('PIN of the token', process.stderr)
}
