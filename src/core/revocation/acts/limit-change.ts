// SPDX-License-Identifier: Apache-2.0
/** A limit that falls holds at once; one that lets one person end more needs a second person, and is an exception. */
import type { Actor, AuditEvent, EventType } from '#core/audit/event.ts'
import { newId } from '#core/ledger/ids.ts'
import type { Ledger, Put } from '#core/ledger/ledger.ts'
import { settle } from '#core/ledger/settle.ts'
import type { RevocationLimit } from '#core/ledger/tables.ts'
import {
  peopleBehind,
  peopleMissing,
  refuseAgreeing,
  type WhyAlone,
  weakenedPut,
  whyAlone,
} from '#core/people/second-person.ts'
import type { Refused } from '#core/refusal.ts'
import { refuse } from '#trust/refusal.ts'
import { aloneUpTo, type LimitPorts, limitPut } from './alone.ts'

/** `change` is undefined where a limit fell or stays as it is, which needs nobody. */
export type LimitChanged =
  | {
      readonly kind: 'changed'
      readonly owners: number | null
      readonly change: RevocationLimit | undefined
    }
  | Refused

/** The rule that is relaxed, as exceptions name it. */
export const limitRaised = 'revocation-limit-raised'

/** Of those that wait there is one at most: a second one would be judged against what may change under it. */
const open = 'waiting'

/**
 * Says for how many owners of certificates one person suffices; null: for any number.
 *
 * A higher number waits for a second person, but in a trial and at the first set-up.
 */
export async function changeLimit(
  owners: number | null,
  because: string,
  actor: Actor,
  ports: LimitPorts,
): Promise<LimitChanged> {
  const { ledger, clock } = ports
  const was = await aloneUpTo(ports.environment, ledger)
  if (!isMore(owners, was)) return lower(owners, was, because, actor, ports)
  const waiting = await waitingLimit(ledger)
  if (waiting !== undefined)
    return refuse(
      'exists-already',
      `another limit (${waiting.id}) waits for a second person; agree to it or refuse it first`,
    )
  const alone = await whyAlone(ports.environment, ledger)
  const at = clock.now()
  const isDone = alone !== undefined
  const change: RevocationLimit = {
    ...{ id: newId('revocationLimit', ports), version: 1, owners, was, because },
    ...{ state: isDone ? 'active' : 'waiting', open: isDone ? null : open, approvals: [] },
    ...{ askedBy: actor.id, askedAt: at },
    ...{ decidedBy: isDone ? actor.id : null, decidedAt: isDone ? at : null },
  }
  const event = isDone
    ? told('revocation-limit-changed', change, actor, at, { alone })
    : told('revocation-limit-proposed', change, actor, at)
  const puts = isDone ? await inForce(change, [actor.id], alone, ports) : []
  return book(change, puts, [event], ports)
}

/**
 * A person's yes to a limit that waits.
 *
 * @param person the id of an administrator who has signed in
 */
export async function approveLimit(
  before: RevocationLimit,
  person: string,
  ports: LimitPorts,
): Promise<LimitChanged> {
  const { ledger, clock } = ports
  const no = refuseDecided(before) ?? (await refuseAgreeing(before, person, ledger))
  if (no !== undefined) return no
  const now = await aloneUpTo(ports.environment, ledger)
  if (now !== before.was)
    return refuse(
      'conflict',
      `one person ends ${limitWords(now)} alone now, and not ${limitWords(before.was)} as when it was asked for; refuse this one and ask anew`,
    )
  const at = clock.now()
  const approvals = [...before.approvals, { by: person, at: at.toString() }]
  const agreed: RevocationLimit = { ...before, version: before.version + 1, approvals }
  const isEnough = peopleMissing(agreed) === 0
  const change: RevocationLimit = {
    ...agreed,
    ...(isEnough && { state: 'active', open: null, decidedBy: person, decidedAt: at }),
  }
  const actor = { kind: 'person', id: person } as const
  const events = [
    told('revocation-limit-approved', change, actor, at, { missing: peopleMissing(change) }),
    ...(isEnough ? [told('revocation-limit-changed', change, actor, at)] : []),
  ]
  const puts = isEnough ? await inForce(change, [...peopleBehind(change)], undefined, ports) : []
  return book(change, puts, events, ports)
}

/** A person's no: the limit stays what it is. */
export async function refuseLimit(
  before: RevocationLimit,
  because: string,
  actor: Actor,
  ports: LimitPorts,
): Promise<LimitChanged> {
  const decided = refuseDecided(before)
  if (decided !== undefined) return decided
  const at = ports.clock.now()
  const change: RevocationLimit = {
    ...{ ...before, version: before.version + 1, state: 'refused', open: null },
    ...{ decidedBy: actor.id, decidedAt: at },
  }
  const event = told('revocation-limit-refused', change, actor, at, { detail: because })
  return book(change, [], [event], ports)
}

/** The one that waits for a second person, if any. */
export function waitingLimit(ledger: Ledger): Promise<RevocationLimit | undefined> {
  return ledger.find('revocationLimit', 'open', [open])
}

/** Whether one person may end more of trust alone than before. */
function isMore(owners: number | null, was: number | null): boolean {
  if (was === null) return false
  return owners === null || owners > was
}

async function lower(
  owners: number | null,
  was: number | null,
  because: string,
  actor: Actor,
  ports: LimitPorts,
): Promise<LimitChanged> {
  if (owners === was) return { kind: 'changed', owners, change: undefined }
  const at = ports.clock.now()
  const put = await limitPut(owners, at, ports)
  const facts = { owners, was, because }
  const subjects = [put.record.id]
  const event: AuditEvent = { type: 'revocation-limit-changed', at, actor, subjects, facts }
  const refused = await settle({ puts: [put], events: [event] }, ports.ledger)
  return refused ?? { kind: 'changed', owners, change: undefined }
}

/** What makes it hold, and says in the evidence that it does. */
async function inForce(
  { id, owners, was, because }: RevocationLimit,
  by: readonly string[],
  alone: WhyAlone | undefined,
  ports: LimitPorts,
): Promise<readonly Put[]> {
  const lines = [`one person ends ${limitWords(owners)} alone instead of ${limitWords(was)}`]
  const weakened = { rule: limitRaised, subject: id, by, because, lines, alone }
  return [await limitPut(owners, ports.clock.now(), ports), weakenedPut(weakened, ports)]
}

/** For how many devices it is, in words. */
export function limitWords(owners: number | null): string {
  return owners === null ? 'any number of devices' : `${owners} devices`
}

async function book(
  change: RevocationLimit,
  puts: readonly Put[],
  events: readonly AuditEvent[],
  { ledger, environment }: LimitPorts,
): Promise<LimitChanged> {
  const put: Put = { kind: 'revocationLimit', record: change }
  const refused = await settle({ puts: [put, ...puts], events }, ledger)
  return refused ?? { kind: 'changed', owners: await aloneUpTo(environment, ledger), change }
}

function refuseDecided({ state }: RevocationLimit): Refused | undefined {
  if (state === 'waiting') return undefined
  return refuse('decided-already', `the limit is ${state}; only one that waits is decided`)
}

function told(
  type: EventType & `revocation-limit-${string}`,
  { id, owners, was, because }: RevocationLimit,
  actor: Actor,
  at: Temporal.Instant,
  facts: Readonly<Record<string, string | number>> = {},
): AuditEvent {
  return { type, at, actor, subjects: [id], facts: { owners, was, because, ...facts } }
}
