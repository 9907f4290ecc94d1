// SPDX-License-Identifier: Apache-2.0
/** What a revocation changes that came from another PKI, with its certificate or without. */
import type { RevokedThere } from '#format/issued-list/issued-row.ts'
import type { Actor, AuditEvent } from '../audit/event.ts'
import { effectiveAct, toldOfAct } from '../enforcement/book-act.ts'
import { enforcementsOf } from '../enforcement/enqueue.ts'
import { endCertificate } from '../ledger/end-certificate.ts'
import { certificateHold } from '../ledger/hold-certificate.ts'
import { newId } from '../ledger/ids.ts'
import type { Put } from '../ledger/ledger.ts'
import type { CertificateRecord, RevocationRecord } from '../ledger/tables.ts'
import { heldUp } from '../revocation/held-up.ts'
import { revocationReasons } from '../revocation/revoke.ts'
import { compromised } from '../revocation/stolen-key.ts'
import type { Adoptee, AdoptingList } from './adoptee.ts'

/** What one row changes. */
export interface Step {
  readonly kind: 'step'
  readonly outcome: 'added' | 'revoked' | 'unchanged' | 'expired'
  readonly puts: readonly Put[]
  readonly events: readonly AuditEvent[]
  /** The id of a device that was not expected before. */
  readonly device?: string
  /** A certificate that was believed, or held, here until now: what follows is booked for all of a commit at once. */
  readonly ended?: Ended
}

export interface Ended {
  readonly certificate: CertificateRecord
  readonly revoked: RevokedThere
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
  if (known !== undefined) return revokedStep(known, revoked)
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

/** Of one that is here: it ends, also if something of ours holds it, unless it has ended or is on hold there, too. */
export function revokedStep(certificate: CertificateRecord, revoked: RevokedThere): Step {
  const { state } = certificate
  const isOver = state === 'revoked' || state === 'abandoned'
  if (isOver || (state === 'held' && revoked.reason === certificateHold))
    return nothing('unchanged')
  return { ...nothing('revoked'), ended: { certificate, revoked } }
}

/** The act by which certificates end that were believed here, as one of ours would: sessions end, and no renewal counts. */
export async function endingOf(
  ended: readonly Ended[],
  list: AdoptingList,
  actor: Actor,
): Promise<Pick<Step, 'puts' | 'events'>> {
  if (ended.length === 0) return { puts: [], events: [] }
  const at = list.clock.now()
  const certificates = ended.map(({ certificate }) => certificate)
  const stolen = ended.filter(({ revoked }) => revoked.reason === revocationReasons.keyCompromise)
  const robbed = stolen.map(({ certificate }) => certificate)
  const because = `its list says that ${list.authority.name} revoked it`
  const chosen = { authority: list.authority.id }
  const act = effectiveAct(
    { act: 'end', chosen, reason: 'unspecified', because, certificates, by: actor.id, at },
    list,
  )
  const records = ended.map(({ certificate, revoked }) => {
    const end = { at: revoked.at, actor, crlReason: revoked.reason, facts: {}, revocation: act.id }
    return { revoked, record: endCertificate(certificate, end).record }
  })
  return {
    puts: [
      { kind: 'revocation', record: act },
      ...(await enforcementsOf(act.id, 'end', list)),
      ...records.map(({ record }): Put => ({ kind: 'certificate', record })),
      ...(await heldUp(certificates, list.ledger)),
      ...(await compromised(robbed, list.ledger)),
    ],
    events: [
      toldOfAct('revocation-effective', act, actor, at),
      ...records.map(({ record, revoked }) => revokedEvent(record, revoked, list, actor, act)),
    ],
  }
}

export function revokedEvent(
  { id, owner, authority, serialNumber }: CertificateRecord,
  revoked: RevokedThere,
  { clock }: AdoptingList,
  actor: Actor,
  act?: RevocationRecord,
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
      because: act?.because ?? 'it was revoked before it came here',
      ...(act && { revocation: act.id }),
    },
  }
}
