// SPDX-License-Identifier: Apache-2.0
import type { UpstreamOrder } from '#core/ledger/tables.ts'
import { type CarryingPorts, takeUp } from './ask-upstream.ts'

/** In one look; the next takes the rest. */
const mostAtOnce = 100

/**
 * Goes on with every order whose time has come: what a crash cut off, what its device does not ask for
 * again, and what an upstream works on.
 *
 * @returns how many were taken up
 */
export async function carryOpenOrders(ports: CarryingPorts, signal: AbortSignal): Promise<number> {
  let count = 0
  for (const order of await dueOrders(ports)) {
    if (signal.aborted) break
    await takeUp(order, ports)
    count++
  }
  return count
}

async function dueOrders({ ledger, clock }: CarryingPorts): Promise<readonly UpstreamOrder[]> {
  const below = clock.now()
  const walk = { by: 'state', equal: ['open'], below, limit: mostAtOnce } as const
  return (await ledger.list('upstreamOrder', walk)).items
}
