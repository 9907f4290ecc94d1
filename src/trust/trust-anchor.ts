// SPDX-License-Identifier: Apache-2.0
import type { Certificate } from '#format/x509/certificate.ts'
import type { Name } from '#format/x509/name.ts'
import type { PublicKey } from './public-key.ts'
import type { Refused } from './refusal.ts'
import { importSoundKey } from './sound-key.ts'
import type { KeyLists } from './weak-keys/key-lists.ts'

/** A name and a key that are believed without proof (RFC 5280 section 6.1.1 (d)). */
export interface TrustAnchor {
  readonly subject: Name
  readonly publicKey: PublicKey
  /** If the anchor came as a certificate: its validity and constraints are held, too (RFC 5937). */
  readonly certificate: Certificate | undefined
}

/**
 * Makes an anchor of a certificate, self-signed or not. Its signature is not looked at: whoever calls believes it.
 *
 * @param lists asked where an anchor is taken in
 */
export function anchorOf(
  certificate: Certificate,
  lists?: KeyLists,
): { readonly kind: 'anchor'; readonly anchor: TrustAnchor } | Refused {
  const publicKey = importSoundKey(certificate.publicKey, lists)
  if ('kind' in publicKey) return publicKey
  return { kind: 'anchor', anchor: { subject: certificate.subject, publicKey, certificate } }
}
