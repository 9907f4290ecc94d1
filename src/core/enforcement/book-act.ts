// SPDX-License-Identifier: Apache-2.0
import { sha256 } from '#trust/digest.ts'
import type { Actor, AuditEvent, EventType } from '../audit/event.ts'
import { newId } from '../ledger/ids.ts'
import type { CertificateRecord, RevocationRecord } from '../ledger/tables.ts'
import type { Clock, Randomness } from '../ports.ts'

/** An act as it was asked, and what it means. */
export interface Act {
  readonly act: RevocationRecord['act']
  readonly chosen: RevocationRecord['chosen']
  readonly reason: string
  readonly because: string
  /** The certificates that it means, in any order. */
  readonly certificates: readonly Pick<CertificateRecord, 'id' | 'owner'>[]
  /** The id of who asks. */
  readonly by: string
  readonly at: Temporal.Instant
}

/** The record of an act that nobody else has to approve, in force as soon as it is committed. */
export function effectiveAct(
  act: Act,
  ports: { readonly clock: Clock; readonly random: Randomness },
): RevocationRecord {
  const total = act.certificates.length
  return {
    ...{ id: newId('revocation', ports), version: 1, act: act.act, chosen: act.chosen },
    ...{ reason: act.reason, because: act.because, total, done: total },
    owners: new Set(act.certificates.map(({ owner }) => owner)).size,
    ...{ setSha256: digestOfSet(act.certificates.map(({ id }) => id)), state: 'effective' },
    approvals: [],
    ...{ requestedBy: act.by, requestedAt: act.at, decidedBy: act.by, decidedAt: act.at },
    ...{
      effectiveAt: act.at,
      publishedAt: null,
      unpublishedSince: act.at,
      releasedBy: null,
      releasedAt: null,
    },
  }
}

/** SHA-256 over the sorted ids, a line feed after each: the same certificates, the same digest. */
export function digestOfSet(ids: readonly string[]): Uint8Array {
  return sha256(
    new TextEncoder().encode(
      ids
        .toSorted()
        .map((id) => `${id}\n`)
        .join(''),
    ),
  )
}

/** What the log tells of an act: which one, what was chosen, and how many certificates it is about. */
export function toldOfAct(
  type: EventType & `revocation-${string}`,
  record: RevocationRecord,
  actor: Actor,
  at: Temporal.Instant,
  facts: AuditEvent['facts'] = {},
): AuditEvent {
  const { id, act, chosen, reason, because, total, owners, setSha256 } = record
  const choice = Object.entries(chosen).map(([name, value]) => `${name} ${value}`)
  return {
    ...{ type, at, actor, subjects: [id] },
    facts: {
      ...{ act, chosen: choice.join(', '), reason, because, certificates: total, owners },
      set: setSha256.toHex(),
      ...facts,
    },
  }
}

/** Who did something, from the id that a record keeps of it. */
export function actorOf(id: string): Actor {
  const kinds = { psn: 'person', mch: 'machine', dev: 'device', app: 'application' } as const
  const prefix = id.slice(0, 3)
  if (id === 'local') return { kind: 'person', id }
  return { kind: prefix in kinds ? kinds[prefix as keyof typeof kinds] : 'house', id }
}
