// SPDX-License-Identifier: Apache-2.0
/** A key that devices depend on ends as an exception: by one person in a trial, by two everywhere else. */
import { refuse } from '#trust/refusal.ts'
import type { Actor, AuditEvent, EventType } from '../audit/event.ts'
import { newId } from '../ledger/ids.ts'
import type { Put } from '../ledger/ledger.ts'
import { settle } from '../ledger/settle.ts'
import type { ArtefactKey, KeyEnding } from '../ledger/tables.ts'
import { peopleBehind, peopleMissing, refuseAgreeing } from '../people/second-person.ts'
import type { Refused } from '../refusal.ts'
import { moveKey } from '../signing/end-key.ts'
import { endRotation } from './change-rotation.ts'
import { dependentsOn } from './dependents.ts'
import { openRotations } from './judge-move.ts'
import type { RotationPorts } from './ports.ts'

export type KeyEndingChanged = { readonly kind: 'changed'; readonly ending: KeyEnding } | Refused

/** The rule that is relaxed, as exceptions name it. */
export const endedThoughDependedOn = 'key-depended-on'

/** Asks to end a key whoever depends on it: it waits for a second person, but for a trial. */
export async function askKeyEnding(
  key: ArtefactKey,
  act: KeyEnding['act'],
  because: string,
  actor: Actor,
  ports: RotationPorts,
): Promise<KeyEndingChanged> {
  if (key.state === 'revoked' || (act === 'retire' && key.state === 'retired'))
    return refuse('key-retired', `signing key ${key.name} is ${key.state} already`)
  const before = await ports.ledger.find('keyEnding', 'open', [key.id])
  // It was to be done, and was cut off.
  if (before !== undefined && isEnough(before, ports)) return carryOut(before, key, actor, ports)
  const { dependent, unknown } = await dependentsOn(key, ports.ledger)
  const at = ports.clock.now()
  const ending: KeyEnding = {
    ...{ id: newId('keyEnding', ports), version: 1, artefactKey: key.id, product: key.product },
    ...{ act, devices: dependent, unknown, because, state: 'waiting', openKey: key.id },
    ...{ approvals: [], askedBy: actor.id, askedAt: at, decidedBy: null, decidedAt: null },
  }
  return book(ending, 'key-ending-asked', key, actor, ports)
}

/**
 * A person's yes. Whoever asked counts as one of the two if that was a person who had signed in; the same person
 * counts once.
 *
 * @param person the id of somebody who has signed in
 */
export async function approveKeyEnding(
  before: KeyEnding,
  person: string,
  ports: RotationPorts,
): Promise<KeyEndingChanged> {
  const key = await ports.ledger.read('artefactKey', before.artefactKey)
  if (key === undefined) return refuse('not-found', `there is no key ${before.artefactKey}`)
  const decided = refuseDecided(before)
  if (decided !== undefined) return decided
  const actor = { kind: 'person', id: person } as const
  if (isEnough(before, ports)) return carryOut(before, key, actor, ports)
  const no = await refuseAgreeing(before, person, ports.ledger)
  if (no !== undefined) return no
  const by = { by: person, at: ports.clock.now().toString() }
  const ending: KeyEnding = {
    ...{ ...before, version: before.version + 1, approvals: [...before.approvals, by] },
  }
  return book(ending, 'key-ending-approved', key, actor, ports)
}

/** A person's no: the key stays what it is. */
export async function refuseKeyEnding(
  before: KeyEnding,
  because: string,
  actor: Actor,
  { ledger, clock }: RotationPorts,
): Promise<KeyEndingChanged> {
  const decided = refuseDecided(before)
  if (decided !== undefined) return decided
  const at = clock.now()
  const ending: KeyEnding = {
    ...{ ...before, version: before.version + 1, state: 'refused', openKey: null },
    ...{ decidedBy: actor.id, decidedAt: at },
  }
  const event = told('key-ending-refused', ending, actor, at)
  const refused = await settle(
    {
      puts: [{ kind: 'keyEnding', record: ending }],
      events: [{ ...event, facts: { ...event.facts, because } }],
    },
    ledger,
  )
  return refused ?? changed(ending)
}

/** How many more people have to agree. */
export function endingApprovalsMissing(
  ending: KeyEnding,
  { environment }: Pick<RotationPorts, 'environment'>,
): number {
  const isOver = ending.state !== 'waiting' || environment === 'trial'
  return isOver ? 0 : peopleMissing(ending)
}

function isEnough(ending: KeyEnding, ports: Pick<RotationPorts, 'environment'>): boolean {
  return ports.environment === 'trial' || peopleMissing(ending) === 0
}

/** The exception stands before the key ends: a call that was cut off between is asked again, and done. */
async function book(
  ending: KeyEnding,
  type: 'key-ending-asked' | 'key-ending-approved',
  key: ArtefactKey,
  actor: Actor,
  ports: RotationPorts,
): Promise<KeyEndingChanged> {
  const at = ports.clock.now()
  const enough = isEnough(ending, ports)
  const refused = await settle(
    {
      puts: [
        { kind: 'keyEnding', record: ending },
        ...(enough ? [exceptionOf(ending, actor, at, ports)] : []),
      ],
      events: [told(type, ending, actor, at)],
    },
    ports.ledger,
  )
  if (refused !== undefined) return refused
  return enough ? carryOut(ending, key, actor, ports) : changed(ending)
}

function exceptionOf(
  ending: KeyEnding,
  actor: Actor,
  at: Temporal.Instant,
  ports: RotationPorts,
): Put {
  const { devices, unknown, because } = ending
  const people = [...peopleBehind(ending)]
  return {
    kind: 'exception',
    record: {
      ...{ id: newId('exception', ports), version: 1, rule: endedThoughDependedOn },
      ...{ subject: ending.artefactKey, grantedBy: people.join(', ') || actor.id },
      reason: `${because}: ${devices} devices depended on it, ${unknown} may have`,
      ...{ until: null, createdAt: at },
    },
  }
}

async function carryOut(
  before: KeyEnding,
  key: ArtefactKey,
  actor: Actor,
  ports: RotationPorts,
): Promise<KeyEndingChanged> {
  const { ledger, clock } = ports
  const moved = await moveKey(key, before.act, before.because, actor, ports)
  if (moved.kind === 'refused') return moved
  const open = await openRotations(key.product, ledger)
  const rotation = open.find(({ fromKey }) => fromKey === key.id)
  if (rotation !== undefined) {
    const ended = await endRotation(rotation, 'done', before.because, actor, ports)
    if (ended.kind === 'refused') return ended
  }
  const ending: KeyEnding = {
    ...{ ...before, version: before.version + 1, state: 'done', openKey: null },
    ...{ decidedBy: actor.id, decidedAt: clock.now() },
  }
  const refused = await settle(
    { puts: [{ kind: 'keyEnding', record: ending }], events: [] },
    ledger,
  )
  return refused ?? changed(ending)
}

function changed(ending: KeyEnding): KeyEndingChanged {
  return { kind: 'changed', ending }
}

function refuseDecided({ state }: KeyEnding): Refused | undefined {
  if (state === 'waiting') return undefined
  return refuse('decided-already', `it is ${state}; only what waits is decided`)
}

function told(
  type: EventType & `key-ending-${string}`,
  { id, artefactKey, product, act, devices, unknown, because }: KeyEnding,
  actor: Actor,
  at: Temporal.Instant,
): AuditEvent {
  const facts = { act, devices, unknown, because }
  return { type, at, actor, subjects: [id, artefactKey, product], facts }
}
