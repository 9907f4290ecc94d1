// SPDX-License-Identifier: Apache-2.0
import type { Certificate } from '#format/x509/certificate.ts'
import type { Refused } from '../refusal.ts'
import { anchorOf, type TrustAnchor } from '../trust-anchor.ts'

/** The roots of a device as anchors; one whose key is not sound is refused, and with it all that hangs on it. */
export function anchorsOf(roots: readonly Certificate[]): readonly TrustAnchor[] | Refused {
  const anchors: TrustAnchor[] = []
  for (const root of roots) {
    const made = anchorOf(root)
    if (made.kind === 'refused') return made
    anchors.push(made.anchor)
  }
  return anchors
}
