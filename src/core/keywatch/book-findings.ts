// SPDX-License-Identifier: Apache-2.0
import { type WeaknessName, weaknesses } from '#trust/weak-keys/weaknesses.ts'
import type { Actor, AuditEvent } from '../audit/event.ts'
import { newId } from '../ledger/ids.ts'
import type { Put } from '../ledger/ledger.ts'
import type { Key, KeyFinding } from '../ledger/tables.ts'
import type { AlarmPorts } from '../watch/alarm.ts'
import { aboutKey } from './about-key.ts'
import { tellOfCauses } from './tell-findings.ts'

/** Something that was found out about a key of ours, by whoever looks for it. */
export interface FoundWeakness {
  readonly kind: WeaknessName
  /** The id of the key. */
  readonly key: string
  /** SHA-256 of what all keys of this cause have in common; what has the same cause is one alarm. Never a secret. */
  readonly cause: Uint8Array
  /** What of this key shows it: one line for people, without secrets. */
  readonly detail: string
  /** More of it for machines, without secrets; the names of what is known of a key (`about-key.ts`) are taken. */
  readonly facts: KeyFinding['facts']
}

/** Findings in one commit, each with its event and perhaps its key; all else that the house does waits for it. */
const mostInCommit = 150

/** Somebody else may change a key, or book the same, at the same moment. */
const mostTries = 5

/**
 * Books what was found out about keys, bars the keys from being certified again, and raises an alarm for each cause.
 *
 * Nothing else happens by itself: what is certified stays so until people act. What is booked already, by kind, key
 * and cause, is left as it stands, whatever was decided of it, so that saying it again does no harm; a key that is not
 * in the ledger is passed over.
 *
 * @returns those that are new
 */
export async function bookFindings(
  found: readonly FoundWeakness[],
  ports: AlarmPorts,
): Promise<readonly KeyFinding[]> {
  const booked: KeyFinding[] = []
  for (let from = 0; from < found.length; from += mostInCommit)
    booked.push(...(await bookSome(found.slice(from, from + mostInCommit), ports)))
  await tellOfCauses(booked, ports)
  return booked
}

async function bookSome(
  found: readonly FoundWeakness[],
  ports: AlarmPorts,
): Promise<readonly KeyFinding[]> {
  for (let tries = 1; ; tries++) {
    const fresh = new Map<string, KeyFinding>()
    const keys = new Map<string, Key>()
    for (const one of found) {
      const { kind, key, cause } = one
      if ((await ports.ledger.find('keyFinding', 'once', [key, kind, cause])) !== undefined)
        continue
      const record = await ports.ledger.read('key', key)
      if (record === undefined) continue
      fresh.set(`${key} ${kind} ${cause.toHex()}`, await recordOf(one, record, ports))
      if (weaknesses[kind].severity === 'critical') keys.set(key, record)
    }
    const records = [...fresh.values()]
    if (records.length === 0) return []
    const committed = await ports.ledger.commit({
      puts: [
        ...records.map((record): Put => ({ kind: 'keyFinding', record })),
        ...[...keys.values()].flatMap(barred),
      ],
      events: records.map((record) => told('key-weakness-found', record, watcher)),
    })
    if (committed.kind === 'committed') return records
    // What is lost here is found again by the next look.
    if (tries === mostTries) return []
  }
}

/** A key in use is certified no more; of one that is out of use already there is nothing to bar. */
function barred(key: Key): readonly Put[] {
  if (key.state !== 'active') return []
  return [{ kind: 'key', record: { ...key, version: key.version + 1, state: 'weak' } }]
}

async function recordOf(
  { kind, cause, detail, facts }: FoundWeakness,
  key: Key,
  ports: AlarmPorts,
): Promise<KeyFinding> {
  const about = await aboutKey(key, ports.ledger)
  return {
    ...{ id: newId('keyFinding', ports), version: 1, kind, key: key.id, cause },
    ...{ severity: weaknesses[kind].severity, state: 'proposed', owner: key.owner },
    ...about.columns,
    facts: { detail, ...facts, ...about.facts },
    foundAt: ports.clock.now(),
    ...{ revocation: null, decidedBy: null, decidedAt: null, because: null },
  }
}

/** Who finds, where no person does. */
export const watcher: Actor = { kind: 'house', id: 'keywatch' }

export function told(
  type: 'key-weakness-found' | 'key-finding-acted' | 'key-finding-dismissed',
  finding: KeyFinding,
  actor: Actor,
  facts: AuditEvent['facts'] = {},
): AuditEvent {
  const { id, key, owner, kind, severity, cause, foundAt, decidedAt } = finding
  return {
    ...{ type, at: decidedAt ?? foundAt, actor, subjects: [id, key, owner] },
    facts: { kind, severity, cause: cause.toHex(), ...facts },
  }
}
