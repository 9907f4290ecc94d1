// SPDX-License-Identifier: Apache-2.0

import type { Ledger } from '#core/ledger/ledger.ts'
import type { Application, CertificateRecord } from '#core/ledger/tables.ts'
import { checkEnded } from '#core/policy/check-ended.ts'
import type { Clock, Randomness } from '#core/ports.ts'
import type { Refused } from '#core/refusal.ts'
import type { Certificate } from '#format/x509/certificate.ts'
import { sha256 } from '#trust/digest.ts'
import { refuse } from '#trust/refusal.ts'
import { parseCertificateOrRefuse } from '../read.ts'
import { retireReplaced } from '../retire-replaced.ts'

/** An application that proved itself on a live connection. */
export interface IdentifiedApplication {
  readonly kind: 'application'
  readonly application: Application
  readonly record: CertificateRecord
  readonly certificate: Certificate
}

export interface ApplicationIdentifyingPorts {
  readonly ledger: Ledger
  readonly clock: Clock
  readonly random: Randomness
}

/**
 * Tells which application stands behind a certificate chain whose key the connection proved, and books the
 * first use of its certificate.
 *
 * It is known by its exact bytes, so nothing about it has to be believed. That a server's certificate is for
 * servers is no matter here: to us, who issued it, it says only that its holder is who renews it. Its expiry is
 * *not* judged here.
 */
export async function identifyApplication(
  chain: readonly Uint8Array[],
  ports: ApplicationIdentifyingPorts,
): Promise<IdentifiedApplication | Refused> {
  const [leaf] = chain
  if (leaf === undefined)
    return refuse('credential-missing', 'the connection shows no client certificate')
  const read = parseCertificateOrRefuse(leaf)
  if (read.kind === 'refused') return read
  const { certificate } = read
  const record = await ports.ledger.find('certificate', 'sha256', [sha256(leaf)])
  if (record === undefined)
    return refuse('certificate-unknown', 'the presented certificate was not issued here')
  const ended = checkEnded(record, ports.clock.now())
  if (ended !== undefined) return ended
  const application = await ports.ledger.read('application', record.owner)
  if (application === undefined)
    return refuse(
      'certificate-wrong-purpose',
      `a ${record.kind} certificate of somebody else is no application's identity`,
    )
  if (application.state === 'removed')
    return refuse('application-removed', `application ${application.name} was removed`)
  await bookFirstUse(record, application, ports)
  return { kind: 'application', application, record, certificate }
}

/** The same of one that wants to do more than to renew: its certificate must not be over. */
export async function identifyLiveApplication(
  chain: readonly Uint8Array[],
  ports: ApplicationIdentifyingPorts,
): Promise<IdentifiedApplication | Refused> {
  const identified = await identifyApplication(chain, ports)
  if (identified.kind === 'refused') return identified
  const { notAfter } = identified.certificate
  return Temporal.Instant.compare(notAfter, ports.clock.now()) < 0
    ? refuse('certificate-expired', `the certificate expired at ${notAfter}`)
    : identified
}

/** Only the first use costs a write; of two at once one books it. What it replaces retires with it. */
async function bookFirstUse(
  record: CertificateRecord,
  application: Application,
  ports: ApplicationIdentifyingPorts,
): Promise<void> {
  const { ledger, clock } = ports
  if (record.usedAt !== null || record.state !== 'issued') return
  const at = clock.now()
  const actor = { kind: 'application', id: application.id } as const
  const retired = await retireReplaced(record, actor, ports)
  await ledger.commit({
    puts: [
      { kind: 'certificate', record: { ...record, version: record.version + 1, usedAt: at } },
      ...retired.puts,
    ],
    events: [
      {
        type: 'certificate-first-used',
        at,
        actor,
        subjects: [record.id, application.id],
        facts: { serialNumber: record.serialNumber.toHex() },
      },
      ...retired.events,
    ],
  })
}
