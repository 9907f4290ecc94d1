// SPDX-License-Identifier: Apache-2.0
import { refuse } from '#trust/refusal.ts'
import type { Actor } from '../audit/event.ts'
import { newId } from '../ledger/ids.ts'
import type { Ledger } from '../ledger/ledger.ts'
import type { ScanRecord } from '../ledger/tables.ts'
import type { Clock, Randomness } from '../ports.ts'
import type { Refused } from '../refusal.ts'

export interface RecordPorts {
  readonly ledger: Ledger
  readonly clock: Clock
  readonly random: Randomness
}

/** A record of many findings keeps the gravest. */
export const mostRecorded = 1_000

/** Books what a scan came to, with its event: a release is held against it. */
export async function recordScan(
  scan: Omit<ScanRecord, 'id' | 'version' | 'requestedBy'>,
  actor: Actor,
  { ledger, clock, random }: RecordPorts,
): Promise<{ readonly kind: 'recorded'; readonly scan: ScanRecord } | Refused> {
  if (scan.product !== null && (await ledger.read('product', scan.product)) === undefined)
    return refuse('not-found', `nothing here has the id ${scan.product}`)
  const record: ScanRecord = {
    ...{ id: newId('scan', { clock, random }), version: 1, requestedBy: actor.id, ...scan },
    findings: scan.findings.slice(0, mostRecorded),
  }
  const { name, sha256, rules, result, found, accepted, notScanned } = record
  await ledger.commit({
    puts: [{ kind: 'scan', record }],
    events: [
      {
        ...{ type: 'image-scanned', at: clock.now(), actor },
        subjects: [record.id, ...(record.product === null ? [] : [record.product])],
        facts: { name, sha256: sha256.toHex(), rules, result, found, accepted, notScanned },
      },
    ],
  })
  return { kind: 'recorded', scan: record }
}
