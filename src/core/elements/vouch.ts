// SPDX-License-Identifier: Apache-2.0
import type { Certificate } from '#format/x509/certificate.ts'
import type { PublicKey } from '#trust/public-key.ts'
import { refuse } from '#trust/refusal.ts'
import { validateVendorPath } from '#trust/tpm/vendor-path.ts'
import type { VendorRoot } from '../ledger/tables.ts'
import type { Clock } from '../ports.ts'
import type { Refused } from '../refusal.ts'
import type { VendorRegister } from '../vendors/vendor-trust.ts'

/** A key for which a maker of secure elements vouches. */
export interface VouchedKey {
  readonly kind: 'vouched'
  readonly publicKey: PublicKey
  /** Whose word it rests on. */
  readonly root: VendorRoot
}

/**
 * Whether a maker of secure elements that is believed here vouches for the key of a certificate.
 *
 * @param chain the element's certificate first, then those above it that came with it, if any
 */
export async function vouchForElement(
  [leaf, ...above]: readonly [Certificate, ...Certificate[]],
  { vendors, clock }: { readonly vendors: VendorRegister; readonly clock: Clock },
): Promise<VouchedKey | Refused> {
  const trust = await vendors.trustIn('secure-element')
  const asked = validateVendorPath({
    leaf: { certificate: leaf, oddities: [] },
    intermediates: [
      ...trust.intermediates,
      ...above.map((certificate) => ({ certificate, oddities: [] })),
    ],
    anchors: trust.anchors,
    at: clock.now(),
    // Makers give elements certificates for TLS, for their cloud, or for nothing in particular.
    purpose: 'any',
  })
  if (asked.kind === 'refused')
    return refuse(
      'element-not-genuine',
      `no maker that is believed here vouches for this element: ${asked.detail} (${asked.reason})`,
    )
  const anchor = trust.anchors.find((one) => one === asked.anchor)
  if (anchor === undefined) throw new TypeError('an anchor that nobody gave')
  return { kind: 'vouched', publicKey: asked.path.publicKey, root: anchor.root }
}
