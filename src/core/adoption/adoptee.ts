// SPDX-License-Identifier: Apache-2.0
import { FormatError } from '#format/format-error.ts'
import type { IssuedRow, RevokedThere } from '#format/issued-list/issued-row.ts'
import { attributeTypes } from '#format/oids.ts'
import { type Certificate, parseCertificate } from '#format/x509/certificate.ts'
import { attributeOf, sameName } from '#format/x509/name.ts'
import { importPublicKey, type PublicKey } from '#trust/public-key.ts'
import { refuse } from '#trust/refusal.ts'
import { verifySignature } from '#trust/signature.ts'
import type { Ledger } from '../ledger/ledger.ts'
import type { Authority, Product } from '../ledger/tables.ts'
import type { Clock, Randomness } from '../ports.ts'
import type { Refused } from '../refusal.ts'

/** What stands for a whole list. */
export interface AdoptingList {
  readonly ledger: Ledger
  readonly clock: Clock
  readonly random: Randomness
  readonly authority: Authority
  /** The authority's certificate and key, read once. */
  readonly issuer: { readonly certificate: Certificate; readonly publicKey: PublicKey }
  /** Whose devices the certificates name. */
  readonly product: Product
  readonly kind: 'birth' | 'working'
  readonly environment: Authority['environment']
  /** After so many refused rows it is the wrong list; undefined: `mostRefusedRows`. */
  readonly mostRefused?: number
}

/** A row whose certificate is genuine, or a revocation of which only the serial number matters. */
export type Adoptee = {
  readonly row: number
  /** What no second row of one commit may speak of. */
  readonly claims: readonly string[]
} & (
  | {
      readonly kind: 'certificate'
      readonly certificate: Certificate
      readonly publicKey: PublicKey
      /** The device's, from the subject. */
      readonly serial: string
      readonly revoked: RevokedThere | undefined
      /** Whether the list says that it is in force; false also where it says nothing. */
      readonly inForce: boolean
    }
  /** Ended before today and not revoked. */
  | { readonly kind: 'over' }
  | {
      readonly kind: 'revocation'
      readonly serialNumber: Uint8Array
      readonly revoked: RevokedThere
    }
)

/** A device's serial as a certificate of ours can carry it (fields.ts asks the same of people). */
const serialForm =
  /^[A-Za-z0-9'()+,\-./:=?](?:[A-Za-z0-9 '()+,\-./:=?]{0,62}[A-Za-z0-9'()+,\-./:=?])?$/

/** Judges one row by itself: its form, its issuer, its signature, its key, whom it names. */
export async function readAdoptee(row: IssuedRow, list: AdoptingList): Promise<Adoptee | Refused> {
  switch (row.kind) {
    case 'wrong':
      return refuse('input-wrong', row.fault)
    case 'revocation': {
      const { serialNumber, revoked } = row
      const claims = [serialNumber.toHex()]
      return { kind: 'revocation', row: row.row, claims, serialNumber, revoked }
    }
    case 'certificate':
      return readCertificate(row, list)
  }
}

type CertificateRow = IssuedRow & { readonly kind: 'certificate' }

async function readCertificate(
  row: CertificateRow,
  list: AdoptingList,
): Promise<Adoptee | Refused> {
  const certificate = parsed(row.certificate)
  // An X.509 version 1, or what another program let pass: its revocation must not be lost with it.
  if ('reason' in certificate) return asRevocation(row, row.listed?.serialNumber) ?? certificate
  if (!sameName(certificate.issuer, list.issuer.certificate.subject)) {
    return refuse('certificate-not-trusted', `it was not issued by ${list.authority.name}`)
  }
  const isOver = Temporal.Instant.compare(certificate.notAfter, list.clock.now()) <= 0
  if (isOver && row.revoked === undefined) return { kind: 'over', row: row.row, claims: [] }
  const unproved = await refuseUnproved(certificate, list)
  if (unproved?.reason === 'signature-wrong') return unproved
  const read = unproved ?? namedDevice(certificate)
  if (read.kind === 'refused') return asRevocation(row, certificate.serialNumber) ?? read
  const { publicKey, serial } = read
  const claims = [
    certificate.serialNumber.toHex(),
    publicKey.fingerprint.toHex(),
    `device ${serial}`,
  ]
  return {
    ...{ kind: 'certificate', row: row.row, claims, certificate, publicKey, serial },
    ...{ revoked: row.revoked, inForce: row.listed?.inForce === true },
  }
}

/**
 * What is left of a revoked certificate that cannot be kept here: its number, which stays on the list.
 *
 * Were it refused, the next list would tell everybody that it is good again.
 */
function asRevocation(
  { row, revoked }: CertificateRow,
  serialNumber: Uint8Array | undefined,
): Adoptee | undefined {
  if (revoked === undefined || serialNumber === undefined) return undefined
  return { kind: 'revocation', row, claims: [serialNumber.toHex()], serialNumber, revoked }
}

function namedDevice(certificate: Certificate) {
  const publicKey = importPublicKey(certificate.publicKey)
  if ('kind' in publicKey) return publicKey
  const serial =
    attributeOf(certificate.subject, attributeTypes.serialNumber) ??
    attributeOf(certificate.subject, attributeTypes.commonName)
  if (serial === undefined || !serialForm.test(serial)) {
    return refuse(
      'input-wrong',
      `its subject names no device: serialNumber or commonName "${serial ?? ''}"`,
    )
  }
  return { kind: 'named', publicKey, serial } as const
}

function parsed(der: Uint8Array): Certificate | Refused {
  try {
    return parseCertificate(der, { unknownCritical: 'keep' })
  } catch (error) {
    if (!(error instanceof FormatError)) throw error
    return refuse('input-wrong', `certificate: ${error.message}`)
  }
}

async function refuseUnproved(
  { signatureAlgorithm, tbs, signature }: Certificate,
  { authority, issuer }: AdoptingList,
): Promise<Refused | undefined> {
  const genuine = await verifySignature(signatureAlgorithm, issuer.publicKey, tbs, signature)
  if (typeof genuine !== 'boolean') return genuine
  return genuine
    ? undefined
    : refuse('signature-wrong', `it names ${authority.name}, whose key did not sign it`)
}
