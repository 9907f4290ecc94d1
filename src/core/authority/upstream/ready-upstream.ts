// SPDX-License-Identifier: Apache-2.0

import type { UpstreamSigner } from '#core/authority/draft.ts'
import { Fault } from '#core/fault.ts'
import type { Authority, Upstream } from '#core/ledger/tables.ts'
import type { Refused } from '#core/refusal.ts'
import { type Certificate, parseCertificate } from '#format/x509/certificate.ts'
import {
  type KeyAlgorithmName,
  type SignatureAlgorithm,
  signatureAlgorithmFor,
} from '#trust/algorithms.ts'
import { refuse } from '#trust/refusal.ts'
import { anchorOf, type TrustAnchor } from '#trust/trust-anchor.ts'

/** An authority of an upstream, read once. */
export interface UpstreamAuthority {
  readonly authority: Authority
  readonly certificate: Certificate
}

/** An upstream with all that is known of its authorities. */
export interface ReadyUpstream {
  readonly upstream: Upstream
  readonly authorities: readonly UpstreamAuthority[]
  /** What its certificates must lead to. */
  readonly anchors: readonly TrustAnchor[]
  /** Who will sign, as far as can be told before an answer. */
  readonly signer: UpstreamSigner
}

/**
 * Makes an upstream ready to be asked.
 *
 * Its roots are believed; of one that tells no root, whatever an operator registered.
 *
 * @throws Fault `ledger-damaged` if no authority of it is here; FormatError if one does not read
 */
export function readyUpstream(
  upstream: Upstream,
  authorityOf: (id: string) => Authority | undefined,
): ReadyUpstream {
  const authorities = upstream.authorities.flatMap((id): UpstreamAuthority[] => {
    const authority = authorityOf(id)
    if (authority === undefined) return []
    const certificate = parseCertificate(authority.certificate, { unknownCritical: 'keep' })
    return [{ authority, certificate }]
  })
  const roots = authorities.filter(({ authority }) => authority.parent === null)
  const below = authorities.filter(({ authority }) => authority.parent !== null)
  const anchors = roots.flatMap(({ certificate }) => {
    const read = anchorOf(certificate)
    return read.kind === 'anchor' ? [read.anchor] : []
  })
  // Of several below the root nobody knows which will sign; the newest is the likeliest.
  const likeliest = below.at(-1) ?? roots.at(-1)
  if (likeliest === undefined || anchors.length === 0)
    throw new Fault('ledger-damaged', `upstream ${upstream.name} has no authority here`)
  return { upstream, authorities, anchors, signer: signerOf(likeliest) }
}

function signerOf({ authority, certificate }: UpstreamAuthority): UpstreamSigner {
  const signatureAlgorithm: SignatureAlgorithm = signatureAlgorithmFor(
    authority.algorithm as KeyAlgorithmName,
  )
  return { kind: 'upstream', authority, certificate, signatureAlgorithm }
}

/** Whether what an upstream is asked for can be asked at all, for it and this key. */
export function checkUpstream({ upstream }: ReadyUpstream): Refused | undefined {
  return upstream.state === 'active'
    ? undefined
    : refuse('issuing-stopped', `upstream ${upstream.name} was removed`)
}
