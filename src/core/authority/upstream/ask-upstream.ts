// SPDX-License-Identifier: Apache-2.0

import { draft } from '#core/authority/draft.ts'
import {
  type Issued,
  type IssuingPorts,
  lint,
  type Occasion,
  recordOf,
} from '#core/authority/issue.ts'
import { noShard } from '#core/ledger/shards.ts'
import type { UpstreamOrder } from '#core/ledger/tables.ts'
import type { Approved } from '#core/policy/approved.ts'
import type { Hosting } from '#core/policy/profile.ts'
import type { Refused } from '#core/refusal.ts'
import { refuse } from '#trust/refusal.ts'
import { refuseWeakKey } from '#trust/weak-keys/weak-keys.ts'
import { conclude } from './conclude.ts'
import type { Heard, UpstreamPorts } from './desk.ts'
import { endOrder, lostToOther, outcomeUnknown } from './end-order.ts'
import {
  askingMilliseconds,
  holdSpan,
  isBefore,
  keptWaiting,
  mayAskAgain,
  newOrder,
  putOff,
  secondsUntil,
} from './order.ts'
import { checkUpstream, type ReadyUpstream } from './ready-upstream.ts'

export type Carried =
  | Issued
  /** It is not there yet; the same request may come again after that. */
  | { readonly kind: 'pending'; readonly retryAfterSeconds: number }

export interface CarryingPorts extends IssuingPorts {
  readonly upstreams: UpstreamPorts
}

/**
 * Draft, gate, lint, reserve, ask, check, complete: `issue` for what somebody else signs.
 *
 * Nothing is asked for that policy did not approve and that is not booked; what came back is handed out
 * only if it is what was approved.
 */
export async function askUpstream(
  approved: Approved,
  host: ReadyUpstream,
  hosting: Hosting,
  occasion: Occasion,
  ports: CarryingPorts,
): Promise<Carried> {
  ports.demandCurrent?.()
  const stopped = ports.guard.check(ports.clock.now()) ?? checkUpstream(host)
  if (stopped !== undefined) return stopped
  // No list of ours speaks of what others signed.
  const drafted = draft(approved, host.signer, noShard, ports)
  const flaw = refuseWeakKey(drafted.terms.publicKey, ports.keyLists) ?? lint(drafted, host.signer)
  if (flaw !== undefined) return flaw
  const { certificate, puts } = recordOf(drafted, host.signer, occasion, ports)
  const order = newOrder(certificate, drafted, host.upstream, hosting, occasion, ports)
  // Booked before asked: after a crash the order is taken up again, or given up by name.
  const reserved = await ports.ledger.commit({
    puts: [
      ...puts,
      { kind: 'certificate', record: certificate },
      { kind: 'upstreamOrder', record: order },
      ...occasion.reserveWith(certificate.id),
    ],
    events: [],
  })
  return reserved.kind === 'conflict' ? reserved : carry(order, host, ports)
}

/**
 * Goes on with an order where it stands: for its device, which came again, or for the job.
 *
 * One at a time holds an order, on whichever node; who holds it last longest is taken for dead.
 */
export async function takeUp(order: UpstreamOrder, ports: CarryingPorts): Promise<Carried> {
  const now = ports.clock.now()
  const host = ports.upstreams.ready(order.upstream)
  if (isBefore(now, order.heldUntil)) return { kind: 'pending', retryAfterSeconds: 2 }
  if (host === undefined) return withoutHost(order, ports)
  if (!isBefore(now, order.until) || !mayAskAgain(order, host.upstream, now))
    return giveUp(order, host, ports)
  if (isBefore(now, order.nextAt)) return notYet(order, now)
  const held: UpstreamOrder = {
    ...order,
    ...{ version: order.version + 1, tries: order.tries + 1, heldUntil: now.add(holdSpan) },
  }
  const taken = await ports.ledger.commit({
    puts: [{ kind: 'upstreamOrder', record: held }],
    events: [],
  })
  if (taken.kind === 'conflict') return { kind: 'pending', retryAfterSeconds: 2 }
  return carry(held, host, ports)
}

/** One that was booked while its upstream was removed is given up; one that does not read now may again. */
async function withoutHost(order: UpstreamOrder, ports: CarryingPorts): Promise<Carried> {
  const upstream = await ports.ledger.read('upstream', order.upstream)
  return upstream?.state === 'removed'
    ? giveUp(order, { upstream }, ports)
    : refuse('issuing-stopped', 'its upstream cannot be asked; ask the operator')
}

function notYet({ stage, nextAt }: UpstreamOrder, now: Temporal.Instant): Carried {
  return stage === 'booked'
    ? unreachable()
    : { kind: 'pending', retryAfterSeconds: secondsUntil(nextAt, now) }
}

async function carry(
  order: UpstreamOrder,
  host: ReadyUpstream,
  ports: CarryingPorts,
): Promise<Carried> {
  const { current, asked } = await markAsked(order, ports)
  if (!asked) return { kind: 'pending', retryAfterSeconds: 2 }
  const kept = { order: current }
  const heard = await hear(kept, host, ports)
  const { upstream } = host
  switch (heard.kind) {
    case 'certificates':
      await ports.upstreams.noteHealth(upstream, undefined)
      return conclude(kept.order, heard.certificates, host, ports)
    case 'waiting':
      await ports.upstreams.noteHealth(upstream, undefined)
      return waits(kept.order, heard, host, ports)
    case 'turned-down':
      await ports.upstreams.noteHealth(upstream, undefined)
      if (!(await endOrder(kept.order, 'turned-down', heard.words, host, ports)))
        return lostToOther()
      return refuse(
        'upstream-refused',
        'the authority that signs for this entrance said no; ask the operator',
      )
    case 'unreached':
      await ports.upstreams.noteHealth(upstream, { kind: 'unreachable', words: heard.words })
      // What it had heard before it has heard still, and of this try nothing.
      await book(
        putOff(
          { ...kept.order, stage: order.stage, askedAt: order.askedAt },
          heard.words,
          ports.clock.now(),
        ),
        ports,
      )
      return unreachable()
    case 'unknown':
      await ports.upstreams.noteHealth(upstream, { kind: 'unreachable', words: heard.words })
      return doubts(kept.order, heard.words, host, ports)
  }
}

/** What may be heard is marked first: a crash after this leaves an order whose outcome is not known. */
async function markAsked(order: UpstreamOrder, ports: CarryingPorts) {
  const askedAt = order.askedAt ?? ports.clock.now()
  const stage = order.stage === 'booked' ? 'asked' : order.stage
  const current: UpstreamOrder = { ...order, version: order.version + 1, askedAt, stage }
  return { current, asked: await book(current, ports) }
}

async function hear(
  kept: { order: UpstreamOrder },
  { upstream }: ReadyUpstream,
  ports: CarryingPorts,
): Promise<Heard> {
  const note = async (transaction: string) => {
    const noted = { ...kept.order, version: kept.order.version + 1, transaction }
    if (!(await book(noted, ports))) throw new Error('somebody else took the order up')
    kept.order = noted
  }
  const errand = { upstream, order: kept.order, note }
  try {
    return await ports.upstreams.desk.ask(errand, ports.upstreams.within(askingMilliseconds))
  } catch (error) {
    // Whatever broke on our side, the other side may have signed.
    return { kind: 'unknown', words: error instanceof Error ? error.message : String(error) }
  }
}

async function waits(
  order: UpstreamOrder,
  heard: Heard & { kind: 'waiting' },
  { upstream }: ReadyUpstream,
  ports: CarryingPorts,
): Promise<Carried> {
  const now = ports.clock.now()
  const record = keptWaiting(order, heard, now)
  const events =
    order.stage === 'waiting'
      ? []
      : [
          {
            ...({ type: 'upstream-waiting', at: now } as const),
            actor: { kind: 'house', id: 'upstream' } as const,
            subjects: [order.id, order.certificate, upstream.id],
            facts: { upstream: upstream.name, words: heard.words },
          },
        ]
  await ports.ledger.commit({ puts: [{ kind: 'upstreamOrder', record }], events })
  return { kind: 'pending', retryAfterSeconds: secondsUntil(record.nextAt, now) }
}

/** It may have signed. Where it promises to say the same again, it is asked again; else nobody can know. */
async function doubts(
  order: UpstreamOrder,
  words: string,
  host: ReadyUpstream,
  ports: CarryingPorts,
): Promise<Carried> {
  const now = ports.clock.now()
  if (!mayAskAgain(order, host.upstream, now)) return giveUp({ ...order, words }, host, ports)
  const record = putOff(order, words, now)
  await book(record, ports)
  return { kind: 'pending', retryAfterSeconds: secondsUntil(record.nextAt, now) }
}

/** Ends an order that nobody will answer: known to be unheard, or with an outcome that nobody knows. */
async function giveUp(
  order: UpstreamOrder,
  host: Pick<ReadyUpstream, 'upstream'>,
  ports: CarryingPorts,
): Promise<Carried> {
  const words = order.words ?? 'no answer came'
  if (!(await endOrder(order, 'given-up', words, host, ports))) return lostToOther()
  if (order.stage === 'booked') return unreachable()
  await ports.upstreams.noteHealth(host.upstream, {
    ...{ kind: 'outcome-unknown', certificate: order.certificate, words },
  })
  return outcomeUnknown()
}

function unreachable(): Refused {
  return refuse(
    'upstream-unreachable',
    'the authority that signs for this entrance cannot be reached; try again later',
  )
}

/** False if somebody else changed it meanwhile. */
async function book(record: UpstreamOrder, { ledger }: CarryingPorts): Promise<boolean> {
  const booked = await ledger.commit({ puts: [{ kind: 'upstreamOrder', record }], events: [] })
  return booked.kind === 'committed'
}
