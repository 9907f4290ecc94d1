// SPDX-License-Identifier: Apache-2.0
import { type Certificate, parseCertificate } from '#format/x509/certificate.ts'
import type { KeyAlgorithmName } from '#trust/algorithms.ts'
import { type SignatureAlgorithm, signatureAlgorithmFor } from '#trust/algorithms.ts'
import type { Authority } from '../ledger/tables.ts'

/** An authority of ours, ready to sign: its record, its certificate read once, its algorithm's row. */
export interface Issuer {
  readonly authority: Authority
  readonly certificate: Certificate
  readonly signatureAlgorithm: SignatureAlgorithm
  /** The key that signs; the id under which the key store knows it. */
  readonly keyId: string
}

/** Makes a record of an authority of ours ready to sign. */
export function readyIssuer(authority: Authority): Issuer {
  if (authority.key === null)
    throw new TypeError(`${authority.name} is foreign and cannot sign here`)
  return {
    authority,
    certificate: parseCertificate(authority.certificate),
    signatureAlgorithm: signatureAlgorithmFor(authority.algorithm as KeyAlgorithmName),
    keyId: authority.key,
  }
}
