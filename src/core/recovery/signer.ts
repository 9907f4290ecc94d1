// SPDX-License-Identifier: Apache-2.0
import { type Certificate, parseCertificate } from '#format/x509/certificate.ts'
import { sameName } from '#format/x509/name.ts'
import { importPublicKey } from '#trust/public-key.ts'
import { verifySignature } from '#trust/signature.ts'
import type { Authority } from '../ledger/tables.ts'

/** Which of these authorities signed a certificate or a revocation list; several may have one name. */
export async function signerOf(
  signed: Pick<Certificate, 'issuer' | 'signatureAlgorithm' | 'tbs' | 'signature'>,
  authorities: readonly Authority[],
): Promise<Authority | undefined> {
  for (const authority of authorities) {
    const issuer = parseCertificate(authority.certificate, { unknownCritical: 'keep' })
    if (!sameName(issuer.subject, signed.issuer)) continue
    const key = importPublicKey(issuer.publicKey)
    if ('kind' in key) continue
    const { signatureAlgorithm, tbs, signature } = signed
    if ((await verifySignature(signatureAlgorithm, key, tbs, signature)) === true) return authority
  }
  return undefined
}
