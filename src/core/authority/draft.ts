// SPDX-License-Identifier: Apache-2.0
import { type Certificate, encodeTbsCertificate } from '#format/x509/certificate.ts'
import type { Extension } from '#format/x509/extension.ts'
import type { SignatureAlgorithm } from '#trust/algorithms.ts'
import { sha256 } from '#trust/digest.ts'
import type { CertificateKind } from '#trust/lint/kinds.ts'
import type { Authority } from '../ledger/tables.ts'
import type { Approved, Terms } from '../policy/approved.ts'
import { extensionsFor } from '../policy/extensions-for.ts'
import { validityFor } from '../policy/validity.ts'
import type { Clock, Randomness } from '../ports.ts'
import type { Issuer } from './issuer.ts'

/** A certificate to be: exactly what is linted, booked and signed. */
export interface Draft {
  readonly terms: Terms
  /** What it will be; the profile's, but for the link between two roots. */
  readonly kind: CertificateKind
  readonly serialNumber: Uint8Array
  readonly notBefore: Temporal.Instant
  readonly notAfter: Temporal.Instant
  readonly shard: number
  readonly toBeSigned: Uint8Array
  readonly signatureAlgorithm: SignatureAlgorithm
}

/** Where verifiers find status and issuer; undefined parts are left out of the certificate. */
export interface Pointers {
  crlUrl(authority: string, shard: number): string
  issuerUrl(authority: string): string
  /** Where OCSP is answered for the certificates of every issuing authority of ours; absent: nowhere. */
  readonly ocspUrl?: string
}

/** Who signs: an issuer of ours, or the new key itself. */
export type Signer = OwnSigner | UpstreamSigner

/** An authority of somebody else, who is asked to sign: what it will write of its own is not known yet. */
export interface UpstreamSigner {
  readonly kind: 'upstream'
  readonly authority: Authority
  readonly certificate: Certificate
  readonly signatureAlgorithm: SignatureAlgorithm
}

export type OwnSigner =
  | { readonly kind: 'issuer'; readonly issuer: Issuer }
  | {
      readonly kind: 'self'
      readonly keyId: string
      readonly signatureAlgorithm: SignatureAlgorithm
    }

/** Fills approved terms with number, time and pointers. */
export function draft(
  approved: Approved,
  signer: Signer,
  shard: number,
  ports: { clock: Clock; random: Randomness; pointers: Pointers },
): Draft {
  const { terms } = approved
  const now = ports.clock.now()
  const issuer = signer.kind === 'issuer' ? signer.issuer : undefined
  const above = signer.kind === 'upstream' ? signer : issuer
  const validity = validityFor(terms.profile, now, above?.certificate.notAfter)
  const serialNumber = newSerialNumber(now, ports.random)
  const signatureAlgorithm = issuer?.signatureAlgorithm ?? signatureAlgorithmOf(signer)
  const toBeSigned = encodeTbsCertificate({
    serialNumber,
    signatureAlgorithm: signatureAlgorithm.identifier,
    issuer: above?.certificate.subject ?? terms.subject,
    ...validity,
    subject: terms.subject,
    publicKey: terms.publicKey.spki,
    extensions: extensionsOf(terms, above, shard, issuer && ports.pointers),
  })
  const { kind } = terms.profile
  return { terms, kind, serialNumber, ...validity, shard, toBeSigned, signatureAlgorithm }
}

/**
 * Sixteen bytes, positive: four of time so that inserts stay local, twelve random.
 *
 * @see RFC 5280 section 4.1.2.2; at least 64 random bits are the forums' rule
 */
export function newSerialNumber(now: Temporal.Instant, random: Randomness): Uint8Array {
  const serial = random.bytes(16)
  const seconds = Math.floor(now.epochMilliseconds / 1000)
  // The top bit is clear until 2038 by itself; 31 bits keep the number positive ever after, and the
  // one bit set below keeps it 16 bytes long.
  new DataView(serial.buffer, serial.byteOffset).setUint32(0, (seconds & 0x3fffffff) | 0x40000000)
  return serial
}

function extensionsOf(
  terms: Terms,
  issuer: Pick<Issuer, 'authority'> | undefined,
  shard: number,
  pointers: Pointers | undefined,
): readonly Extension[] {
  const subjectKeyIdentifier = keyIdentifier(terms.publicKey.spki)
  const drawn = extensionsFor(terms.profile, terms.facts, {
    subjectKeyIdentifier,
    ...(issuer && {
      issuerKeyIdentifier: issuer.authority.subjectKeyIdentifier,
    }),
    ...(issuer &&
      pointers && {
        crlUrl: pointers.crlUrl(issuer.authority.name, shard),
        issuerUrl: pointers.issuerUrl(issuer.authority.name),
        // A root has nobody who answers for it.
        ...(issuer.authority.kind === 'issuing' &&
          pointers.ocspUrl !== undefined && { ocspUrl: pointers.ocspUrl }),
      }),
  })
  const { extensions } = terms
  return [...drawn.filter(({ oid }) => extensions.every((one) => one.oid !== oid)), ...extensions]
}

/** Leftmost 160 bits of SHA-256 over the SPKI. RFC 7093 section 2, method 4. */
export function keyIdentifier(spki: Uint8Array): Uint8Array {
  return sha256(spki).slice(0, 20)
}

function signatureAlgorithmOf(signer: Signer): SignatureAlgorithm {
  return signer.kind === 'issuer' ? signer.issuer.signatureAlgorithm : signer.signatureAlgorithm
}
