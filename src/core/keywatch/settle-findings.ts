// SPDX-License-Identifier: Apache-2.0
import type { Ledger, Put } from '../ledger/ledger.ts'
import type { CertificateRecord, KeyFinding } from '../ledger/tables.ts'
import type { AlarmPorts } from '../watch/alarm.ts'
import { allOf } from '../watch/pages.ts'
import { told, watcher } from './book-findings.ts'
import { tellOfCauses } from './tell-findings.ts'

/** Findings in one commit, each with its event. */
const mostInCommit = 250

/**
 * Closes findings of whose keys no certificate is believed any more, whoever ended it and however it was chosen: an
 * act of revocation is named by them, and what ended without one is over.
 *
 * What is only suspended can be believed again, so its finding stays open.
 *
 * @returns how many were closed
 */
export async function settleFindings(ports: AlarmPorts): Promise<number> {
  const now = ports.clock.now()
  const causes = new Map<string, KeyFinding>()
  let settled = 0
  let part: KeyFinding[] = []
  const commit = async () => {
    settled += await commitSome(part, ports)
    part = []
  }
  for await (const finding of allOf('keyFinding', ports.ledger, {
    ...{ by: 'state', equal: ['proposed'] },
  })) {
    const closed = await closing(finding, now, ports.ledger)
    if (closed === undefined) continue
    causes.set(`${finding.kind} ${finding.cause.toHex()}`, finding)
    part.push(closed)
    if (part.length === mostInCommit) await commit()
  }
  await commit()
  await tellOfCauses([...causes.values()], ports)
  return settled
}

/** The finding as it is closed; undefined while a certificate of its key is, or may again be, believed. */
async function closing(
  finding: KeyFinding,
  now: Temporal.Instant,
  ledger: Ledger,
): Promise<KeyFinding | undefined> {
  const { key, owner, version } = finding
  let newest: CertificateRecord | undefined
  let seen = 0
  for await (const one of allOf('certificate', ledger, {
    ...{ by: 'owner', equal: [owner], where: { key } },
  })) {
    if (isLive(one, now)) return undefined
    seen++
    if (one.revocation !== null) newest = one
  }
  // A key that was never certified, as one that was refused, is still a key of somebody: people look at it.
  if (seen === 0) return undefined
  return {
    ...{ ...finding, version: version + 1, decidedAt: now, decidedBy: watcher.id },
    ...(newest === undefined
      ? { state: 'over' }
      : { state: 'acted', revocation: newest.revocation }),
  }
}

function isLive({ state, notAfter }: CertificateRecord, now: Temporal.Instant): boolean {
  if (state === 'revoked' || state === 'abandoned') return false
  return Temporal.Instant.compare(now, notAfter) < 0
}

async function commitSome(part: readonly KeyFinding[], { ledger }: AlarmPorts): Promise<number> {
  if (part.length === 0) return 0
  const committed = await ledger.commit({
    puts: part.map((record): Put => ({ kind: 'keyFinding', record })),
    events: part.map((record) =>
      told('key-finding-acted', record, watcher, { revocation: record.revocation }),
    ),
  })
  // Somebody decides about one of them just now: the next look closes the rest.
  return committed.kind === 'committed' ? part.length : 0
}
