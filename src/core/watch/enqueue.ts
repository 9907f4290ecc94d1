// SPDX-License-Identifier: Apache-2.0
import { newId } from '../ledger/ids.ts'
import type { Ledger, Put } from '../ledger/ledger.ts'
import type { Alarm, Delivery, NotificationTarget } from '../ledger/tables.ts'
import type { Clock, Randomness } from '../ports.ts'
import { reaches } from './kinds.ts'

/** What a message says, as it is sent: small, and without secrets. */
export interface Message {
  readonly what: Delivery['what']
  readonly at: string
  readonly alarm: {
    readonly id: string | null
    readonly kind: string
    readonly subject: string
    readonly severity: string
    readonly text: string
    readonly facts: Alarm['facts']
    readonly raisedAt: string
    readonly clearedAt: string | null
  }
}

/** Targets there can be: each costs a record with every alarm. */
export const mostTargets = 50

/** Messages that may wait for one target; more of them than anybody would read. */
export const mostWaiting = 1_000

interface EnqueuePorts {
  readonly ledger: Ledger
  readonly clock: Clock
  readonly random: Randomness
}

/**
 * The messages that tell of an alarm, one for each target that wants it, to be committed with it.
 *
 * A target whose queue is full gets none: what stands there already says that it cannot be reached.
 */
export async function deliveriesOf(
  what: 'raised' | 'cleared',
  alarm: Alarm,
  now: Temporal.Instant,
  ports: EnqueuePorts,
): Promise<readonly Put[]> {
  const puts: Put[] = []
  for (const target of await activeTargets(ports.ledger)) {
    if (!wants(target, alarm) || (await isFull(target, ports.ledger))) continue
    puts.push(deliveryPut(target, what, alarm.id, messageOf(what, alarm, now), ports))
  }
  return puts
}

/** One message to one target, to be committed by the caller. */
export function deliveryPut(
  target: NotificationTarget,
  what: Delivery['what'],
  alarm: string | null,
  message: Message,
  ports: EnqueuePorts,
): Put & { readonly kind: 'delivery' } {
  const now = ports.clock.now()
  return {
    kind: 'delivery',
    record: {
      ...{ id: newId('delivery', ports), version: 1, target: target.id, alarm, what, message },
      ...{ state: 'waiting', tries: 0, nextAt: now, lastError: null, createdAt: now, sentAt: null },
    },
  }
}

export async function activeTargets(ledger: Ledger): Promise<readonly NotificationTarget[]> {
  const { items } = await ledger.list('notificationTarget', {
    ...{ by: 'state', equal: ['active'], limit: mostTargets },
  })
  return items
}

export async function isFull({ id }: NotificationTarget, ledger: Ledger): Promise<boolean> {
  const query = { by: 'queue', equal: [id, 'waiting'], limit: mostWaiting } as const
  return (await ledger.list('delivery', query)).items.length >= mostWaiting
}

function wants({ severity, kinds }: NotificationTarget, alarm: Alarm): boolean {
  const isNamed = kinds.length === 0 || kinds.includes(alarm.kind)
  return isNamed && reaches(alarm.severity, severity)
}

function messageOf(what: Delivery['what'], alarm: Alarm, now: Temporal.Instant): Message {
  const { id, kind, subject, severity, text, facts } = alarm
  return {
    ...{ what, at: now.toString() },
    alarm: {
      ...{ id, kind, subject, severity, text, facts },
      raisedAt: alarm.raisedAt.toString(),
      clearedAt: alarm.clearedAt?.toString() ?? null,
    },
  }
}
