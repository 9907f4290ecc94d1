// SPDX-License-Identifier: Apache-2.0
import type { Release, ScanRecord } from '../ledger/tables.ts'
import { checkRelease } from '../releases/checks.ts'
import { partsOf } from '../releases/parts-of.ts'
import type { ReleasePorts } from '../releases/ports.ts'
import { scansThatCount } from '../scan/scans-that-count.ts'
import type { ReleaseFacts } from './checks.ts'
import { handsIn } from './count-approvals.ts'

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
      artefacts.map(
        async ({ sha256 }) => [sha256.toHex(), await scansThatCount(sha256, ledger)] as const,
      ),
    ),
  )
  const looked = await checkRelease(release, ports)
  return {
    ...{ release, parts, scans, hands: handsIn(release, parts) },
    looked: new Map(looked.map((one) => [one.check, one])),
  }
}
