// SPDX-License-Identifier: Apache-2.0
import { sameBytes } from '#format/bytes.ts'
import type { Oid } from '#format/der/oid.ts'
import type { Certificate } from '#format/x509/certificate.ts'
import { readExtension } from '#format/x509/extension.ts'
import { extensionCodecs } from '#format/x509/extensions/table.ts'
import { formatName } from '#format/x509/name.ts'
import { validatePath } from './path.ts'
import { type Refused as RefusedFor, refuse, type TrustRefusal } from './refusal.ts'
import { signsItself } from './self-signed.ts'
import { anchorOf } from './trust-anchor.ts'

/** Why a root does not follow another, besides what a path can break. */
export const linkRefusals = [
  'link-identifier-wrong',
  'link-key-differs',
  'link-name-differs',
  'link-narrower-than-root',
  'link-of-no-authority',
  'root-not-self-signed',
] as const

export type LinkRefusal = (typeof linkRefusals)[number] | TrustRefusal
type Refused = RefusedFor<LinkRefusal>

/** A root that may take its place beside the one that vouches for it, and by which certificate. */
export interface Followed {
  readonly kind: 'followed'
  readonly root: Certificate
  /** NewWithOld: the new root's key, signed by the old one's. */
  readonly link: Certificate
}

export interface LinkQuestion {
  /** The root that is believed. */
  readonly held: Certificate
  /** The self-signed root that asks to be believed. */
  readonly root: Certificate
  /** The certificate by which the one vouches for the other. */
  readonly link: Certificate
  readonly at: Temporal.Instant
}

/**
 * Whether the held root vouches for another one as its successor, so that it may be believed just as much.
 *
 * The same name on all three is what tells a successor from an issuing authority: both are certified by the
 * root and may sign certificates, but only the root's own name stands for the root. Whoever holds the key of
 * an issuing authority must not be able to make an anchor of it, which nobody could revoke. So must the link
 * allow all that the new root says of itself.
 *
 * @see RFC 9810 section 4.4.1 (root key update), RFC 7030 section 4.1.3
 */
export function followLink({ held, root, link, at }: LinkQuestion): Followed | Refused {
  const no =
    checkNames(held, root, link) ??
    checkAuthorities(root, link) ??
    checkKeys(held, root, link) ??
    checkSelfSigned(root) ??
    checkBreadth(root, link) ??
    checkTime(root, at) ??
    checkPath(held, link, at)
  return no ?? { kind: 'followed', root, link }
}

/**
 * Whether a link leads to a root that is newer than the one that signed it: OldWithNew does not, and who dropped
 * a root must not be led back to it.
 *
 * A link begins with the key that it certifies (RFC 9810 section 4.4.1), whatever the root says of itself by now.
 */
export function leadsForward(held: Certificate, link: Certificate): boolean {
  return Temporal.Instant.compare(link.notBefore, held.notBefore) > 0
}

/** Whether subject and issuer are one name, to the byte: the first sign of a root, and no proof of one. */
export function isSelfIssued({ subject, issuer }: Certificate): boolean {
  return sameBytes(subject.der, issuer.der)
}

function checkNames(held: Certificate, root: Certificate, link: Certificate): Refused | undefined {
  const names = [root.subject, root.issuer, link.subject, link.issuer]
  const other = names.find(({ der }) => !sameBytes(der, held.subject.der))
  return (
    other &&
    refuse(
      'link-name-differs',
      `${formatName(other)} is not ${formatName(held.subject)}, the name of the root that is held`,
    )
  )
}

function checkAuthorities(root: Certificate, link: Certificate): Refused | undefined {
  for (const { extensions } of [root, link]) {
    const usage = readExtension(extensions, 'keyUsage')
    const signs = usage === undefined || usage.includes('keyCertSign')
    if (readExtension(extensions, 'basicConstraints')?.ca !== true || !signs)
      return refuse(
        'link-of-no-authority',
        'basicConstraints or keyUsage say that it is no authority',
      )
  }
  return undefined
}

/** The link is of the new root's key, and its identifiers are those of the two roots. */
function checkKeys(held: Certificate, root: Certificate, link: Certificate): Refused | undefined {
  if (!sameBytes(link.publicKey.der, root.publicKey.der))
    return refuse('link-key-differs', 'the link certifies another key than that of the new root')
  if (sameBytes(root.publicKey.der, held.publicKey.der))
    return refuse('link-key-differs', 'the new root has the key of the one that is held')
  const pairs = [
    [identifierOf(link), identifierOf(root)],
    [readExtension(link.extensions, 'authorityKeyIdentifier')?.keyIdentifier, identifierOf(held)],
  ] as const
  for (const [named, own] of pairs) {
    // RFC 5280 section 4.2.1.1: every certificate that is not self-signed names its issuer's key.
    if (named === undefined || (own !== undefined && !sameBytes(named, own))) {
      return refuse(
        'link-identifier-wrong',
        `the link names key ${named?.toHex() ?? 'none'}, the root is ${own?.toHex() ?? 'without'}`,
      )
    }
  }
  return undefined
}

function identifierOf({ extensions }: Certificate): Uint8Array | undefined {
  return readExtension(extensions, 'subjectKeyIdentifier')
}

function checkSelfSigned(root: Certificate): Refused | undefined {
  if (signsItself(root)) return undefined
  return refuse('root-not-self-signed', `${formatName(root.subject)} did not sign itself`)
}

/** What a link may say otherwise than the root: whose key it is, and where its status is found. */
const ofItsOwn: ReadonlySet<Oid> = new Set(
  (
    [
      'authorityInfoAccess',
      'authorityKeyIdentifier',
      'basicConstraints',
      'cRLDistributionPoints',
      'keyUsage',
      'subjectKeyIdentifier',
    ] as const
  ).map((name) => extensionCodecs[name].oid),
)

/** As an anchor the root will be held to its own words alone: they must not go beyond the link's. */
function checkBreadth(root: Certificate, link: Certificate): Refused | undefined {
  const [of, by] = [root, link].map(
    ({ extensions }) => readExtension(extensions, 'basicConstraints')?.pathLength ?? Infinity,
  ) as [number, number]
  if (of > by) {
    return refuse('link-narrower-than-root', `the root allows path length ${of}, the link ${by}`)
  }
  const lost = link.extensions.find(
    ({ oid, value }) =>
      !ofItsOwn.has(oid) &&
      !root.extensions.some((own) => own.oid === oid && sameBytes(own.value, value)),
  )
  return (
    lost &&
    refuse('link-narrower-than-root', `the link restricts by ${lost.oid}, the root does not`)
  )
}

function checkTime(
  { notBefore, notAfter }: Certificate,
  at: Temporal.Instant,
): Refused | undefined {
  if (Temporal.Instant.compare(at, notAfter) > 0)
    return refuse('certificate-expired', `the new root was valid until ${notAfter}, it is ${at}`)
  if (Temporal.Instant.compare(at, notBefore) < 0)
    return refuse(
      'certificate-not-yet-valid',
      `the new root is valid from ${notBefore}, it is ${at}`,
    )
  return undefined
}

function checkPath(held: Certificate, link: Certificate, at: Temporal.Instant) {
  const anchor = anchorOf(held)
  if (anchor.kind === 'refused') return anchor
  const path = validatePath({
    ...{ leaf: link, intermediates: [], anchors: [anchor.anchor], at, purpose: 'any' },
  })
  return path.kind === 'refused' ? path : undefined
}
