// SPDX-License-Identifier: Apache-2.0
import type { Actor } from '#core/audit/event.ts'
import type { Person, Session } from '#core/ledger/tables.ts'
import type { Refused } from '#core/refusal.ts'
import {
  builder,
  type CallerRole,
  type DoorName,
  type Operation,
  roles,
  signer,
} from '#format/admin/operation.ts'
import { refuse } from '#trust/refusal.ts'

/** Who asks, as far as the door could tell. */
export interface Caller {
  readonly door: DoorName
  /** Where it comes from: an address, or `local`. */
  readonly source: string
  readonly actor: Actor
  readonly name: string
  /** Undefined for somebody who has proved nothing. */
  readonly role: CallerRole | undefined
  /** Of a builder: the products that it is for. */
  readonly products?: readonly string[]
  readonly session: { readonly session: Session; readonly person: Person } | undefined
}

/** Somebody who has proved nothing. */
export function stranger(door: DoorName, source: string): Caller {
  return {
    door,
    source,
    actor: { kind: 'stranger', id: source },
    name: 'stranger',
    role: undefined,
    session: undefined,
  }
}

/** Why a caller may not ask this, if so. */
export function checkPermission(
  row: Pick<Operation, 'builders' | 'doors' | 'role'>,
  caller: Caller,
): Refused | undefined {
  if (row.doors !== undefined && !row.doors.includes(caller.door)) {
    return refuse(
      'not-permitted',
      `this can be asked only at the ${row.doors.join(' or ')} door, not at the ${caller.door} one`,
    )
  }
  if (row.role === 'public') return undefined
  if (caller.role === undefined) return refuse('credential-missing', howToProve[caller.door])
  if (caller.role === builder)
    return row.builders === true
      ? undefined
      : refuse('not-permitted', 'a job of a build releases what it built, and does nothing else')
  if (caller.role === signer)
    return refuse('not-permitted', 'this machine has digests signed, and does nothing else')
  if (roles.indexOf(caller.role) <= roles.indexOf(row.role)) return undefined
  return refuse('not-permitted', `this needs the role ${row.role}, you are ${caller.role}`)
}

const howToProve: Readonly<Record<DoorName, string>> = {
  operator: 'sign in first',
  local: 'only the local administrator speaks here',
  machine: 'present the client certificate of a machine that has access',
}
