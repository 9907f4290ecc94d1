// SPDX-License-Identifier: Apache-2.0
import type { Actor, AuditEvent } from '../audit/event.ts'
import { effectiveAct, toldOfAct } from '../enforcement/book-act.ts'
import { enforcementsOf } from '../enforcement/enqueue.ts'
import { endCertificate } from '../ledger/end-certificate.ts'
import type { ListQuery, Put } from '../ledger/ledger.ts'
import { settle } from '../ledger/settle.ts'
import type {
  Application,
  CertificateRecord,
  Key,
  Kind,
  LedgerRecord,
  RevocationRecord,
} from '../ledger/tables.ts'
import type { Refused } from '../refusal.ts'
import type { ApplicationPorts } from './ports.ts'

export type ApplicationRemoved =
  | { readonly kind: 'removed'; readonly application: Application }
  | Refused

/** RFC 5280 section 5.3.1, by name and as CRLReason. */
const cessation = { reason: 'cessationOfOperation', crlReason: 5 } as const

const pageSize = 1000
/** Records in one commit; all else that the house does waits for it. */
const mostInCommit = 500

interface Step {
  readonly put: Put
  readonly event?: AuditEvent
}

/**
 * Ends an application: its certificates are revoked, its sessions end, its keys are retired, its code is good for
 * nothing.
 *
 * From the first commit on it is given nothing more; a crash after it leaves the rest to whoever removes it again.
 */
export async function removeApplication(
  application: Application,
  because: string,
  actor: Actor,
  ports: ApplicationPorts,
): Promise<ApplicationRemoved> {
  const at = ports.clock.now()
  const byOwner = { by: 'owner', equal: [application.id] } as const
  const certificates = await allOf('certificate', byOwner, (one) => isLive(one, at), ports)
  const keys = await allOf(
    'key',
    byOwner,
    ({ state }) => state === 'active' || state === 'weak',
    ports,
  )
  const isRemoved = application.state === 'removed'
  if (isRemoved && certificates.length === 0 && keys.length === 0)
    return { kind: 'removed', application }
  const { reason, crlReason } = cessation
  const chosen = { owner: application.id }
  const act = effectiveAct(
    { act: 'end', chosen, reason, because, certificates, by: actor.id, at },
    ports,
  )
  const end = { at, actor, crlReason, facts: { reason }, revocation: act.id }
  const steps: readonly Step[] = [
    ...certificates.map((one) => endCertificate(one, end)),
    ...keys.map((one) => ({ put: retiredKey(one) })),
  ]
  const first = beginningOf(application, act, actor, at)
  let removed = application
  for (let from = 0; from === 0 || from < steps.length; from += mostInCommit) {
    const some = steps.slice(from, from + mostInCommit)
    const isLast = from + mostInCommit >= steps.length
    removed = { ...removed, ...over, version: removed.version + 1 }
    const refused = await settle(
      {
        puts: [
          { kind: 'application', record: removed },
          ...(from === 0 ? first.puts : []),
          ...some.map(({ put }) => put),
          ...(isLast ? await enforcementsOf(act.id, 'end', ports) : []),
        ],
        events: [...(from === 0 ? first.events : []), ...some.flatMap(({ event }) => event ?? [])],
      },
      ports.ledger,
    )
    if (refused !== undefined) return refused
  }
  return { kind: 'removed', application: removed }
}

const over = { state: 'removed', codeSha256: null, codeExpiresAt: null } as const

/** What stands in the first commit only. */
function beginningOf(
  { id, name, state }: Application,
  act: RevocationRecord,
  actor: Actor,
  at: Temporal.Instant,
): { readonly puts: readonly Put[]; readonly events: readonly AuditEvent[] } {
  const facts = { name, reason: act.because }
  return {
    puts: [{ kind: 'revocation', record: act }],
    events: [
      ...(state === 'removed'
        ? []
        : [{ type: 'application-removed', at, actor, subjects: [id], facts } as const]),
      toldOfAct('revocation-effective', act, actor, at),
    ],
  }
}

/** What is past its end is believed by nobody anyway. */
function isLive({ state, notAfter }: CertificateRecord, now: Temporal.Instant): boolean {
  const isEnded = state === 'revoked' || state === 'abandoned'
  return !isEnded && Temporal.Instant.compare(notAfter, now) > 0
}

function retiredKey(key: Key): Put {
  return { kind: 'key', record: { ...key, version: key.version + 1, state: 'retired' } }
}

/** All of a list that are wanted, however many pages it has. */
async function allOf<K extends Kind>(
  kind: K,
  query: Pick<ListQuery<K>, 'by' | 'equal'>,
  isWanted: (record: LedgerRecord<K>) => boolean,
  { ledger }: ApplicationPorts,
): Promise<readonly LedgerRecord<K>[]> {
  const wanted: LedgerRecord<K>[] = []
  let after: string | null | undefined
  do {
    const page = await ledger.list(kind, { ...query, limit: pageSize, ...(after && { after }) })
    wanted.push(...page.items.filter(isWanted))
    after = page.next
  } while (after !== null)
  return wanted
}
