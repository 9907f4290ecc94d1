// SPDX-License-Identifier: Apache-2.0
import { newId } from '../ledger/ids.ts'
import type { Setting } from '../ledger/tables.ts'
import type { AlarmPorts } from './alarm.ts'
import {
  watchAuthorities,
  watchCertificate,
  watchCertificates,
  watchCodes,
  watchInvitations,
} from './endings.ts'
import { markIfLate, markMissed, tellMissed } from './missed.ts'
import { watchOrders } from './orders.ts'
import { madeSince } from './pages.ts'
import { watchSigners } from './signers.ts'
import { watchVendorRoots } from './vendor-endings.ts'

const settingName = 'watch'

/**
 * One look at all that comes to an end; doing it twice does no harm.
 *
 * Certificates are looked at once for each threshold, when it falls: `setting watch` keeps until when
 * that was done, and is written last, so that a look which was cut off is repeated.
 *
 * @throws the signal's reason if the job was lost
 */
export async function watchOnce(ports: AlarmPorts, signal: AbortSignal): Promise<void> {
  const now = ports.clock.now()
  const mark = await ports.ledger.find('setting', 'name', [settingName])
  const since = beginningOf(mark, now)
  await watchAuthorities(now, ports)
  await watchCertificates(since, now, signal, ports)
  await watchCodes(now, ports)
  await watchInvitations(now, ports)
  await watchVendorRoots(now, ports)
  await watchSigners(now, ports)
  await markMissed(since, now, signal, ports)
  if (since !== undefined) await watchNew(since, now, signal, ports)
  await tellMissed(ports)
  await watchOrders(now, ports)
  signal.throwIfAborted()
  const setting: Setting = {
    id: mark?.id ?? newId('setting', ports),
    version: (mark?.version ?? 0) + 1,
    name: settingName,
    value: { until: now.epochMilliseconds },
    changedAt: now,
  }
  // A conflict means that another node looked meanwhile: then its mark stands.
  await ports.ledger.commit({ puts: [{ kind: 'setting', record: setting }], events: [] })
}

/**
 * Looks overlap by so much: a record is booked a little later than its times say, and the node that
 * looked before may have another clock.
 */
const overlap = Temporal.Duration.from({ minutes: 15 })

/** From when on this look has to look; undefined: from the beginning, as after a clock was set back. */
function beginningOf(mark: Setting | undefined, now: Temporal.Instant) {
  const until = instantOf(mark)
  if (until === undefined) return undefined
  const since = until.subtract(overlap)
  return Temporal.Instant.compare(since, now) > 0 ? undefined : since
}

/** What came within its threshold, as an import may bring it, falls into no band of time. */
async function watchNew(
  since: Temporal.Instant,
  now: Temporal.Instant,
  signal: AbortSignal,
  ports: AlarmPorts,
): Promise<void> {
  for await (const certificate of madeSince(since, ports.ledger)) {
    signal.throwIfAborted()
    await watchCertificate(certificate, now, ports)
    await markIfLate(certificate, now, ports)
  }
}

function instantOf(mark: Setting | undefined): Temporal.Instant | undefined {
  const value = mark?.value
  if (typeof value !== 'object' || value === null || !('until' in value)) return undefined
  return Temporal.Instant.fromEpochMilliseconds(Number(value.until))
}
