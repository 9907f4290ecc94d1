// SPDX-License-Identifier: Apache-2.0
import { FormatError } from '#format/format-error.ts'
import {
  type EndorsementCertificate,
  parseEndorsementCertificate,
  parseVendorCertificate,
  type VendorCertificate,
} from '#format/tpm/endorsement-certificate.ts'
import type { PublicKey } from '#trust/public-key.ts'
import { refuse } from '#trust/refusal.ts'
import { validateVendorPath } from '#trust/tpm/vendor-path.ts'
import type { VendorRoot } from '../ledger/tables.ts'
import type { Clock } from '../ports.ts'
import type { Refused } from '../refusal.ts'
import type { VendorRegister } from './vendor-trust.ts'

/** A key of a TPM for which its maker vouches. */
export interface Endorsed {
  readonly kind: 'endorsed'
  readonly certificate: EndorsementCertificate
  /** The endorsement key; whether the TPM at hand has it is for `MakeCredential` to prove. */
  readonly publicKey: PublicKey
  /** Whose word it rests on. */
  readonly root: VendorRoot
}

export interface EndorsePorts {
  readonly vendors: VendorRegister
  readonly clock: Clock
}

/** More than any maker's chain has. */
const mostIntermediates = 16

/**
 * Whether a maker of TPMs that is believed here vouches for an endorsement key.
 *
 * A certificate may be odd in the ways that are known (see `oddities`), but counts then only below a root whose
 * bundle says so.
 *
 * @param der as the device read it, maybe with padding
 * @param chain the certificates between it and a root that the device has, if any
 */
export async function endorse(
  der: Uint8Array,
  chain: readonly Uint8Array[],
  { vendors, clock }: EndorsePorts,
): Promise<Endorsed | Refused> {
  if (chain.length > mostIntermediates)
    return refuse(
      'endorsement-not-trusted',
      `${chain.length} certificates came with it, at most ${mostIntermediates} are looked at`,
    )
  const read = readAll(der, chain)
  if (read.kind === 'refused') return read
  const trust = await vendors.trustIn('tpm')
  const asked = validateVendorPath({
    leaf: read.leaf,
    intermediates: [...trust.intermediates, ...read.chain],
    anchors: trust.anchors,
    at: clock.now(),
    purpose: 'endorsement',
  })
  if (asked.kind === 'refused')
    return refuse(
      'endorsement-not-trusted',
      `no maker that is believed here vouches for this TPM: ${asked.detail}${oddText(read.leaf)} (${asked.reason})`,
    )
  const anchor = trust.anchors.find((one) => one === asked.anchor)
  if (anchor === undefined) throw new TypeError('an anchor that nobody gave')
  const { publicKey } = asked.path
  return { kind: 'endorsed', certificate: read.leaf, publicKey, root: anchor.root }
}

type ReadAll = {
  readonly kind: 'read'
  readonly leaf: EndorsementCertificate
  readonly chain: readonly VendorCertificate[]
}

function readAll(der: Uint8Array, chain: readonly Uint8Array[]): ReadAll | Refused {
  try {
    return {
      kind: 'read',
      leaf: parseEndorsementCertificate(der, 'odd-endorsement-certificate'),
      chain: chain.map((one) => parseVendorCertificate(one, 'odd-endorsement-certificate')),
    }
  } catch (error) {
    if (!(error instanceof FormatError)) throw error
    return refuse(
      'endorsement-not-trusted',
      `the certificate of the TPM cannot be read: ${error.message}`,
    )
  }
}

function oddText({ oddities }: VendorCertificate): string {
  return oddities.length === 0
    ? ''
    : `; it is odd (${oddities.join(', ')}), which counts only below a root whose bundle says so`
}
