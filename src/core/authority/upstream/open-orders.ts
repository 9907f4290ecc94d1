// SPDX-License-Identifier: Apache-2.0
import type { UpstreamOrder } from '#core/ledger/tables.ts'
import { type CarryingPorts, takeUp } from './ask-upstream.ts'

/** In one look; the next takes the rest. */
const mostAtOnce = 100

/**
 * Goes on with every order whose time has come: what a crash cut off, what its device does not ask for
 * again, and what an upstream works on. One that cannot be reached holds nobody up: its other orders wait for the
 * next look, and those of another upstream go on beside.
 *
 * @returns how many were taken up
 */
export async function carryOpenOrders(ports: CarryingPorts, signal: AbortSignal): Promise<number> {
  const byUpstream = Map.groupBy(await dueOrders(ports), ({ upstream }) => upstream)
  const counts = await Promise.all(
    [...byUpstream.values()].map((orders) => carryInTurn(orders, ports, signal)),
  )
  return counts.reduce((sum, count) => sum + count, 0)
}

async function carryInTurn(
  orders: readonly UpstreamOrder[],
  ports: CarryingPorts,
  signal: AbortSignal,
): Promise<number> {
  let count = 0
  for (const order of orders) {
    if (signal.aborted) break
    const carried = await takeUp(order, ports)
    count++
    if (carried.kind === 'refused' && carried.reason === 'upstream-unreachable') break
  }
  return count
}

async function dueOrders({ ledger, clock }: CarryingPorts): Promise<readonly UpstreamOrder[]> {
  const below = clock.now()
  const walk = { by: 'state', equal: ['open'], below, limit: mostAtOnce } as const
  return (await ledger.list('upstreamOrder', walk)).items
}
