// SPDX-License-Identifier: Apache-2.0
import type { AuditEvent } from '../audit/event.ts'
import type { Ledger } from '../ledger/ledger.ts'
import type { Enforcement, Integration, RevocationRecord } from '../ledger/tables.ts'
import type { Clock, Randomness } from '../ports.ts'
import { fewestTries, mostFailingHours, pauseAfter } from './back-off.ts'
import { ownersOf } from './owners.ts'
import type { Batch, Enforced, IntegrationDesk, Wish } from './port.ts'
import { markOf, messageOf, type Walk, walkOf } from './walk.ts'
import { wishOf } from './wish.ts'

export interface EnforcementPorts {
  readonly ledger: Ledger
  readonly clock: Clock
  /** The time on which all nodes agree. */
  readonly sharedClock: Clock
  readonly random: Randomness
  readonly desk: IntegrationDesk
  /** Aborts after so many milliseconds. */
  within(milliseconds: number): AbortSignal
  /** Hears how an integration is; undefined: it answered. MUST NOT throw. */
  noteHealth(integration: Integration, trouble: Trouble | undefined): Promise<void>
}

/** Why something is not carried out at an integration. */
export interface Trouble {
  /** In a row, for the same enforcement. */
  readonly tries: number
  readonly isGivenUp: boolean
  readonly words: string
}

/** What became of taking one up. */
export type Carried =
  | 'confirmed'
  /** Others should have their turn before the rest of it. */
  | 'more'
  /** Its act is not in force for all yet, and has to come further first. */
  | 'early'
  /** It failed, and another might not. */
  | 'failed'
  /** Whatever else is told there would fail alike. */
  | 'down'
  /** Another node has it, or it is over. */
  | 'taken'

/** How long one message may take from the first byte to the answer. */
const batchMilliseconds = 15_000
/** A node that died is followed after this; each message begins it anew. */
const leaseSeconds = 60
/** Messages in one turn: what is short must not wait for what is long. */
const mostInTurn = 20
/** An act that runs is looked at again after this. */
const lookAgainSeconds = 1
/** How often a batch is told anew if what is wanted changed while it was told. */
const mostCorrections = 5

/**
 * Carries out one enforcement, or the next part of it.
 *
 * It is taken by writing its next version: of two nodes one has it, and who lost it to another books nothing
 * more. While its act is carried out, those whom it reached are told early; it is confirmed only by a walk that
 * began when the act was in force for all. What is wanted is read from the ledger for each batch, and read again once it was told: an act that came
 * meanwhile, and that another node told before, is not undone.
 */
export async function carryOut(
  waiting: Enforcement,
  integration: Integration,
  ports: EnforcementPorts,
  signal: AbortSignal,
): Promise<Carried> {
  let mine = await put({ ...waiting, ...lease(ports), tries: waiting.tries + 1 }, ports)
  if (mine === undefined) return 'taken'
  for (let told = 0; told < mostInTurn && !signal.aborted; told++) {
    // Read before the owners are: what a walk in force for all does not meet did not end by the act.
    const revocation = await actOf(mine, ports)
    const walk = walkOf(mine, revocation)
    if (walk === undefined) return putOff(mine, ports)
    // Each walk counts its owners anew; sessions end once.
    const counted = walk.cursor === null ? { ...mine, owners: 0 } : mine
    const page = { owner: counted.owner, after: walk.cursor }
    const { owners, next } = await ownersOf(page, revocation, ports)
    const enforced = await tell(owners, counted, walk, revocation, integration, ports, signal)
    if (signal.aborted) break
    if (enforced.kind !== 'enforced') return bookFailure(mine, integration, enforced, ports)
    const counts = {
      owners: counted.owners + owners.length,
      sessionsEnded: mine.sessionsEnded + enforced.sessionsEnded,
      sessionsKnown: mine.sessionsKnown && enforced.isCounted,
    }
    const after = markOf(walk, next)
    if (after === null) return bookConfirmed({ ...mine, ...counts }, integration, ports)
    mine = await put({ ...mine, ...counts, ...lease(ports), after }, ports)
    if (mine === undefined) return 'taken'
  }
  // Free for whoever comes next, also on another node; it was no try.
  const nextAt = ports.sharedClock.now()
  const rest = { ...mine, state: 'waiting', tries: mine.tries - 1, nextAt } as const
  return (await put(rest, ports)) === undefined ? 'taken' : 'more'
}

async function actOf({ revocation: id }: Enforcement, { ledger }: EnforcementPorts) {
  return id === null ? undefined : ledger.read('revocation', id)
}

/** It is alive, and no try has failed; who takes it up next looks how far its act is. */
async function putOff(mine: Enforcement, ports: EnforcementPorts): Promise<Carried> {
  const nextAt = ports.sharedClock.now().add({ seconds: lookAgainSeconds })
  const waiting = { ...mine, state: 'waiting', tries: 1, nextAt } as const
  return (await put(waiting, ports)) === undefined ? 'taken' : 'early'
}

/** Tells a batch, and tells it again to those of whom something else is wanted by now. */
async function tell(
  owners: readonly string[],
  enforcement: Enforcement,
  walk: Walk,
  revocation: RevocationRecord | undefined,
  integration: Integration,
  ports: EnforcementPorts,
  signal: AbortSignal,
): Promise<Enforced> {
  const { act } = enforcement
  const id = messageOf(enforcement, walk)
  const about = revocation === undefined ? null : { id: revocation.id, reason: revocation.reason }
  const wishesOf = async (some: readonly string[]) =>
    (await Promise.all(some.map((owner) => wishOf(owner, act, ports)))).flatMap((one) => one ?? [])
  let wishes = await wishesOf(owners)
  let sessionsEnded = 0
  let isCounted = true
  for (let turn = 0; wishes.length > 0; turn++) {
    if (turn > mostCorrections)
      return { kind: 'refused', detail: 'what is wanted changed faster than it could be told' }
    const batch: Batch = { id: turn === 0 ? id : `${id}.${turn}`, act, revocation: about, wishes }
    const enforced = await enforce(integration, batch, ports, signal)
    if (enforced.kind !== 'enforced') return enforced
    sessionsEnded += enforced.sessionsEnded
    isCounted &&= enforced.isCounted
    const before: ReadonlyMap<string, Wish['want']> = new Map(
      wishes.map(({ owner, want }) => [owner, want]),
    )
    const now = await wishesOf([...before.keys()])
    wishes = now.filter(({ owner, want }) => want !== before.get(owner))
  }
  return { kind: 'enforced', sessionsEnded, isCounted }
}

function enforce(
  integration: Integration,
  batch: Batch,
  { desk, within }: EnforcementPorts,
  signal: AbortSignal,
): Promise<Enforced> {
  return desk.enforce(integration, batch, AbortSignal.any([signal, within(batchMilliseconds)]))
}

function lease({ sharedClock }: EnforcementPorts) {
  return { state: 'waiting', nextAt: sharedClock.now().add({ seconds: leaseSeconds }) } as const
}

async function bookConfirmed(
  mine: Enforcement,
  integration: Integration,
  ports: EnforcementPorts,
): Promise<Carried> {
  const now = ports.clock.now()
  const columns = { state: 'confirmed', after: null, lastError: null } as const
  const confirmed = { ...mine, ...columns, nextAt: now, confirmedAt: now }
  const event = told('enforcement-confirmed', confirmed, integration, now)
  if ((await put(confirmed, ports, event)) === undefined) return 'taken'
  await ports.noteHealth(integration, undefined)
  return 'confirmed'
}

async function bookFailure(
  mine: Enforcement,
  integration: Integration,
  { kind, detail: words }: Exclude<Enforced, { kind: 'enforced' }>,
  ports: EnforcementPorts,
): Promise<Carried> {
  const { clock, sharedClock } = ports
  const now = clock.now()
  const isGivenUp =
    mine.tries >= fewestTries && mine.createdAt.until(now).total('hours') > mostFailingHours
  const nextAt = sharedClock.now().add(pauseAfter(mine.tries))
  const failed: Enforcement = {
    ...{ ...mine, nextAt, state: isGivenUp ? 'given-up' : 'failed', lastError: words },
  }
  const event = isGivenUp ? told('enforcement-given-up', failed, integration, now) : undefined
  if ((await put(failed, ports, event)) === undefined) return 'taken'
  await ports.noteHealth(integration, { tries: mine.tries, isGivenUp, words })
  return kind === 'down' ? 'down' : 'failed'
}

/** @returns undefined if somebody else wrote first */
async function put(
  enforcement: Enforcement,
  { ledger }: EnforcementPorts,
  event?: AuditEvent,
): Promise<Enforcement | undefined> {
  const record = { ...enforcement, version: enforcement.version + 1 }
  const { kind } = await ledger.commit({
    puts: [{ kind: 'enforcement', record }],
    events: event === undefined ? [] : [event],
  })
  return kind === 'committed' ? record : undefined
}

function told(
  type: 'enforcement-confirmed' | 'enforcement-given-up',
  { id, revocation, act, owner, owners, sessionsEnded, sessionsKnown, tries }: Enforcement,
  { id: integration, name }: Integration,
  at: Temporal.Instant,
): AuditEvent {
  return {
    ...{ type, at, actor: { kind: 'house', id: 'enforcement' } },
    subjects: [id, ...[revocation ?? [], owner ?? []].flat(), integration],
    facts: { integration: name, act, owners, sessionsEnded, sessionsKnown, tries },
  }
}
