// SPDX-License-Identifier: Apache-2.0
import { refuse } from '#trust/refusal.ts'
import type { Actor, AuditEvent } from '../audit/event.ts'
import { mostOrders } from '../enrolment/doors.ts'
import { momentOf } from '../enrolment/renew-now.ts'
import { newId } from '../ledger/ids.ts'
import { settle } from '../ledger/settle.ts'
import type { RenewalOrder } from '../ledger/tables.ts'
import type { Refused } from '../refusal.ts'
import { type AlarmPorts, clear, raise } from './alarm.ts'
import { type Cohort, holdersOf } from './holders.ts'
import { allOf } from './pages.ts'

export interface NewOrder extends Cohort {
  /** Hours over which the devices are spread. */
  readonly withinHours: number
  readonly because: string
}

export type Ordered = { readonly kind: 'ordered'; readonly order: RenewalOrder } | Refused

/** Tells a cohort to renew, each device at a moment of its own within the window. */
export async function orderRenewal(
  asked: NewOrder,
  actor: Actor,
  ports: AlarmPorts,
): Promise<Ordered> {
  const no = (await checkCohort(asked, ports)) ?? (await checkRoom(ports))
  if (no !== undefined) return no
  const now = ports.clock.now()
  const { authority, product, lot, algorithm, because, withinHours } = asked
  const draft: RenewalOrder = {
    ...{
      id: newId('renewalOrder', ports),
      version: 1,
      authority,
      product,
      lot,
      algorithm,
      because,
    },
    ...{ fromAt: now, until: now.add({ hours: withinHours }), createdAt: now, createdBy: actor.id },
    ...{ total: 0, state: 'open', endedAt: null },
  }
  const order: RenewalOrder = { ...draft, total: (await holdersOf(draft, ports)).owners.length }
  if (order.total === 0)
    return refuse('not-found', 'no device has a working identity that this order means')
  const { total } = order
  const refused = await settle(
    {
      puts: [{ kind: 'renewalOrder', record: order }],
      events: [
        told('renewal-ordered', order, actor, now, {
          ...{ authority, product, lot, algorithm, because, total },
          until: order.until.toString(),
        }),
      ],
    },
    ports.ledger,
  )
  return refused ?? { kind: 'ordered', order }
}

async function checkCohort(asked: Cohort, { ledger }: AlarmPorts): Promise<Refused | undefined> {
  const { authority, product, lot, algorithm } = asked
  if ([authority, product, lot, algorithm].every((one) => one === null)) {
    return refuse(
      'input-wrong',
      'say who shall renew: an authority, a product, a lot or an algorithm',
    )
  }
  if (authority === null) return undefined
  const record = await ledger.read('authority', authority)
  if (record?.state !== 'active' || record.kind !== 'issuing') return undefined
  return refuse(
    'renewal-would-not-help',
    `authority ${record.name} still issues, so a renewal would change nothing; stop it first: "vitalsign authority stop"`,
  )
}

async function checkRoom({ ledger }: AlarmPorts): Promise<Refused | undefined> {
  const walk = { by: 'state', equal: ['open'], limit: mostOrders } as const
  if ((await ledger.list('renewalOrder', walk)).items.length < mostOrders) return undefined
  return refuse('busy', `${mostOrders} renewal orders are open; end those that are done`)
}

export interface Progress {
  readonly total: number
  readonly renewed: number
  /** Those that still hold what the order means. */
  readonly left: number
  /** Of those left, the ones whose own moment is over. */
  readonly silent: number
  /** False: there are so many that they were not all counted; `renewed` is then not known. */
  readonly isExact: boolean
}

/** How far an order has come, as it is now. */
export async function progressOf(order: RenewalOrder, ports: AlarmPorts): Promise<Progress> {
  const now = ports.clock.now()
  const { owners, isExact } = await holdersOf(order, ports)
  const left = owners.length
  const isOver = (owner: string) => Temporal.Instant.compare(momentOf(order, owner), now) < 0
  const { total } = order
  const renewed = isExact ? Math.max(total - left, 0) : 0
  return { total, renewed, left, silent: owners.filter(isOver).length, isExact }
}

/** Ends an order: devices renew in their own time again. */
export async function endOrder(
  before: RenewalOrder,
  actor: Actor,
  ports: AlarmPorts,
): Promise<Ordered> {
  if (before.state === 'ended') return { kind: 'ordered', order: before }
  const now = ports.clock.now()
  const order: RenewalOrder = {
    ...before,
    ...{ version: before.version + 1, state: 'ended', endedAt: now },
  }
  const event = told('renewal-order-ended', order, actor, now, { total: order.total })
  const change = { puts: [{ kind: 'renewalOrder', record: order } as const], events: [event] }
  const refused = await settle(change, ports.ledger)
  if (refused !== undefined) return refused
  await clear('renewal-order-silent', order.id, ports)
  return { kind: 'ordered', order }
}

/** Once the window is over, those who did not come are an alarm. */
export async function watchOrders(now: Temporal.Instant, ports: AlarmPorts): Promise<void> {
  for await (const order of allOf('renewalOrder', ports.ledger, { by: 'state', equal: ['open'] })) {
    if (Temporal.Instant.compare(order.until, now) > 0) continue
    const { left, isExact } = await progressOf(order, ports)
    if (left === 0) await clear('renewal-order-silent', order.id, ports)
    else {
      const many = isExact ? String(left) : `${left} or more`
      await raise(
        {
          ...{ kind: 'renewal-order-silent', subject: order.id, severity: 'warning' },
          text: `${many} of ${order.total} devices have not renewed, and the window of their order ended ${order.until}`,
          facts: { left, total: order.total, because: order.because },
        },
        ports,
      )
    }
  }
}

function told(
  type: 'renewal-ordered' | 'renewal-order-ended',
  { id }: RenewalOrder,
  actor: Actor,
  at: Temporal.Instant,
  facts: AuditEvent['facts'],
): AuditEvent {
  return { type, at, actor, subjects: [id], facts }
}
