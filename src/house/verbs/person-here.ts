// SPDX-License-Identifier: Apache-2.0
import type { Person } from '#core/ledger/tables.ts'
import type { Attempts } from '#core/people/attempts.ts'
import type { PassphraseHasher } from '#core/people/passphrase.ts'
import { provePerson } from '#core/people/prove-person.ts'
import type { Refused } from '#core/refusal.ts'
import type { Caller } from '#edge/admin/caller.ts'
import { refuse } from '#trust/refusal.ts'
import type { Core } from '../core.ts'

/** By what people prove to be here, besides a session. */
export interface People {
  readonly hasher: PassphraseHasher
  readonly attempts: Attempts
}

/** What somebody said who has not signed in. */
export interface SaidPerson {
  readonly name?: string | undefined
  readonly passphrase?: string | undefined
}

export type PersonHere = { readonly kind: 'person'; readonly person: Person } | Refused

/** Whoever signed in, or proves to be a person by name and passphrase; the machine itself is nobody. */
export async function personHere(
  caller: Caller,
  { name, passphrase }: SaidPerson,
  people: People,
  core: Core,
): Promise<PersonHere> {
  if (caller.session !== undefined) return { kind: 'person', person: caller.session.person }
  if (name === undefined || passphrase === undefined) {
    return refuse(
      'credential-missing',
      'an approval is a person’s: sign in, or say --name and type the passphrase of that person',
    )
  }
  const proved = await provePerson(
    { name, passphrase, source: caller.source },
    { ...core, ...people },
  )
  if (proved.kind === 'refused') return proved
  return proved.person.role === 'auditor'
    ? refuse('not-permitted', `${name} is auditor; an operator or administrator approves`)
    : { kind: 'person', person: proved.person }
}
