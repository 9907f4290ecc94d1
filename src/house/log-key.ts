// SPDX-License-Identifier: Apache-2.0
import type { IssuingPorts } from '#core/authority/issue.ts'
import { newId } from '#core/ledger/ids.ts'
import { parseSubjectPublicKeyInfo } from '#format/x509/public-key.ts'

/** Makes the key that signs the log's checkpoints: Ed25519, for nothing else (C2SP signed-note). */
export async function newLogKey(
  ports: IssuingPorts,
): Promise<{ readonly id: string; readonly publicKey: Uint8Array }> {
  const id = newId('key', ports)
  const made = await ports.keys.make('ed25519', id, 'log')
  const spki = parseSubjectPublicKeyInfo(made.spki)
  return { id, publicKey: spki.key }
}
