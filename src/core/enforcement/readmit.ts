// SPDX-License-Identifier: Apache-2.0
import type { Ledger, Put } from '../ledger/ledger.ts'
import type { CertificateRecord, Enrolment } from '../ledger/tables.ts'
import type { Clock, Randomness } from '../ports.ts'
import { readmissionsOf } from './enqueue.ts'
import { certificatesOf } from './wish.ts'

interface ReadmittingPorts {
  readonly ledger: Ledger
  readonly clock: Clock
  readonly random: Randomness
}

/**
 * What lets an owner in again at the integrations that barred it, to be committed with its new certificate.
 *
 * Whoever showed a good certificate was not barred. Nobody else reads more than a list that is nearly always
 * empty, unless something of the same owner had ended before.
 */
export async function readmissionsWith(
  { owner, kind }: CertificateRecord,
  proof: Enrolment['proof'],
  ports: ReadmittingPorts,
): Promise<readonly Put[]> {
  const isForSessions = kind === 'working' || kind === 'server' || kind === 'client'
  if (proof === 'current-certificate' || !isForSessions) return []
  const readmissions = await readmissionsOf(owner, ports)
  if (readmissions.length === 0) return []
  const hasEnded = (await certificatesOf(owner, ports)).some(
    ({ state }) => state === 'revoked' || state === 'held',
  )
  return hasEnded ? readmissions : []
}
