// SPDX-License-Identifier: Apache-2.0
import type { FirmwareReport } from '#format/firmware-report.ts'
import { sha256 } from '#trust/digest.ts'
import { refuse } from '#trust/refusal.ts'
import type { AuditEvent } from '../audit/event.ts'
import type { Identified, IdentifyingPorts } from '../enrolment/identify.ts'
import { identifyLive } from '../enrolment/note-use.ts'
import { newId } from '../ledger/ids.ts'
import type { Installed } from '../ledger/tables.ts'
import { checkDevice } from '../policy/check-device.ts'
import type { Refused } from '../refusal.ts'

export interface Reported {
  readonly kind: 'reported'
  readonly installed: Installed
  /** It runs a lower security version than it said before. */
  readonly fellBack: boolean
}

/** What says nothing new is written anew at most so often: a fleet that reports at every start costs little. */
const saidAgainAfterHours = 12

/** Two connections of one device may report at the same moment. */
const mostTries = 5

/**
 * Takes what a device says of itself over the connection in which it proved its certificate; of nobody else.
 *
 * It is the device's word: a device that lies counts as what it says. A lower version than before is written down as
 * what it is, told as an event of its own, and the highest one that it ever had stays.
 */
export async function reportInstalled(
  chain: readonly Uint8Array[],
  report: FirmwareReport,
  ports: IdentifyingPorts,
): Promise<Reported | Refused> {
  const identified = await identifyLive(chain, ports)
  if (identified.kind === 'refused') return identified
  const { device, certificate } = identified
  const cutOff = checkDevice(device)
  if (cutOff !== undefined) return cutOff
  const now = ports.clock.now()
  if (Temporal.Instant.compare(certificate.notAfter, now) < 0)
    return refuse('certificate-expired', `the certificate expired at ${certificate.notAfter}`)
  for (let tries = 1; ; tries++) {
    const done = await book(identified, report, ports)
    if (done !== undefined) return done
    if (tries === mostTries)
      return refuse('conflict', 'this device reports over another connection too; try again')
  }
}

async function book(
  { device, record }: Identified,
  report: FirmwareReport,
  ports: IdentifyingPorts,
): Promise<Reported | undefined> {
  const { ledger, clock } = ports
  const now = clock.now()
  const before = await ledger.find('installed', 'device', [device.id])
  const { firmwareVersion, securityVersion, anchors } = report
  const anchorSet = sha256(new TextEncoder().encode(anchors.join('\n'))).toHex()
  const isSame =
    before?.firmwareVersion === firmwareVersion &&
    before.securityVersion === securityVersion &&
    before.anchorSet === anchorSet &&
    before.product === device.product &&
    before.lot === device.lot
  if (isSame && now.since(before.reportedAt).total('hours') < saidAgainAfterHours)
    return { kind: 'reported', installed: before, fellBack: false }
  const installed: Installed = {
    ...{ id: before?.id ?? newId('installed', ports), version: (before?.version ?? 0) + 1 },
    ...{ device: device.id, product: device.product, lot: device.lot },
    ...{ firmwareVersion, securityVersion, anchors, anchorSet },
    highestSecurityVersion: Math.max(securityVersion, before?.highestSecurityVersion ?? 0),
    ...{ certificate: record?.id ?? null, reportedAt: now },
  }
  const fellBack = before !== undefined && securityVersion < before.securityVersion
  const events = isSame ? [] : eventsOf(installed, before, fellBack)
  const committed = await ledger.commit({
    puts: [{ kind: 'installed', record: installed }],
    events,
  })
  return committed.kind === 'committed' ? { kind: 'reported', installed, fellBack } : undefined
}

function eventsOf(
  now: Installed,
  before: Installed | undefined,
  fellBack: boolean,
): readonly AuditEvent[] {
  const common = {
    ...{ at: now.reportedAt, actor: { kind: 'device', id: now.device } as const },
    subjects: [now.device, now.product],
  }
  const { firmwareVersion, securityVersion, anchors } = now
  const reported: AuditEvent = {
    ...{ type: 'firmware-reported', ...common },
    facts: {
      ...{ firmwareVersion, securityVersion, anchors: anchors.length, anchorSet: now.anchorSet },
      lost: before?.anchors.filter((one) => !anchors.includes(one)).length ?? 0,
    },
  }
  if (!fellBack || before === undefined) return [reported]
  const fell: AuditEvent = {
    ...{ type: 'firmware-fell-back', ...common },
    facts: {
      ...{ firmwareVersion, securityVersion, before: before.securityVersion },
      ...{ versionBefore: before.firmwareVersion, highest: now.highestSecurityVersion },
    },
  }
  return [reported, fell]
}
