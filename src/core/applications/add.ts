// SPDX-License-Identifier: Apache-2.0
import { refuse } from '#trust/refusal.ts'
import type { Actor } from '../audit/event.ts'
import { newId } from '../ledger/ids.ts'
import { settle } from '../ledger/settle.ts'
import type { Application } from '../ledger/tables.ts'
import type { Profile } from '../policy/profile.ts'
import { checkFacts } from '../policy/templates.ts'
import type { Refused } from '../refusal.ts'
import { codeEvent, freshCode } from './code.ts'
import type { ApplicationPorts } from './ports.ts'
import { applicationProfile } from './profile.ts'

export type NewApplication = Pick<Application, 'name' | 'profile' | 'names' | 'products'> & {
  readonly codeHours: number
}

export type ApplicationAdded =
  | {
      readonly kind: 'added'
      readonly application: Application
      /** Its one-time code, to be shown once; nothing keeps it. */
      readonly code: string
    }
  | Refused

/** Registers an application, and makes the code by which it gets its identity. */
export async function addApplication(
  asked: NewApplication,
  maker: string,
  actor: Actor,
  ports: ApplicationPorts,
): Promise<ApplicationAdded> {
  const profile = await applicationProfile(asked.profile, ports.ledger)
  if ('reason' in profile) return profile
  const unfit = checkNames(profile, asked) ?? checkFacts(profile, { maker, ...asked })
  if (unfit !== undefined) return unfit
  const now = ports.clock.now()
  const { text, columns } = freshCode(asked.codeHours, ports)
  const { name, names, products } = asked
  const application: Application = {
    ...{ id: newId('application', ports), version: 1, name, profile: profile.name },
    ...{ names, products, state: 'active', ...columns },
    ...{ createdAt: now, createdBy: actor.id, seenAt: null },
  }
  const refused = await settle(
    {
      puts: [{ kind: 'application', record: application }],
      events: [
        {
          type: 'application-added',
          at: now,
          actor,
          subjects: [application.id, ...products],
          facts: { name, profile: profile.name, names: names.join(' ') },
        },
        codeEvent(application, actor, now),
      ],
    },
    ports.ledger,
  )
  return refused ?? { kind: 'added', application, code: text }
}

/** A server is found by its names, and vouches for each of them; nobody looks a client up. */
function checkNames({ kind, name }: Profile, { names }: NewApplication): Refused | undefined {
  if (kind === 'server' && names.length === 0)
    return refuse('input-wrong', 'a server needs the names or addresses under which it is reached')
  if (kind === 'client' && names.length > 0)
    return refuse('input-wrong', `profile ${name} is of clients, whose certificates name no hosts`)
  return undefined
}
