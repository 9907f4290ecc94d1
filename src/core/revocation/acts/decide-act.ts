// SPDX-License-Identifier: Apache-2.0
/** What people say to an act that waits: yes, bound to the exact set; no; or never mind. */
import type { Actor, EventType } from '#core/audit/event.ts'
import { digestOfSet, toldOfAct } from '#core/enforcement/book-act.ts'
import { settle } from '#core/ledger/settle.ts'
import type { RevocationRecord } from '#core/ledger/tables.ts'
import {
  type Proposal,
  peopleBehind,
  peopleMissing,
  peopleNeeded,
  refuseAgreeing,
} from '#core/people/second-person.ts'
import type { Refused } from '#core/refusal.ts'
import { refuse } from '#trust/refusal.ts'
import type { ActPorts } from './ask.ts'
import { isOfOneAuthority } from './authority-end.ts'
import { readChosen } from './chosen.ts'
import { readSet } from './meant-set.ts'

export type ActDecided = { readonly kind: 'decided'; readonly record: RevocationRecord } | Refused

/**
 * A person's yes to one act and to its set, to the last certificate.
 *
 * Whoever asked counts as one of the two, if that was a person who had signed in; who asked at the machine
 * itself or as a machine has proved to be nobody, and two others have to agree. The same person counts once.
 *
 * @param set SHA-256 of the set that the person looked at
 * @param person the id of somebody who has signed in
 */
export async function approveAct(
  record: RevocationRecord,
  set: Uint8Array,
  person: string,
  ports: ActPorts,
): Promise<ActDecided> {
  const decided = refuseDecided(record)
  if (decided !== undefined) return decided
  if (set.toHex() !== record.setSha256.toHex()) {
    return refuse(
      'set-changed',
      `the act is about the set ${record.setSha256.toHex()}, approved was ${set.toHex()}; look again`,
    )
  }
  const proposal = proposalOf(record)
  const no = await refuseAgreeing(proposal, person, ports.ledger)
  if (no !== undefined) return no
  const people = peopleBehind(proposal)
  const at = ports.clock.now()
  const actor = { kind: 'person', id: person } as const
  const changed = await changeOf(record, ports)
  if (changed !== undefined) {
    const lapsed = await decide(record, 'revocation-refused', { state: 'refused' }, actor, ports, {
      detail: changed.detail,
    })
    return lapsed.kind === 'refused' ? lapsed : changed
  }
  const approvals = [...record.approvals, { by: person, at: at.toString() }]
  const isEnough = people.size + 1 >= peopleNeeded
  const columns = { approvals, ...(isEnough && ({ state: 'running' } as const)) }
  return decide(record, 'revocation-approved', columns, actor, ports, {
    missing: Math.max(0, peopleNeeded - people.size - 1),
  })
}

/** How many more people have to approve it. */
export function approvalsMissing(record: RevocationRecord): number {
  return record.state === 'waiting' ? peopleMissing(proposalOf(record)) : 0
}

/** A person's no. */
export function refuseAct(
  record: RevocationRecord,
  because: string,
  actor: Actor,
  ports: ActPorts,
): Promise<ActDecided> {
  return decide(record, 'revocation-refused', { state: 'refused' }, actor, ports, {
    detail: because,
  })
}

/** Never mind, says who asked, and nobody else: the others can refuse it. */
export async function withdrawAct(
  record: RevocationRecord,
  actor: Actor,
  ports: ActPorts,
): Promise<ActDecided> {
  if (record.state === 'waiting' && record.requestedBy !== actor.id)
    return refuse('not-permitted', 'only who asked for it withdraws it; you can refuse it')
  return decide(record, 'revocation-withdrawn', { state: 'withdrawn' }, actor, ports)
}

function proposalOf({ requestedBy, approvals }: RevocationRecord): Proposal {
  return { askedBy: requestedBy, approvals }
}

/** An approval is bound to what was asked: if that is not the same any more, the act is over. */
async function changeOf(
  { act, chosen, requestedAt, setSha256 }: RevocationRecord,
  { ledger }: ActPorts,
): Promise<Refused | undefined> {
  // An authority's own certificate is one and stays the same.
  if (act === 'quarantine' || isOfOneAuthority({ chosen })) return undefined
  const set = await readSet({ act, chosen: readChosen(chosen), at: requestedAt }, ledger)
  if (set.kind === 'refused') return set
  const now = digestOfSet(set.ids).toHex()
  if (now === setSha256.toHex()) return undefined
  return refuse(
    'set-changed',
    `since it was asked, certificates came or went (the set is ${now} now); this act is over, ask for it anew`,
  )
}

function refuseDecided({ state }: RevocationRecord): Refused | undefined {
  if (state === 'waiting') return undefined
  return refuse('decided-already', `the act is ${state}; only one that waits is decided`)
}

async function decide(
  before: RevocationRecord,
  type: EventType & `revocation-${string}`,
  columns: Partial<RevocationRecord>,
  actor: Actor,
  { ledger, clock }: ActPorts,
  facts: Readonly<Record<string, string | number>> = {},
): Promise<ActDecided> {
  const decided = refuseDecided(before)
  if (decided !== undefined) return decided
  const at = clock.now()
  const isOver = columns.state !== undefined
  const record = {
    ...{ ...before, ...columns, version: before.version + 1 },
    ...(isOver && { decidedBy: actor.id, decidedAt: at }),
  }
  const refused = await settle(
    {
      puts: [{ kind: 'revocation', record }],
      events: [toldOfAct(type, record, actor, at, facts)],
    },
    ledger,
  )
  return refused ?? { kind: 'decided', record }
}
