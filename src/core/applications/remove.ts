// SPDX-License-Identifier: Apache-2.0
import type { Actor } from '../audit/event.ts'
import { effectiveAct, toldOfAct } from '../enforcement/book-act.ts'
import { enforcementsOf } from '../enforcement/enqueue.ts'
import { endCertificate } from '../ledger/end-certificate.ts'
import type { Put } from '../ledger/ledger.ts'
import { settle } from '../ledger/settle.ts'
import type { Application, CertificateRecord, Key } from '../ledger/tables.ts'
import type { Refused } from '../refusal.ts'
import type { ApplicationPorts } from './ports.ts'

export type ApplicationRemoved =
  | { readonly kind: 'removed'; readonly application: Application }
  | Refused

/** CRLReason, RFC 5280 section 5.3.1. */
const cessationOfOperation = 5

/**
 * More than an application comes by: its profile bounds how many it may hold, and one that has proved its newest
 * gives up those before.
 */
const mostEnded = 400

/** Ends an application: its certificates are revoked, its keys retired, its code is good for nothing. */
export async function removeApplication(
  application: Application,
  reason: string,
  actor: Actor,
  ports: ApplicationPorts,
): Promise<ApplicationRemoved> {
  if (application.state === 'removed') return { kind: 'removed', application }
  const at = ports.clock.now()
  const byOwner = {
    by: 'owner',
    equal: [application.id],
    descending: true,
    limit: mostEnded,
  } as const
  const certificates = (await ports.ledger.list('certificate', byOwner)).items.filter(isLive)
  const keys = (await ports.ledger.list('key', byOwner)).items.filter(
    ({ state }) => state === 'active',
  )
  const act = effectiveAct(
    {
      ...{ act: 'end', chosen: { owner: application.id }, reason: 'cessationOfOperation' },
      ...{ because: reason, certificates, by: actor.id, at },
    },
    ports,
  )
  const end = {
    ...{ at, actor, crlReason: cessationOfOperation, facts: { reason }, revocation: act.id },
  }
  const ended = certificates.map((one) => endCertificate(one, end))
  const removed: Application = {
    ...{ ...application, version: application.version + 1, state: 'removed' },
    ...{ codeSha256: null, codeExpiresAt: null },
  }
  const refused = await settle(
    {
      puts: [
        { kind: 'application', record: removed },
        { kind: 'revocation', record: act },
        ...(await enforcementsOf(act.id, 'end', ports)),
        ...ended.map(({ put }) => put),
        ...keys.map(retiredKey),
      ],
      events: [
        {
          type: 'application-removed',
          at,
          actor,
          subjects: [application.id],
          facts: { name: application.name, reason },
        },
        toldOfAct('revocation-effective', act, actor, at),
        ...ended.map(({ event }) => event),
      ],
    },
    ports.ledger,
  )
  return refused ?? { kind: 'removed', application: removed }
}

function isLive({ state, revokedAt }: CertificateRecord): boolean {
  return state !== 'revoked' && state !== 'abandoned' && (revokedAt === null || state === 'held')
}

function retiredKey(key: Key): Put {
  return { kind: 'key', record: { ...key, version: key.version + 1, state: 'retired' } }
}
