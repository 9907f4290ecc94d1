// SPDX-License-Identifier: Apache-2.0
import type { Delivery, NotificationTarget } from '../ledger/tables.ts'
import { type AlarmPorts, clear, raise } from './alarm.ts'
import { allOf } from './pages.ts'

/** What became of one try. */
export type Sent =
  | { readonly kind: 'sent' }
  /** `detail` holds no secret: people read it in the list. */
  | { readonly kind: 'failed'; readonly detail: string }

export interface DeliveryPorts extends AlarmPorts {
  /** Sends one message; MUST NOT throw for what the other side does, and MUST end by itself. */
  send(delivery: Delivery, target: NotificationTarget, signal: AbortSignal): Promise<Sent>
}

/** A message is given up after so many tries: with the pauses below, after three days. */
export const mostTries = 20
/** The pause after the first failure, and the longest. */
const firstMinutes = 1
const longestMinutes = 6 * 60
/** Messages to one target in one run, and how long it may take; the rest waits for the next, which comes soon. */
const mostAtOnce = 50
const longestRun = Temporal.Duration.from({ minutes: 1 })

/**
 * Sends what waits, each target in the order in which it was written, targets beside each other.
 *
 * At least once: a message that was sent, and whose end could not be booked, is sent again under the same
 * id. A message that cannot be sent holds up those behind it, for they would fail alike.
 */
export async function deliverOnce(ports: DeliveryPorts, signal: AbortSignal): Promise<void> {
  const targets: NotificationTarget[] = []
  for await (const target of allOf('notificationTarget', ports.ledger)) targets.push(target)
  await Promise.all(targets.map((target) => deliverTo(target, ports, signal)))
}

async function deliverTo(target: NotificationTarget, ports: DeliveryPorts, signal: AbortSignal) {
  // One that takes its time must not keep what is new from the others.
  const until = ports.clock.now().add(longestRun)
  const isOver = () => Temporal.Instant.compare(ports.clock.now(), until) > 0
  for (let count = 0; count < mostAtOnce && !signal.aborted && !isOver(); count++) {
    const delivery = await headOf(target, ports)
    if (delivery === undefined) return
    if (target.state === 'removed') {
      if (!(await giveUp(delivery, 'its target was removed', ports))) return
      continue
    }
    if (Temporal.Instant.compare(delivery.nextAt, ports.clock.now()) > 0) return
    const sent = await ports.send(delivery, target, signal)
    if (signal.aborted) return
    if (!(await book(sent, delivery, target, ports)) || sent.kind === 'failed') return
  }
}

/** The oldest that is not over: one that failed stands before all that still wait. */
async function headOf({ id }: NotificationTarget, { ledger }: DeliveryPorts) {
  for (const state of ['failed', 'waiting'] as const) {
    const walk = { by: 'queue', equal: [id, state], limit: 1 } as const
    const [head] = (await ledger.list('delivery', walk)).items
    if (head !== undefined) return head
  }
  return undefined
}

/** @returns false if somebody else booked it first, who then goes on with this target */
async function book(
  sent: Sent,
  delivery: Delivery,
  target: NotificationTarget,
  ports: DeliveryPorts,
): Promise<boolean> {
  const now = ports.clock.now()
  const tries = delivery.tries + 1
  if (sent.kind === 'sent') {
    const done = { state: 'sent', tries, nextAt: now, sentAt: now, lastError: null } as const
    if (!(await put({ ...delivery, ...done }, ports))) return false
    await clear('notification-failing', target.id, ports)
    return true
  }
  if (tries >= mostTries) {
    if (!(await giveUp({ ...delivery, tries }, sent.detail, ports))) return false
  } else {
    const minutes = Math.min(firstMinutes * 2 ** (tries - 1), longestMinutes)
    const failed = { tries, nextAt: now.add({ minutes }), lastError: sent.detail }
    if (!(await put({ ...delivery, ...failed, state: 'failed' }, ports))) return false
  }
  if (tries >= triesUntilTold) await tellFailing(sent.detail, tries, target, ports)
  return true
}

/** A server that is started anew is back by then; one that is not, somebody should know of. */
const triesUntilTold = 5

function tellFailing(
  detail: string,
  tries: number,
  target: NotificationTarget,
  ports: DeliveryPorts,
): Promise<void> {
  const isOver = tries >= mostTries
  return raise(
    {
      kind: 'notification-failing',
      subject: target.id,
      severity: isOver ? 'critical' : 'warning',
      text: `${target.name} cannot be told: ${detail}`,
      facts: { target: target.name, tries, givenUp: isOver },
    },
    ports,
  )
}

function giveUp(delivery: Delivery, lastError: string, ports: DeliveryPorts): Promise<boolean> {
  const nextAt = ports.clock.now()
  return put({ ...delivery, state: 'given-up', lastError, nextAt }, ports)
}

async function put(delivery: Delivery, { ledger }: DeliveryPorts): Promise<boolean> {
  const record = { ...delivery, version: delivery.version + 1 }
  const { kind } = await ledger.commit({ puts: [{ kind: 'delivery', record }], events: [] })
  return kind === 'committed'
}
