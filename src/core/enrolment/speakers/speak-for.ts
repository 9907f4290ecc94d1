// SPDX-License-Identifier: Apache-2.0
/** Registrars: who enrols on behalf of devices. RFC 7030 section 3.7, RFC 6402 section 2.10. */

import type { EnrolmentPorts } from '#core/enrolment/enrolment-ports.ts'
import { parseCertificateOrRefuse } from '#core/enrolment/read.ts'
import type { EnrolmentRequest } from '#core/enrolment/request.ts'
import type { Device, Registrar } from '#core/ledger/tables.ts'
import type { Refused } from '#core/refusal.ts'
import { attributeTypes, keyPurposes } from '#format/oids.ts'
import type { Certificate } from '#format/x509/certificate.ts'
import type { CertificationRequest } from '#format/x509/certification-request.ts'
import { readExtension } from '#format/x509/extension.ts'
import { attributeOf } from '#format/x509/name.ts'
import { sha256 } from '#trust/digest.ts'
import { refuse } from '#trust/refusal.ts'

/** A device that a registrar vouches for; the registrar proved itself in the connection. */
export interface SpokenFor {
  readonly kind: 'spoken-for'
  readonly device: Device
  readonly proof: 'registrar'
  /** The registrar's id. */
  readonly credential: string
  readonly registrar: Registrar
}

/**
 * Whether a chain is one of somebody who asks for others: its leaf says id-kp-cmcRA.
 *
 * A renewal is always one's own, since what is renewed is the certificate of the connection.
 */
export function speaksForOthers(
  [leaf]: readonly Uint8Array[],
  operation: EnrolmentRequest['operation'],
): boolean {
  if (leaf === undefined || operation === 'reenrol') return false
  const read = parseCertificateOrRefuse(leaf)
  return read.kind === 'certificate' && isRegistrars(read.certificate)
}

export function isRegistrars({ extensions }: Certificate): boolean {
  return readExtension(extensions, 'extKeyUsage')?.includes(keyPurposes.cmcRA) ?? false
}

/**
 * Tells for which device a registrar asks: its serial is the serialNumber of the request's subject, its
 * product the entrance's, or the only one that the registrar speaks for.
 *
 * The registrar is believed about who the device is, and about nothing else: the device must be
 * expected, the request be signed by its own key, and the profile admit it.
 */
export async function speakFor(
  pkcs10: CertificationRequest,
  [leaf]: readonly Uint8Array[],
  { label }: EnrolmentRequest,
  ports: EnrolmentPorts,
): Promise<SpokenFor | Refused> {
  const registrar = await registrarOf(leaf ?? new Uint8Array(), ports)
  if (registrar.kind === 'refused') return registrar
  const { record } = registrar
  const hurried = ports.registrarPace.take(record.id, ports.clock.now())
  if (hurried !== undefined) return hurried
  const product = productOf(record, label, ports)
  if (product.kind === 'refused') return product
  const serial = attributeOf(pkcs10.subject, attributeTypes.serialNumber)
  if (serial === undefined) {
    return refuse(
      'device-unknown',
      "a registrar names the device by the serialNumber of the request's subject, and there is none",
    )
  }
  const device = await ports.ledger.find('device', 'serial', [product.id, serial])
  if (device === undefined)
    return refuse('device-unknown', `no device with serial ${serial} is expected here`)
  return {
    kind: 'spoken-for',
    ...{ device, proof: 'registrar', credential: record.id, registrar: record },
  }
}

/** The registrar whose certificate this is, to the byte, in force. */
async function registrarOf(
  leaf: Uint8Array,
  { ledger, clock }: EnrolmentPorts,
): Promise<{ readonly kind: 'registrar'; readonly record: Registrar } | Refused> {
  const read = parseCertificateOrRefuse(leaf)
  if (read.kind === 'refused') return read
  const { certificate } = read
  const digest = sha256(leaf)
  const [record, own] = await Promise.all([
    ledger.find('registrar', 'certificate', [digest]),
    ledger.find('certificate', 'sha256', [digest]),
  ])
  if (record?.state !== 'active')
    return refuse('registrar-unknown', 'no registrar with this certificate is registered here')
  const now = clock.now()
  if (own?.state === 'held')
    return refuse(
      'certificate-held',
      `the certificate of registrar ${record.name} is suspended until it is released`,
    )
  if (own !== undefined && own.state !== 'issued')
    return refuse('certificate-revoked', `the certificate of registrar ${record.name} was revoked`)
  if (isBefore(now, certificate.notBefore) || isBefore(certificate.notAfter, now))
    return refuse(
      'certificate-expired',
      `the certificate of registrar ${record.name} is good from ${certificate.notBefore} to ${certificate.notAfter}`,
    )
  if (!isBefore(now, record.expiresAt))
    return refuse(
      'registrar-not-entitled',
      `registrar ${record.name} spoke until ${record.expiresAt}`,
    )
  const key = await ledger.read('key', record.key)
  if (key?.state !== 'active')
    return refuse('registrar-not-entitled', `the key of registrar ${record.name} is out of use`)
  return { kind: 'registrar', record }
}

function productOf(
  { name, products }: Registrar,
  label: string | undefined,
  { doors }: EnrolmentPorts,
): { readonly kind: 'product'; readonly id: string } | Refused {
  const door = label === undefined ? undefined : doors.labelled(label)
  if (door !== undefined && 'kind' in door) return door
  const [only, another] = products
  const id = door?.product.id ?? (another === undefined ? only : undefined)
  if (id === undefined)
    return refuse(
      'entrance-unknown',
      `registrar ${name} speaks for several products; name an entrance`,
    )
  return products.includes(id)
    ? { kind: 'product', id }
    : refuse(
        'registrar-not-entitled',
        `registrar ${name} does not speak for devices of this product`,
      )
}

function isBefore(left: Temporal.Instant, right: Temporal.Instant): boolean {
  return Temporal.Instant.compare(left, right) < 0
}
