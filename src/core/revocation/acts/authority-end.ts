// SPDX-License-Identifier: Apache-2.0
import type { Actor } from '#core/audit/event.ts'
import { actorOf, digestOfSet, toldOfAct } from '#core/enforcement/book-act.ts'
import { newId } from '#core/ledger/ids.ts'
import { settle } from '#core/ledger/settle.ts'
import type { Authority, RevocationRecord } from '#core/ledger/tables.ts'
import { refuse } from '#trust/refusal.ts'
import { type RevocationReason, revocationReasons, revokeUnder } from '../revoke.ts'
import type { ActPorts, Asked } from './ask.ts'

/** How often it is tried anew if the authority was doing something at the same moment. */
const mostTries = 5

/**
 * Books the end of an issuing authority's own certificate: whatever hangs under it is believed no more by
 * whoever checks the chain. Two people have to agree, whatever the number of certificates, but in a trial.
 */
export async function askAuthorityEnd(
  authority: Authority,
  reason: RevocationReason,
  because: string,
  actor: Actor,
  ports: ActPorts,
): Promise<Asked> {
  const { ledger, clock } = ports
  if (authority.kind === 'root')
    return refuse('not-permitted', 'a root is not revoked but taken out of the anchor sets')
  const certificate = await ledger.find('certificate', 'sha256', [authority.certificateSha256])
  if (certificate === undefined)
    return refuse('not-permitted', `who signed the certificate of ${authority.name} revokes it`)
  if (certificate.state === 'revoked') return { kind: 'unchanged', already: 1 }
  const at = clock.now()
  const waits = ports.environment !== 'trial'
  const record: RevocationRecord = {
    ...{ id: newId('revocation', ports), version: 1, act: 'end', reason, because },
    ...{ chosen: { authorityCertificate: certificate.id }, total: 1, done: 0, owners: 1 },
    ...{ setSha256: digestOfSet([certificate.id]), state: waits ? 'waiting' : 'running' },
    ...{ approvals: [], requestedBy: actor.id, requestedAt: at },
    ...{ decidedBy: waits ? null : actor.id, decidedAt: waits ? null : at },
    ...{
      effectiveAt: null,
      publishedAt: null,
      unpublishedSince: null,
      releasedBy: null,
      releasedAt: null,
    },
  }
  const facts = { state: record.state, authority: authority.name }
  const refused = await settle(
    {
      puts: [{ kind: 'revocation', record }],
      events: [toldOfAct('revocation-requested', record, actor, at, facts)],
    },
    ledger,
  )
  return refused ?? { kind: 'asked', record, already: 0 }
}

/** Whether an act is about the certificate of one authority, and about no set. */
export function isOfOneAuthority({ chosen }: Pick<RevocationRecord, 'chosen'>): boolean {
  return chosen['authorityCertificate'] !== undefined
}

/** @returns the record as it then stands */
export async function carryOutAuthority(
  record: RevocationRecord,
  ports: ActPorts,
): Promise<RevocationRecord> {
  const { because, requestedBy, chosen } = record
  const id = chosen['authorityCertificate'] ?? ''
  const names = Object.keys(revocationReasons) as RevocationReason[]
  const reason = names.find((name) => name === record.reason) ?? 'unspecified'
  let now = record
  for (let tries = 0; now.state === 'running' && tries < mostTries; tries++) {
    await revokeUnder(now, { id, reason, because }, actorOf(requestedBy), ports)
    now = (await ports.ledger.read('revocation', record.id)) ?? now
  }
  return now
}
