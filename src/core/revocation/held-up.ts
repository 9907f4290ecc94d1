// SPDX-License-Identifier: Apache-2.0
import type { Ledger, Put } from '../ledger/ledger.ts'
import type { Authority, CertificateRecord } from '../ledger/tables.ts'

/**
 * The record of each device and application goes up by a version, so that no renewal that was decided before
 * counts after. Other owners are left alone.
 */
export async function heldUp(
  certificates: readonly Pick<CertificateRecord, 'owner'>[],
  ledger: Ledger,
): Promise<readonly Put[]> {
  const owners = new Set(certificates.map(({ owner }) => owner))
  const puts = await Promise.all([...owners].map((owner) => heldUpOne(owner, ledger)))
  return puts.flat()
}

async function heldUpOne(owner: string, ledger: Ledger): Promise<readonly Put[]> {
  if (owner.startsWith('dev_')) {
    const device = await ledger.read('device', owner)
    if (device !== undefined)
      return [{ kind: 'device', record: { ...device, version: device.version + 1 } }]
  }
  if (owner.startsWith('app_')) {
    const application = await ledger.read('application', owner)
    if (application !== undefined)
      return [{ kind: 'application', record: { ...application, version: application.version + 1 } }]
  }
  return []
}

/** An authority whose own certificate ended issues nothing more. */
export function stopped(
  certificates: readonly Pick<CertificateRecord, 'owner'>[],
  ledger: Ledger,
): Promise<readonly Put[]> {
  return authoritiesOf(certificates, ledger, { state: 'issuing-stopped' })
}

/** The record of each root that a link is of goes up by a version: whoever keeps its links in memory reads them anew. */
export function linksChanged(
  certificates: readonly Pick<CertificateRecord, 'owner'>[],
  ledger: Ledger,
): Promise<readonly Put[]> {
  return authoritiesOf(certificates, ledger, {})
}

async function authoritiesOf(
  certificates: readonly Pick<CertificateRecord, 'owner'>[],
  ledger: Ledger,
  columns: Partial<Authority>,
): Promise<readonly Put[]> {
  const owners = new Set(certificates.map(({ owner }) => owner))
  const ids = [...owners].filter((owner) => owner.startsWith('aut_'))
  const authorities = await Promise.all(ids.map((id) => ledger.read('authority', id)))
  return authorities.flatMap((one): readonly Put[] =>
    one === undefined
      ? []
      : [{ kind: 'authority', record: { ...one, ...columns, version: one.version + 1 } }],
  )
}
