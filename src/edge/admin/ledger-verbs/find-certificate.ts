// SPDX-License-Identifier: Apache-2.0
import type { Ledger } from '#core/ledger/ledger.ts'
import type { CertificateRecord } from '#core/ledger/tables.ts'
import type { Refused } from '#core/refusal.ts'
import type { Certificate } from '#format/x509/certificate.ts'
import { formatName } from '#format/x509/name.ts'
import { sha256 } from '#trust/digest.ts'
import { importPublicKey } from '#trust/public-key.ts'
import { refuse } from '#trust/refusal.ts'

/**
 * The record of a certificate, by its exact bytes; else all that the file and the ledger say of it:
 * who signed it, and whether its serial number or its key is known here.
 */
export async function findCertificate(
  certificate: Certificate,
  ledger: Ledger,
): Promise<CertificateRecord | Refused> {
  const digest = sha256(certificate.der)
  const known = await ledger.find('certificate', 'sha256', [digest])
  if (known !== undefined) return known
  const { subject, issuer, serialNumber, notAfter } = certificate
  const file = `${formatName(subject) || 'no subject'}, issued by ${formatName(issuer)}, serial number ${serialNumber.toHex()}, good until ${notAfter}`
  const hints = [await sameSerial(certificate, ledger), await sameKey(certificate, ledger)]
  return refuse(
    'certificate-unknown',
    [`no certificate here has the SHA-256 ${digest.toHex()}`, file, ...hints.filter(Boolean)].join(
      '; ',
    ),
  )
}

/** Another certificate under the same authority and number: one of the two is not genuine. */
async function sameSerial(
  { serialNumber }: Certificate,
  ledger: Ledger,
): Promise<string | undefined> {
  const { items } = await ledger.list('authority', { limit: 1000 })
  for (const { id, name } of items) {
    const other = await ledger.find('certificate', 'serialNumber', [id, serialNumber])
    if (other !== undefined)
      return `${name} issued ${other.id} under this number, with other bytes: one of the two is not genuine`
  }
  return undefined
}

async function sameKey({ publicKey }: Certificate, ledger: Ledger): Promise<string | undefined> {
  const key = importPublicKey(publicKey)
  if ('kind' in key) return `its key cannot be used: ${key.detail}`
  const known = await ledger.find('key', 'fingerprint', [key.fingerprint])
  return known && `its key is known here: it belongs to ${known.owner}`
}
