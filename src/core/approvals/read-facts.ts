// SPDX-License-Identifier: Apache-2.0
import type { Ledger } from '../ledger/ledger.ts'
import type { Release, ScanRecord } from '../ledger/tables.ts'
import { checkRelease } from '../releases/checks.ts'
import { partsOf } from '../releases/parts-of.ts'
import type { ReleasePorts } from '../releases/ports.ts'
import type { ReleaseFacts } from './checks.ts'
import { handsIn } from './count-approvals.ts'

/** Scans of one artefact that are looked at. */
const mostScans = 100

/** What a release is and has, read anew. */
export async function readFacts(
  release: Release,
  ports: ReleasePorts,
): Promise<Omit<ReleaseFacts, 'line' | 'now'>> {
  const { ledger } = ports
  const parts = await partsOf(release.id, ledger)
  const artefacts = parts.filter(({ role }) => role === 'artefact')
  const scans = new Map<string, readonly ScanRecord[]>(
    await Promise.all(
      artefacts.map(async ({ sha256 }) => [sha256.toHex(), await scansOf(sha256, ledger)] as const),
    ),
  )
  const looked = await checkRelease(release, ports)
  return {
    ...{ release, parts, scans, hands: handsIn(release, parts) },
    looked: new Map(looked.map((one) => [one.check, one])),
  }
}

async function scansOf(sha256: Uint8Array, ledger: Ledger): Promise<readonly ScanRecord[]> {
  const { items } = await ledger.list('scan', {
    ...{ by: 'sha256', equal: [sha256], descending: true, limit: mostScans },
  })
  return items
}
