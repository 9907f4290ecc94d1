// SPDX-License-Identifier: Apache-2.0

import type { Draft } from '#core/authority/draft.ts'
import type { Occasion } from '#core/authority/issue.ts'
import { newId } from '#core/ledger/ids.ts'
import type { CertificateRecord, Upstream, UpstreamOrder } from '#core/ledger/tables.ts'
import type { Hosting } from '#core/policy/profile.ts'
import type { Clock, Randomness } from '#core/ports.ts'
import { keptOf } from './occasion-json.ts'

/** An upstream answers within this, or its answer counts as lost. */
export const askingMilliseconds = 20_000

/** So long nobody else takes up what is being asked; more than asking and booking take. */
export const holdSpan = Temporal.Duration.from({ seconds: 60 })

/** An order that its upstream never heard of is given up after this, and its device's code is good again. */
const unheardSpan = Temporal.Duration.from({ minutes: 15 })

/** An upstream that said it works on it has so long: as long as a request waits for a person here. */
const waitingSpan = Temporal.Duration.from({ hours: 7 * 24 })

interface OrderPorts {
  readonly clock: Clock
  readonly random: Randomness
}

/** The order for a certificate that is booked in the same commit; held by whoever books it. */
export function newOrder(
  certificate: CertificateRecord,
  drafted: Draft,
  upstream: Upstream,
  hosting: Hosting,
  occasion: Occasion,
  ports: OrderPorts,
): UpstreamOrder {
  const now = ports.clock.now()
  return {
    ...{ id: newId('upstreamOrder', ports), version: 1, state: 'open', stage: 'booked' },
    ...{ certificate: certificate.id, upstream: upstream.id },
    request: occasion.enrolment.request,
    expected: drafted.toBeSigned,
    occasion: keptOf(occasion, hosting),
    // Chosen before anything is sent, so that one that is sent again says that it is the same.
    transaction: upstream.protocol === 'rest' ? ports.random.bytes(16).toHex() : null,
    requestKey: requestKeyIn(occasion, certificate.id),
    ...{ heldUntil: now.add(holdSpan), askedAt: null, nextAt: now, until: now.add(unheardSpan) },
    ...{
      tries: 1,
      words: null,
      refusedAnswer: null,
      revocation: null,
      createdAt: now,
      endedAt: null,
    },
  }
}

function requestKeyIn(occasion: Occasion, certificate: string): Uint8Array | null {
  const put = occasion.reserveWith(certificate).find(({ kind }) => kind === 'repetition')
  return put?.kind === 'repetition' ? put.record.requestKey : null
}

/**
 * Whether the same request may be sent once more without the danger of a second certificate: not if it was
 * sent and nothing was heard, be it after many answers that it is worked on, unless the upstream repeats itself.
 */
export function mayAskAgain(
  { askedAt }: Pick<UpstreamOrder, 'askedAt'>,
  { repeatsMinutes, protocol }: Pick<Upstream, 'repeatsMinutes' | 'protocol'>,
  now: Temporal.Instant,
): boolean {
  if (askedAt === null) return true
  // An ACME order has its own address, and looking at it asks for nothing new; by REST it is looked for by a
  // key of ours before it is asked for again.
  if (protocol !== 'est') return true
  return isBefore(now, askedAt.add({ minutes: repeatsMinutes }))
}

/** The order after its upstream said that it works on it. */
export function keptWaiting(
  order: UpstreamOrder,
  heard: {
    readonly retryAfterSeconds: number | undefined
    readonly transaction?: string
    readonly words: string
  },
  now: Temporal.Instant,
): UpstreamOrder {
  const waited = Math.max(0, now.since(order.createdAt).total('seconds'))
  const seconds = heard.retryAfterSeconds ?? Math.min(Math.max(waited / 4, 5), 3_600)
  return {
    ...order,
    ...{ version: order.version + 1, stage: 'waiting', heldUntil: now, words: heard.words },
    // It was heard, and has not signed yet.
    askedAt: null,
    transaction: heard.transaction ?? order.transaction,
    nextAt: now.add({ seconds: Math.round(Math.min(Math.max(seconds, 1), 86_400)) }),
    until: order.stage === 'waiting' ? order.until : now.add(waitingSpan),
  }
}

/** The order after a try that told nothing: later, and later each time. */
export function putOff(order: UpstreamOrder, words: string, now: Temporal.Instant): UpstreamOrder {
  const seconds = Math.min(5 * 2 ** Math.min(order.tries - 1, 10), 600)
  const nextAt = now.add({ seconds })
  return { ...order, version: order.version + 1, heldUntil: now, nextAt, words }
}

export function secondsUntil(later: Temporal.Instant, now: Temporal.Instant): number {
  return Math.max(1, Math.ceil(now.until(later).total('seconds')))
}

export function isBefore(left: Temporal.Instant, right: Temporal.Instant): boolean {
  return Temporal.Instant.compare(left, right) < 0
}
