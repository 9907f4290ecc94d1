// SPDX-License-Identifier: Apache-2.0
import { refuse } from '#trust/refusal.ts'
import type { Actor } from '../audit/event.ts'
import type { Put } from '../ledger/ledger.ts'
import { settle } from '../ledger/settle.ts'
import type { KeyFinding } from '../ledger/tables.ts'
import type { Refused } from '../refusal.ts'
import type { AlarmPorts } from '../watch/alarm.ts'
import { allOf } from '../watch/pages.ts'
import { told } from './book-findings.ts'
import { tellOfCauses } from './tell-findings.ts'

export type Dismissed = { readonly kind: 'dismissed'; readonly finding: KeyFinding } | Refused

/**
 * Says that a finding is accepted, and why: its key may be certified again, unless something else bars it.
 *
 * It is about this key and this cause alone, for ever: who finds the same again says nothing new.
 */
export async function dismissFinding(
  before: KeyFinding,
  because: string,
  actor: Actor,
  ports: AlarmPorts,
): Promise<Dismissed> {
  if (before.state === 'dismissed')
    return refuse('decided-already', `this finding was dismissed at ${before.decidedAt}`)
  const finding: KeyFinding = {
    ...{ ...before, version: before.version + 1, state: 'dismissed', because },
    ...{ decidedBy: actor.id, decidedAt: ports.clock.now() },
  }
  const refused = await settle(
    {
      puts: [{ kind: 'keyFinding', record: finding }, ...(await freed(before, ports))],
      events: [told('key-finding-dismissed', finding, actor, { because })],
    },
    ports.ledger,
  )
  if (refused !== undefined) return refused
  await tellOfCauses([finding], ports)
  return { kind: 'dismissed', finding }
}

/** The key in use again, if nothing else that was found bars it. */
async function freed({ id, key, owner }: KeyFinding, ports: AlarmPorts): Promise<readonly Put[]> {
  const record = await ports.ledger.read('key', key)
  if (record?.state !== 'weak') return []
  for await (const other of allOf('keyFinding', ports.ledger, {
    ...{ by: 'owner', equal: [owner], where: { key } },
  })) {
    const bars = other.severity === 'critical' && other.state !== 'dismissed'
    if (bars && other.id !== id) return []
  }
  return [{ kind: 'key', record: { ...record, version: record.version + 1, state: 'active' } }]
}
