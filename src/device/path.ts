// SPDX-License-Identifier: Apache-2.0
import type { Certificate } from '#format/x509/certificate.ts'
import { validatePath } from '#trust/path.ts'
import { anchorOf, type TrustAnchor } from '#trust/trust-anchor.ts'
import { latest } from './time.ts'

/**
 * RFC 5280 section 6 with the pinned roots as the only anchors, for a device whose clock may stand at 1970.
 *
 * Validity is judged at the latest moment that the device knows to have come, or that the certificates
 * themselves say has come: their authorities signed that it is later than each notBefore. So a slow clock
 * never makes a certificate "not yet valid", and what is known to be over is refused. A stranger who puts
 * a later certificate among them can only have the rest refused.
 */
export function validateFrom(
  roots: readonly Certificate[],
  leaf: Certificate,
  intermediates: readonly Certificate[],
  purpose: 'device' | 'server' | 'any',
  now: Temporal.Instant,
) {
  const anchors: TrustAnchor[] = []
  for (const root of roots) {
    const pinned = anchorOf(root)
    if (pinned.kind === 'refused') return pinned
    anchors.push(pinned.anchor)
  }
  const begun = [leaf, ...intermediates].map(({ notBefore }) => notBefore)
  const at = latest([now, ...begun])
  return validatePath({ leaf, intermediates, anchors, at, purpose })
}
