// SPDX-License-Identifier: Apache-2.0
import { refuse } from '#trust/refusal.ts'
import type { Actor } from '../audit/event.ts'
import { newId } from '../ledger/ids.ts'
import type { Put } from '../ledger/ledger.ts'
import { settle } from '../ledger/settle.ts'
import type { Authority } from '../ledger/tables.ts'
import type { Refused } from '../refusal.ts'
import type { AlarmPorts } from './alarm.ts'
import { breaksSomething, type WhatIf, whatIf } from './what-if.ts'

export type Retired =
  | { readonly kind: 'retired'; readonly ended: readonly Authority[]; readonly whatIf: WhatIf }
  | Refused

/**
 * Ends an authority and all below it, for ever: it signs nothing more, its lists neither; devices are told of it no
 * more, and drop it once another root proved itself.
 *
 * Refused while anything would break, unless somebody says why it shall: then the relaxation is kept as an
 * exception. Never the last one that issues.
 */
export async function retireAuthority(
  authority: Authority,
  because: string | undefined,
  actor: Actor,
  ports: AlarmPorts,
): Promise<Retired> {
  const { name, kind, state } = authority
  if (kind === 'foreign')
    return refuse('input-wrong', `${name} is a foreign authority, which only its own house ends`)
  if (state === 'retired') return refuse('exists-already', `${name} was retired already`)
  const found = await whatIf(authority, ports)
  if (!found.isFollowed) {
    return refuse(
      'issuing-stopped',
      `no other issuing authority is active; without ${name} nothing is issued here any more`,
    )
  }
  const breaks = breaksSomething(found)
  if (breaks && because === undefined) {
    return refuse('authority-in-use', `${name} still carries ${summaryOf(found)}`)
  }
  const now = ports.clock.now()
  const ended = found.ending.map(
    (one): Authority => ({ ...one, version: one.version + 1, state: 'retired' }),
  )
  const exception: Put = {
    kind: 'exception',
    record: {
      ...{ id: newId('exception', ports), version: 1, rule: 'authority-in-use' },
      ...{ subject: authority.id, grantedBy: actor.id, reason: because ?? '', until: null },
      createdAt: now,
    },
  }
  const refused = await settle(
    {
      puts: [
        ...ended.map((record): Put => ({ kind: 'authority', record })),
        ...(breaks ? [exception] : []),
      ],
      events: ended.map((one) => ({
        ...({ type: 'authority-retired', at: now, actor } as const),
        subjects: [one.id, ...(one.successor === null ? [] : [one.successor])],
        facts: {
          ...{ name: one.name, with: name, because: because ?? null },
          ...{ devices: found.products.reduce((sum, { devices }) => sum + devices, 0) },
          signingKeys: found.signers.length,
        },
      })),
    },
    ports.ledger,
  )
  return refused ?? { kind: 'retired', ended, whatIf: found }
}

/**
 * In one line what would break.
 *
 * @param profiles those that somebody else would sign for no more
 */
export function summaryOf(
  { products, entrances, holders, signers }: WhatIf,
  profiles: readonly string[] = [],
): string {
  const sum = (of: 'devices' | 'withoutAnchor') =>
    products.reduce((total, product) => total + product[of], 0)
  const parts = [
    [sum('devices'), 'device', 'devices'],
    [sum('withoutAnchor'), 'device that holds no other root', 'devices that hold no other root'],
    [entrances.length, 'entrance', 'entrances'],
    [profiles.length, 'profile that is signed elsewhere', 'profiles that are signed elsewhere'],
    [holders.length, 'certificate of a server or helper', 'certificates of servers and helpers'],
    [signers.length, 'signing key', 'signing keys'],
  ] as const
  const said = parts.flatMap(([count, one, many]) =>
    count === 0 ? [] : [`${count} ${count === 1 ? one : many}`],
  )
  return said.join(', ') || 'nothing'
}
