// SPDX-License-Identifier: Apache-2.0
import { type Certificate, parseCertificate } from '#format/x509/certificate.ts'
import { sha256 } from '#trust/digest.ts'
import { followLink } from '#trust/link.ts'
import { refuse } from '#trust/refusal.ts'
import type { Actor, AuditEvent } from '../audit/event.ts'
import { newId } from '../ledger/ids.ts'
import type { Authority, RootLink } from '../ledger/tables.ts'
import type { Clock, Randomness } from '../ports.ts'
import type { Refused } from '../refusal.ts'

/** A link that was signed, here or elsewhere, and the two roots that it is between. */
export interface SignedLink {
  /** The root whose key it certifies. */
  readonly certified: Authority
  /** The root whose key signed it. */
  readonly signer: Authority
  readonly certificate: Certificate
}

/**
 * What serves a link to devices from now on, once it is committed; the same link again changes nothing.
 *
 * Each is held to what a device will hold it to: one that no device would follow is worse than none.
 *
 * @returns `input-wrong` with the word for it, if no device would follow
 */
export function bookLink(
  { certified, signer, certificate }: SignedLink,
  actor: Actor,
  ports: { readonly clock: Clock; readonly random: Randomness },
): { readonly kind: 'step'; readonly record: RootLink; readonly event: AuditEvent } | Refused {
  const now = ports.clock.now()
  const followed = followLink({
    held: parseCertificate(signer.certificate),
    root: parseCertificate(certified.certificate),
    link: certificate,
    at: now,
  })
  if (followed.kind === 'refused') {
    const { reason, detail } = followed
    return refuse(
      'input-wrong',
      `no device would follow from ${signer.name} to ${certified.name}: ${reason}: ${detail}`,
    )
  }
  const id = newId('rootLink', ports)
  const certificateSha256 = sha256(certificate.der)
  return {
    kind: 'step',
    record: {
      ...{ id, version: 1, certified: certified.id, signer: signer.id },
      ...{ certificate: certificate.der, certificateSha256 },
      ...{ notAfter: certificate.notAfter, createdAt: now },
    },
    event: {
      ...{ type: 'root-linked', at: now, actor },
      subjects: [id, certified.id, signer.id],
      facts: {
        ...{ certified: certified.name, signer: signer.name },
        ...{ sha256: certificateSha256.toHex(), notAfter: certificate.notAfter.toString() },
      },
    },
  }
}
