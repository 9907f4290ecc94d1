// SPDX-License-Identifier: Apache-2.0
import { refuse } from '#trust/refusal.ts'
import { settle } from '../ledger/settle.ts'
import type { Person } from '../ledger/tables.ts'
import type { Refused } from '../refusal.ts'
import type { Attempts } from './attempts.ts'
import { normalPassphrase, type PassphraseHasher } from './passphrase.ts'
import type { PeoplePorts } from './ports.ts'

/** What a person says to prove to be that person. */
export interface SignIn {
  readonly name: string
  readonly passphrase: string
  /** Where it comes from, for the back-off and the log. */
  readonly source: string
}

export interface SignInPorts extends PeoplePorts {
  readonly hasher: PassphraseHasher
  readonly attempts: Attempts
}

/**
 * The person of a name and its passphrase.
 *
 * Whatever is wrong, words and time are the same: nobody learns which names exist.
 */
export async function provePerson(
  asked: SignIn,
  ports: SignInPorts,
): Promise<{ readonly kind: 'proved'; readonly person: Person } | Refused> {
  const blocked = ports.attempts.begin(asked.name, asked.source, ports.clock.now())
  if (blocked !== undefined) return blocked
  const person = await ports.ledger.find('person', 'name', [asked.name])
  const good = await ports.hasher.verify(
    person?.passphrase ?? undefined,
    normalPassphrase(asked.passphrase),
  )
  if (!good || person?.state !== 'active') return refuseSignIn(asked, person, ports)
  ports.attempts.succeeded(asked.name, asked.source)
  return { kind: 'proved', person }
}

async function refuseSignIn(
  asked: SignIn,
  person: Person | undefined,
  ports: SignInPorts,
): Promise<Refused> {
  // Bounded by the back-off, which comes first. The name is told only if it is somebody's: it may
  // be a passphrase typed into the wrong field.
  await settle(
    {
      puts: [],
      events: [
        {
          type: 'sign-in-refused',
          at: ports.clock.now(),
          actor: { kind: 'stranger', id: asked.source },
          subjects: person === undefined ? [] : [person.id],
          facts: {},
        },
      ],
    },
    ports.ledger,
  )
  return refuse('sign-in-wrong', 'name and passphrase do not belong together')
}
