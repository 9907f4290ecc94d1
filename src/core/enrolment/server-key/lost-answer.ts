// SPDX-License-Identifier: Apache-2.0

import type { CertificateRecord, Repetition } from '#core/ledger/tables.ts'
import { mostLately } from '#core/policy/decide.ts'
import type { Refused } from '#core/refusal.ts'
import { revocationReasons, revoke } from '#core/revocation/revoke.ts'
import { refuse } from '#trust/refusal.ts'
import type { AdmittedByCode } from '../admitted.ts'
import type { EnrolmentPorts } from '../enrolment-ports.ts'
import type { Identified } from '../identify.ts'
import { identitiesLately } from '../identities-held.ts'

/** Whether the same request was answered a moment ago, and its answer did not arrive. */
export type Before<A> =
  | { readonly kind: 'new'; readonly stale: Repetition | undefined; readonly applicant: A }
  /** The certificate of then is revoked; what it spent is given back, to be spent again. */
  | { readonly kind: 'lost'; readonly stale: Repetition; readonly applicant: A }

/**
 * Looks whether this is the repetition of a request for a key within 15 minutes, whose certificate was never used.
 *
 * The answer cannot be given again, since the key is kept nowhere. So the first certificate is revoked
 * (superseded) and all begins anew, as often as the daily limit of certificates allows.
 */
export async function lostAnswer<A extends Identified | AdmittedByCode>(
  requestKey: Uint8Array,
  applicant: A,
  ports: EnrolmentPorts,
): Promise<Before<A> | Refused> {
  const stale = await ports.ledger.find('repetition', 'requestKey', [requestKey])
  const first = stale && (await ports.ledger.read('certificate', stale.certificate))
  if (stale === undefined || first === undefined) return { kind: 'new', stale, applicant }
  const isOver = Temporal.Instant.compare(stale.until, ports.clock.now()) <= 0
  if (isOver || first.usedAt !== null) return { kind: 'new', stale, applicant }
  if (first.state === 'reserved')
    return refuse('busy', 'the same request is being answered; try again')
  if (!isOurs(first)) return { kind: 'new', stale, applicant }
  const { device } = applicant
  if ((await identitiesLately(device.id, ports)) >= mostLately)
    return refuse(
      'rate-limited',
      `device ${device.serial} was given ${mostLately} certificates in the last 24 hours; wait until the first of them is a day old`,
    )
  if (first.state === 'issued') {
    const because = 'its key was lost on the way: the same request came again'
    const revoked = await revoke(
      { id: first.id, reason: 'superseded', because },
      { kind: 'device', id: device.id },
      ports,
    )
    if (revoked.kind === 'refused') return refuse('busy', `${revoked.detail}; try again`)
  }
  const now = await ports.ledger.read('device', device.id)
  if (now === undefined) return refuse('device-unknown', 'the device is not known any more')
  // The current certificate spends no permission, and so gets none back.
  const spent = applicant.proof === 'current-certificate' ? 0 : 1
  const given = { ...now, enrolmentsLeft: now.enrolmentsLeft + spent }
  return { kind: 'lost', stale, applicant: { ...applicant, device: given } }
}

/** Good still, or ended by an earlier turn of this very function that a crash cut off. */
function isOurs({ state, revocationReason }: CertificateRecord): boolean {
  return (
    state === 'issued' ||
    state === 'abandoned' ||
    (state === 'revoked' && revocationReason === revocationReasons.superseded)
  )
}
