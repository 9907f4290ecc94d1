// SPDX-License-Identifier: Apache-2.0
import type { VendorCertificate } from '#format/tpm/endorsement-certificate.ts'
import { readExtension } from '#format/x509/extension.ts'
import type { Purpose } from '../path/purpose.ts'
import { type ValidPath, validatePath } from '../path.ts'
import { type Refused, refuse } from '../refusal.ts'
import type { TrustAnchor } from '../trust-anchor.ts'

/** An authority of a maker of TPMs or secure elements that is believed without proof. */
export interface VendorAnchor extends TrustAnchor {
  /** Whether what it certified may be odd in the ways that the named leniency lets pass. */
  readonly odd: boolean
  /**
   * Whether what it certified stays good after the end of the certificates: a maker's word that a key was in a chip
   * when it left the factory is about that day.
   */
  readonly afterExpiry: 'refused' | 'accepted'
}

export interface VendorQuestion {
  readonly leaf: VendorCertificate
  /** Those that came with it and those that are known, in any order, with strangers. */
  readonly intermediates: readonly VendorCertificate[]
  readonly anchors: readonly VendorAnchor[]
  readonly at: Temporal.Instant
  readonly purpose: Purpose
}

export type Vouched = {
  readonly kind: 'vouched'
  readonly path: ValidPath
  readonly anchor: VendorAnchor
}

/**
 * Whether a maker of TPMs or secure elements vouches for the key of a certificate.
 *
 * An anchor that accepts what expired is asked as of the day on which the leaf began, so that every certificate above
 * it was good on that day; all others are asked as of now. What is odd counts only below an anchor that says so.
 * Not checked: revocation (few makers publish lists, and a chip cannot get a new certificate).
 *
 * @returns of several failures the one of now, which tells more than the one of then
 */
export function validateVendorPath(question: VendorQuestion): Vouched | Refused {
  const { leaf, at } = question
  if (readExtension(leaf.certificate.extensions, 'basicConstraints')?.ca === true)
    return refuse(
      'certificate-wrong-purpose',
      'the certificate of an authority is no key of a chip',
    )
  const now = ask(question, question.anchors, at)
  const begun = leaf.certificate.notBefore
  // A certificate of tomorrow is not helped by yesterday's anchors.
  if (now.kind === 'vouched' || Temporal.Instant.compare(begun, at) > 0) return now
  const lasting = question.anchors.filter(({ afterExpiry }) => afterExpiry === 'accepted')
  const then = ask(question, lasting, begun)
  return then.kind === 'vouched' ? then : now
}

/** First by certificates that are not odd, below any anchor; then by all, below those that let oddities pass. */
function ask(
  { leaf, intermediates, purpose }: VendorQuestion,
  anchors: readonly VendorAnchor[],
  at: Temporal.Instant,
): Vouched | Refused {
  const sound = intermediates.filter(isSound)
  const tolerant = anchors.filter(({ odd }) => odd)
  if (!isSound(leaf)) return seek(intermediates, tolerant)
  const strict = seek(sound, anchors)
  if (strict.kind === 'vouched' || sound.length === intermediates.length) return strict
  const lenient = seek(intermediates, tolerant)
  return lenient.kind === 'vouched' ? lenient : strict

  function seek(between: readonly VendorCertificate[], among: readonly VendorAnchor[]) {
    const valid = validatePath({
      leaf: leaf.certificate,
      intermediates: between.map(({ certificate }) => certificate),
      anchors: among,
      at,
      purpose,
    })
    if (valid.kind === 'refused') return valid
    const anchor = among.find((one) => one === valid.path.anchor)
    if (anchor === undefined) throw new TypeError('a path ends at an anchor that nobody gave')
    return { kind: 'vouched', path: valid.path, anchor } as const
  }
}

function isSound({ oddities }: VendorCertificate): boolean {
  return oddities.length === 0
}
