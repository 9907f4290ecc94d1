// SPDX-License-Identifier: Apache-2.0
import { refuse } from '#trust/refusal.ts'
import type { Actor, AuditEvent } from '../audit/event.ts'
import { hashCode, newCodeText } from '../devices/code.ts'
import { settle } from '../ledger/settle.ts'
import type { Application } from '../ledger/tables.ts'
import type { Refused } from '../refusal.ts'
import type { ApplicationPorts } from './ports.ts'

export type ApplicationCodeMade =
  | {
      readonly kind: 'made'
      readonly application: Application
      /** To be shown once; nothing keeps it. */
      readonly text: string
    }
  | Refused

/** Makes a one-time code by which an application gets an identity anew; the code before it ends. */
export async function newApplicationCode(
  application: Application,
  validForHours: number,
  actor: Actor,
  ports: ApplicationPorts,
): Promise<ApplicationCodeMade> {
  if (application.state === 'removed')
    return refuse('application-removed', `application ${application.name} was removed`)
  const { text, columns } = freshCode(validForHours, ports)
  const record = { ...application, version: application.version + 1, ...columns }
  const refused = await settle(
    {
      puts: [{ kind: 'application', record }],
      events: [codeEvent(record, actor, ports.clock.now())],
    },
    ports.ledger,
  )
  return refused ?? { kind: 'made', application: record, text }
}

/** The code itself, and what is kept of it. */
export function freshCode(validForHours: number, { clock, random }: ApplicationPorts) {
  const text = newCodeText(random)
  const columns = {
    codeSha256: hashCode(text),
    codeExpiresAt: clock.now().add({ hours: validForHours }),
    codeUsedAt: null,
  }
  return { text, columns }
}

export function codeEvent(
  { id, name, codeExpiresAt }: Application,
  actor: Actor,
  at: Temporal.Instant,
): AuditEvent {
  const facts = { name, expiresAt: codeExpiresAt?.toString() ?? null }
  return { type: 'application-code-made', at, actor, subjects: [id], facts }
}
