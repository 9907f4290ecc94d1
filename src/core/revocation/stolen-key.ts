// SPDX-License-Identifier: Apache-2.0
/** What else ends with a key that is in other hands. */
import type { Ledger, Put } from '../ledger/ledger.ts'
import type { CertificateRecord } from '../ledger/tables.ts'

/** All certificates over the keys of these, that have not ended, but for these themselves. */
export async function othersOfKeys(
  certificates: readonly CertificateRecord[],
  ledger: Ledger,
): Promise<readonly CertificateRecord[]> {
  const known = new Set(certificates.map(({ id }) => id))
  const keys = new Map(certificates.map(({ key, owner }) => [key, owner]))
  const found: CertificateRecord[] = []
  for (const [key, owner] of keys) {
    let after: string | null | undefined
    do {
      const page = await ledger.list('certificate', {
        ...{ by: 'owner', equal: [owner], where: { key }, limit: 1000 },
        ...(after && { after }),
      })
      found.push(...page.items.filter((one) => !known.has(one.id) && canEnd(one)))
      after = page.next
    } while (after !== null)
  }
  return found
}

/** A root is on no list: it is taken out of what devices are told. What is held can end for good. */
function canEnd({ kind, state }: CertificateRecord): boolean {
  return kind !== 'root' && state !== 'revoked' && state !== 'abandoned'
}

/** Keys that are certified never again, of those that are not so already. */
export async function compromised(
  certificates: readonly Pick<CertificateRecord, 'key'>[],
  ledger: Ledger,
): Promise<readonly Put[]> {
  const ids = new Set(certificates.map(({ key }) => key))
  const keys = await Promise.all([...ids].map((id) => ledger.read('key', id)))
  return keys.flatMap((key): readonly Put[] =>
    key === undefined || key.state === 'compromised'
      ? []
      : [{ kind: 'key', record: { ...key, version: key.version + 1, state: 'compromised' } }],
  )
}
