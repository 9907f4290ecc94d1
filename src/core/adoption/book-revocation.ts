// SPDX-License-Identifier: Apache-2.0
/** What a revocation changes that came from another PKI, with its certificate or without. */
import type { RevokedThere } from '#format/issued-list/issued-row.ts'
import type { Actor, AuditEvent } from '../audit/event.ts'
import { newId } from '../ledger/ids.ts'
import type { Put } from '../ledger/ledger.ts'
import type { CertificateRecord } from '../ledger/tables.ts'
import type { Adoptee, AdoptingList } from './adoptee.ts'

/** What one row changes. */
export interface Step {
  readonly kind: 'step'
  readonly outcome: 'added' | 'revoked' | 'unchanged' | 'expired'
  readonly puts: readonly Put[]
  readonly events: readonly AuditEvent[]
  /** The id of a device that was not expected before. */
  readonly device?: string
}

type Bare = Pick<Adoptee & { readonly kind: 'revocation' }, 'serialNumber' | 'revoked'>

/** A row that changes nothing. */
export const nothing = (outcome: Step['outcome']): Step => ({
  kind: 'step',
  outcome,
  puts: [],
  events: [],
})

/** Puts a number on the authority's list, or the certificate that has it. */
export async function bookRevocation(
  { serialNumber, revoked }: Bare,
  list: AdoptingList,
  actor: Actor,
): Promise<Step> {
  const { ledger, authority } = list
  const known = await ledger.find('certificate', 'serialNumber', [authority.id, serialNumber])
  if (known !== undefined) {
    return known.revokedAt === null
      ? revokedStep(known, revoked, list, actor)
      : nothing('unchanged')
  }
  const sought = [authority.id, serialNumber]
  if ((await ledger.find('bareRevocation', 'serialNumber', sought)) !== undefined)
    return nothing('unchanged')
  const id = newId('bareRevocation', list)
  return {
    kind: 'step',
    outcome: 'revoked',
    puts: [
      {
        kind: 'bareRevocation',
        record: {
          ...{ id, version: 1, authority: authority.id, serialNumber },
          ...{ revokedAt: revoked.at, reason: revoked.reason },
        },
      },
    ],
    events: [
      {
        type: 'revocation-adopted',
        at: list.clock.now(),
        actor,
        subjects: [id, authority.id],
        facts: {
          serialNumber: serialNumber.toHex(),
          revokedAt: revoked.at.toString(),
          crlReason: revoked.reason,
        },
      },
    ],
  }
}

export function revokedStep(
  known: CertificateRecord,
  revoked: RevokedThere,
  list: AdoptingList,
  actor: Actor,
): Step {
  const record: CertificateRecord = {
    ...known,
    version: known.version + 1,
    state: 'revoked',
    revokedAt: revoked.at,
    revocationReason: revoked.reason,
  }
  return {
    kind: 'step',
    outcome: 'revoked',
    puts: [{ kind: 'certificate', record }],
    events: [revokedEvent(record, revoked, list, actor)],
  }
}

export function revokedEvent(
  { id, owner, authority, serialNumber }: CertificateRecord,
  revoked: RevokedThere,
  { clock }: AdoptingList,
  actor: Actor,
): AuditEvent {
  return {
    type: 'certificate-revoked',
    at: clock.now(),
    actor,
    subjects: [id, owner, authority],
    facts: {
      serialNumber: serialNumber.toHex(),
      revokedAt: revoked.at.toString(),
      crlReason: revoked.reason,
      because: 'it was revoked before it came here',
    },
  }
}
