// SPDX-License-Identifier: Apache-2.0
import { refuse } from '#trust/refusal.ts'
import type { Actor, AuditEvent } from '../audit/event.ts'
import { mostOrders } from '../enrolment/doors.ts'
import { isMeant, momentOf } from '../enrolment/renew-now.ts'
import { newId } from '../ledger/ids.ts'
import type { ListQuery } from '../ledger/ledger.ts'
import { settle } from '../ledger/settle.ts'
import type { RenewalOrder } from '../ledger/tables.ts'
import type { Refused } from '../refusal.ts'
import { type AlarmPorts, clear, raise } from './alarm.ts'
import { allOf } from './pages.ts'

/** Who shall renew before their time: what is null does not matter; at least one is given. */
export type Cohort = Pick<RenewalOrder, 'authority' | 'product' | 'lot' | 'algorithm'>

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
  const order: RenewalOrder = {
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
    total: await ports.ledger.count('certificate', cohortWalk(asked)),
    ...{ state: 'open', endedAt: null },
  }
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

/** The certificates of a cohort by the most telling list; which of them are meant is asked one by one. */
function cohortWalk({ authority, product, lot, algorithm }: Cohort): ListQuery<'certificate'> {
  const where = {
    ...({ kind: 'working', state: 'issued' } as const),
    ...(authority !== null && { authority }),
    ...(product !== null && { product }),
    ...(lot !== null && { lot }),
    ...(algorithm !== null && { algorithm }),
  }
  const limit = 500
  if (lot !== null) return { by: 'lot', equal: [lot], where, limit }
  if (product !== null) return { by: 'product', equal: [product], where, limit }
  if (authority !== null) return { by: 'shard', equal: [authority], where, limit }
  return { by: 'algorithm', equal: [algorithm], where, limit }
}

export interface Progress {
  readonly total: number
  readonly renewed: number
  /** Those that still hold what the order means. */
  readonly left: number
  /** Of those left, the ones whose own moment is over. */
  readonly silent: number
  /** False: so many are left that they were not all counted, and each number is at least that. */
  readonly isExact: boolean
}

/** Devices left that are counted one by one; nobody reads more. */
const mostLooked = 100_000

/** How far an order has come, as it is now. */
export async function progressOf(order: RenewalOrder, ports: AlarmPorts): Promise<Progress> {
  const now = ports.clock.now()
  const { limit: _, ...walk } = cohortWalk(order)
  let [looked, left, silent] = [0, 0, 0]
  for await (const certificate of allOf('certificate', ports.ledger, walk)) {
    if (++looked > mostLooked) break
    if (!isMeant(order, certificate)) continue
    left++
    if (Temporal.Instant.compare(momentOf(order, certificate.owner), now) < 0) silent++
  }
  const isExact = looked <= mostLooked
  const { total } = order
  return { total, renewed: isExact ? Math.max(total - left, 0) : 0, left, silent, isExact }
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
