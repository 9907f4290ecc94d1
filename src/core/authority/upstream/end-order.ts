// SPDX-License-Identifier: Apache-2.0
import type { EventType } from '#core/audit/event.ts'
import { abandon } from '#core/authority/abandon.ts'
import type { UpstreamOrder } from '#core/ledger/tables.ts'
import type { Refused } from '#core/refusal.ts'
import { refuse } from '#trust/refusal.ts'
import type { CarryingPorts } from './ask-upstream.ts'
import type { ReadyUpstream } from './ready-upstream.ts'

type End = Exclude<UpstreamOrder['state'], 'open' | 'answered'>

/**
 * Ends an order without a certificate, and gives what it was booked for up: code and permission go back
 * to the device.
 *
 * Two commits: after a crash between them the certificate is reserved for no order, and recovery
 * abandons it.
 *
 * @param answer the certificate that came and is not taken, DER
 * @returns whether it was this call that ended it; else somebody else took it up, and has the last word
 */
export async function endOrder(
  order: UpstreamOrder,
  state: End,
  words: string,
  { upstream }: Pick<ReadyUpstream, 'upstream'>,
  ports: CarryingPorts,
  answer?: Uint8Array,
): Promise<boolean> {
  const now = ports.clock.now()
  const record: UpstreamOrder = {
    ...order,
    ...{ version: order.version + 1, state, words, heldUntil: now, endedAt: now },
    refusedAnswer: answer ?? null,
  }
  const ended = await ports.ledger.commit({
    puts: [{ kind: 'upstreamOrder', record }],
    events: [
      {
        ...{ type: eventOf(order, state), at: now },
        actor: { kind: 'house', id: 'upstream' },
        subjects: [order.id, order.certificate, upstream.id],
        facts: { upstream: upstream.name, words, tries: order.tries },
      },
    ],
  })
  if (ended.kind === 'conflict') return false
  await abandon(order.certificate, ports)
  return true
}

/** What is told by whoever finds that an order went on without it. */
export function lostToOther(): Refused {
  return refuse('busy', 'the answer is being booked already; ask again')
}

/** What a device is told whose request may have been signed elsewhere, whenever it sends that again. */
export function outcomeUnknown(): Refused {
  return refuse(
    'upstream-outcome-unknown',
    'whether this request was answered is not known; make a new key and ask again',
  )
}

function eventOf({ stage }: UpstreamOrder, state: End): EventType {
  switch (state) {
    case 'turned-down':
      return 'upstream-turned-down'
    case 'refused':
      return 'upstream-answer-refused'
    case 'given-up':
      return stage === 'booked' ? 'upstream-not-reached' : 'upstream-outcome-unknown'
  }
}
