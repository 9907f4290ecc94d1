// SPDX-License-Identifier: Apache-2.0
import { sameBytes } from '#format/bytes.ts'
import type { Certificate } from '#format/x509/certificate.ts'
import { sameName } from '#format/x509/name.ts'

/** More authorities than this stand above nobody. */
const mostAbove = 10

/**
 * The certificate of this key and, one after the other, those that stand above it, whatever the order in
 * which they came; strangers are left out. That one signed the other is not looked at.
 *
 * @param spki SubjectPublicKeyInfo, DER
 * @returns empty if no certificate has the key; ends early where an issuer is not among them
 */
export function orderChain(
  certificates: readonly Certificate[],
  spki: Uint8Array,
): readonly Certificate[] {
  const own = certificates.find(({ publicKey }) => sameBytes(publicKey.der, spki))
  const chain: Certificate[] = []
  for (
    let next = own;
    next !== undefined && chain.length <= mostAbove && !chain.includes(next);
    next = issuerOf(next, certificates)
  ) {
    chain.push(next)
  }
  return chain
}

function issuerOf(
  { issuer, subject }: Certificate,
  certificates: readonly Certificate[],
): Certificate | undefined {
  if (sameName(issuer, subject)) return undefined
  return certificates.find((one) => sameName(one.subject, issuer))
}
