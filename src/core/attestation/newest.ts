// SPDX-License-Identifier: Apache-2.0
import type { Ledger } from '../ledger/ledger.ts'
import type { Attestation } from '../ledger/tables.ts'
import type { CertificateFacts } from '../policy/profile.ts'

/**
 * The newest that was proved of where a key lives, unless it was proved to live in another device, or in a TPM
 * that the device is not expected to have any more.
 */
export async function newestAttestation(
  keyFingerprint: Uint8Array,
  device: string,
  ledger: Ledger,
): Promise<Attestation | undefined> {
  const query = { by: 'key', equal: [keyFingerprint], descending: true, limit: 1 } as const
  const [newest] = (await ledger.list('attestation', query)).items
  if (newest?.form === 'tpm' && !(await isInDevice(newest, ledger))) return undefined
  // Null: an element's maker vouches for the key, and not for who holds it.
  return newest?.device === null || newest?.device === device ? newest : undefined
}

/** A TPM that was replaced may be in anybody's hands, with all the keys that it ever vouched for. */
async function isInDevice({ facts, device }: Attestation, ledger: Ledger): Promise<boolean> {
  const fingerprint = Uint8Array.fromHex(String(facts.endorsementKey))
  const tpm = await ledger.find('endorsement', 'fingerprint', [fingerprint])
  return tpm?.state === 'expected' && tpm.device === device
}

/** What certificates may say of the hardware that holds a key. */
export function moduleFacts(
  attestation: Pick<Attestation, 'module' | 'moduleCertificateSha256'> | undefined,
): Pick<CertificateFacts, 'module' | 'moduleCertificate'> {
  if (attestation === undefined) return {}
  const { module, moduleCertificateSha256: digest } = attestation
  return { module, ...(digest !== null && { moduleCertificate: digest.toHex() }) }
}
