// SPDX-License-Identifier: Apache-2.0
import { type Certificate, parseCertificate } from '#format/x509/certificate.ts'
import { Fault } from '../fault.ts'
import type { CertificateRecord, Device } from '../ledger/tables.ts'
import type { Profile } from '../policy/profile.ts'
import type { EnrolmentPorts } from './enrolment-ports.ts'

/** A device has a handful of certificates; what it was given lately is among the newest. */
const looked = 100

/**
 * The identity that a device has already, where its TPM asks for the next: what it asks for takes that
 * one's place, by the rules of a renewal.
 *
 * A device whose operator let it enrol once more begins anew, as with a code.
 */
export async function heldByTpm(
  device: Device,
  { kind }: Profile,
  { ledger, clock }: Pick<EnrolmentPorts, 'ledger' | 'clock'>,
): Promise<{ readonly record: CertificateRecord; readonly certificate: Certificate } | undefined> {
  if (device.enrolmentsLeft > 0) return undefined
  const query = { by: 'owner', equal: [device.id], descending: true, limit: looked } as const
  const { items } = await ledger.list('certificate', query)
  const now = clock.now()
  const record = items.find(
    (one) =>
      one.kind === kind &&
      one.state === 'issued' &&
      Temporal.Instant.compare(one.notAfter, now) > 0,
  )
  if (record === undefined) return undefined
  const encoding = await ledger.read('encoding', record.id)
  if (encoding === undefined)
    throw new Fault('ledger-damaged', `certificate ${record.id} has no bytes`)
  return { record, certificate: parseCertificate(encoding.der) }
}
