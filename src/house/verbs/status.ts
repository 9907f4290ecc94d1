// SPDX-License-Identifier: Apache-2.0
import { parseEvent } from '#core/audit/encode-event.ts'
import type { LoggedEvent, LogStore } from '#core/audit/log-store.ts'
import { isTwin } from '#core/authority/twin.ts'
import type { Ledger } from '#core/ledger/ledger.ts'
import { epochOf } from '#core/recovery/epoch.ts'
import type { Verbs } from '#edge/admin/verbs.ts'
import type { Configuration } from '../configuration.ts'
import type { Core } from '../core.ts'
import { examine } from '../doctor.ts'

/** Where the house is reached and what it is; made by the house when its doors are open. */
export interface HouseFacts {
  readonly version: string
  readonly startedAt: Temporal.Instant
  readonly addresses: () => {
    readonly devices: string
    /** Where devices are let in that know no TLS 1.3; null: nowhere. */
    readonly legacy: string | null
    readonly operators: string
    readonly status: string
  }
  readonly configuration: Configuration
}

/** A certificate that ends within this is told as expiring soon. */
const soon = Temporal.Duration.from({ hours: 30 * 24 })

/** How the installation is. */
export function statusVerbs(
  core: Core,
  log: LogStore,
  facts: HouseFacts,
): Pick<Verbs, 'doctor' | 'status'> {
  const { ledger } = core
  return {
    status: async () => {
      const head = await log.head()
      const now = core.clock.now()
      // What has ended stays issued in the ledger.
      const current = { by: 'state', equal: ['issued'], from: now } as const
      const [products, devices, certificates, expiringSoon, checkpointEvents] = await Promise.all([
        ledger.count('product', {}),
        ledger.count('device', {}),
        ledger.count('certificate', current),
        ledger.count('certificate', { ...current, below: now.add(soon) }),
        head.checkpoint === null ? [] : log.events(head.checkpoint.size - 1, 1),
      ])
      const roots = core.doors.own.filter(({ kind }) => kind === 'root')
      const [root, twinRoot] = [roots.find((one) => !isTwin(one)), roots.find(isTwin)]
      const claimed = (await ledger.count('person', { by: 'state', equal: ['active'] })) > 0
      const nodes = await core.thisNode.running()
      const findings = await examine(core, facts.configuration, { production: false })
      return {
        version: facts.version,
        environment: core.environment,
        claimed,
        startedAt: facts.startedAt.toString(),
        addresses: facts.addresses(),
        rootSha256: root?.certificateSha256.toHex() ?? '',
        twinRootSha256: twinRoot?.certificateSha256.toHex() ?? null,
        counts: { products, devices, certificates, expiringSoon },
        alarms: await alarmCounts(ledger),
        log: {
          ...{ size: head.size, checkpointAt: timeOf(checkpointEvents) },
          epoch: epochOf(core.restores),
          restoredAt: core.restores.at(-1)?.at.toString() ?? null,
        },
        nodes: nodes.map(({ name, host, seenAt }) => ({ name, host, seenAt: seenAt.toString() })),
        warnings: findings.filter(({ verdict }) => verdict !== 'good').map(({ found }) => found),
      }
    },

    doctor: async ({ production }) => {
      const findings = await examine(core, facts.configuration, { production })
      return { good: findings.every(({ verdict }) => verdict !== 'bad'), findings: [...findings] }
    },
  }
}

/** How many alarms are open, by severity. */
async function alarmCounts(ledger: Ledger) {
  const count = (severity: 'critical' | 'warning' | 'notice') =>
    ledger.count('alarm', { by: 'severity', equal: ['open', severity] })
  const [critical, warning, notice] = await Promise.all([
    count('critical'),
    count('warning'),
    count('notice'),
  ])
  return { critical, warning, notice }
}

/** When the newest event under a checkpoint happened; null for none, or one that was erased. */
function timeOf(events: readonly LoggedEvent[]): string | null {
  const bytes = events[0]?.body?.bytes
  return bytes === undefined ? null : parseEvent(bytes).at.toString()
}
