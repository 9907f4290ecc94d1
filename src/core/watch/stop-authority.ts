// SPDX-License-Identifier: Apache-2.0
import { refuse } from '#trust/refusal.ts'
import type { Actor } from '../audit/event.ts'
import { settle } from '../ledger/settle.ts'
import type { Authority } from '../ledger/tables.ts'
import type { Refused } from '../refusal.ts'
import type { AlarmPorts } from './alarm.ts'
import { allOf } from './pages.ts'

export type Stopped =
  | {
      readonly kind: 'stopped'
      readonly authority: Authority
      readonly successor: Authority
      /** How many doors the successor takes over. */
      readonly entrances: number
    }
  | Refused

/**
 * Lets an authority issue nothing more; the newest other one takes over its doors, in one change: no
 * device meets a door without an authority. One that issues no more already may still be given a successor.
 *
 * @param chosen who takes over, if that is not to be the newest other one
 */
export async function stopAuthority(
  before: Authority,
  because: string,
  actor: Actor,
  ports: AlarmPorts,
  chosen?: Authority,
): Promise<Stopped> {
  if (before.kind !== 'issuing')
    return refuse(
      'not-permitted',
      `${before.name} is a ${before.kind} authority and issues to no device`,
    )
  const successor = chosen ?? (await successorOf(before, ports))
  if (successor === undefined) {
    return refuse(
      'issuing-stopped',
      'no other issuing authority is active; make one first: "vitalsign authority issue NAME"',
    )
  }
  let entrances = 0
  for await (const entrance of allOf('entrance', ports.ledger))
    if (entrance.authority === before.id) entrances++
  const authority: Authority = {
    ...before,
    ...{ version: before.version + 1, state: 'issuing-stopped', successor: successor.id },
  }
  const refused = await settle(
    {
      puts: [{ kind: 'authority', record: authority }],
      events: [
        {
          ...{ type: 'authority-stopped', at: ports.clock.now(), actor },
          subjects: [authority.id, successor.id],
          facts: { name: authority.name, because, successor: successor.name, entrances },
        },
      ],
    },
    ports.ledger,
  )
  return refused ?? { kind: 'stopped', authority, successor, entrances }
}

async function successorOf(
  { id, algorithm, twin }: Authority,
  { ledger, clock }: AlarmPorts,
): Promise<Authority | undefined> {
  const able: Authority[] = []
  for await (const one of allOf('authority', ledger, { by: 'kind', equal: ['issuing'] })) {
    const isOver = Temporal.Instant.compare(one.issueUntil, clock.now()) <= 0
    // Devices of the usual chain need not know the other root; those of the other know both, or can.
    const isOfChain = one.twin === null || twin !== null
    if (one.id !== id && one.state === 'active' && !isOver && isOfChain) able.push(one)
  }
  // Devices that can check the old one's signatures can check those of its kind.
  return able.findLast((one) => one.algorithm === algorithm) ?? able.at(-1)
}
