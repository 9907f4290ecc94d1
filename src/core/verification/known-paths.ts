// SPDX-License-Identifier: Apache-2.0
import { type Certificate, parseCertificate } from '#format/x509/certificate.ts'
import { sha256 } from '#trust/digest.ts'
import { validatePath } from '#trust/path.ts'
import { refuse } from '#trust/refusal.ts'
import { anchorOf, type TrustAnchor } from '#trust/trust-anchor.ts'
import { isInForce } from '../enrolment/anchors/believed.ts'
import type { Doors } from '../enrolment/doors.ts'
import type { Authority } from '../ledger/tables.ts'
import type { Refused } from '../refusal.ts'
import type { VerifiablePurpose } from './verify.ts'

/** A path to be found, of a certificate that the ledger knows. */
export interface PathWish {
  /** DER. */
  readonly leaf: Uint8Array
  /** SHA-256 of it. */
  readonly digest: Uint8Array
  /** Who issued it. */
  readonly authority: string
  readonly purpose: VerifiablePurpose
  readonly at: Temporal.Instant
}

/** A path that was validated once, and holds while its times do. */
interface KnownPath {
  readonly kind: 'path'
  /** SHA-256 of each certificate above the leaf, the root's not included. */
  readonly authorities: readonly Uint8Array[]
  /** The latest beginning and the earliest end of all certificates on it. */
  readonly from: Temporal.Instant
  readonly until: Temporal.Instant
}

/** 10,000 devices that come again and again; half a kilobyte each. */
const mostPaths = 10_000

/**
 * The paths of certificates that were looked at lately, at most so many, the longest unused forgotten first.
 *
 * A path is kept by the digest of its certificate and its purpose, and is forgotten as soon as the authorities in
 * memory are read anew: here or on another node, something of them has changed then.
 */
export class KnownPaths {
  readonly #most: number
  readonly #paths = new Map<string, KnownPath>()
  #generation = -1

  constructor(most = mostPaths) {
    this.#most = most
  }

  /** How many are kept. */
  get size(): number {
    return this.#paths.size
  }

  /** The path of a certificate, kept or validated now; a refusal is never kept. */
  find(wish: PathWish, doors: PathDoors): KnownPath | Refused {
    if (doors.generation !== this.#generation) {
      this.#paths.clear()
      this.#generation = doors.generation
    }
    const key = `${wish.purpose} ${wish.digest.toHex()}`
    const kept = this.#paths.get(key)
    // Outside of its times it is validated anew, which says by name what is too old or too young.
    const path = kept !== undefined && holds(kept, wish.at) ? kept : validate(wish, doors)
    this.#paths.delete(key)
    if (path.kind === 'refused') return path
    this.#paths.set(key, path)
    if (this.#paths.size > this.#most) this.#paths.delete(this.#paths.keys().next().value!)
    return path
  }
}

/** The part of the doors that is looked at. */
export type PathDoors = Pick<Doors, 'authorities' | 'above' | 'generation'>

function holds({ from, until }: KnownPath, at: Temporal.Instant): boolean {
  return Temporal.Instant.compare(from, at) <= 0 && Temporal.Instant.compare(at, until) <= 0
}

function validate({ leaf, authority, purpose, at }: PathWish, doors: PathDoors) {
  const issuer = doors.authorities.find(({ id }) => id === authority)
  if (issuer === undefined || !isInForce(issuer))
    return refuse('certificate-not-trusted', 'the authority that issued it is ended')
  const above = doors.above(issuer).filter(isInForce)
  const valid = pathUnder(
    parseCertificate(leaf, { unknownCritical: 'keep' }),
    [issuer, ...above],
    purpose,
    at,
  )
  if (valid.kind === 'refused') return valid
  const { certificates, anchor } = valid.path
  const all =
    anchor.certificate === undefined ? certificates : [...certificates, anchor.certificate]
  return {
    kind: 'path',
    authorities: certificates.slice(1).map(({ der }) => sha256(der)),
    from: all.map(({ notBefore }) => notBefore).reduce(later),
    until: all.map(({ notAfter }) => notAfter).reduce(earlier),
  } as const satisfies KnownPath
}

/** The path of a certificate to the roots among these authorities, by way of the others. */
export function pathUnder(
  leaf: Certificate,
  authorities: readonly Authority[],
  purpose: VerifiablePurpose,
  at: Temporal.Instant,
) {
  const read = authorities.map(readAuthority)
  return validatePath({
    leaf,
    intermediates: read.filter(({ isRoot }) => !isRoot).map(({ certificate }) => certificate),
    anchors: read.flatMap(({ isRoot, anchor }) => (isRoot && anchor ? [anchor] : [])),
    at,
    purpose,
  })
}

interface ReadAuthority {
  readonly certificate: Certificate
  readonly isRoot: boolean
  readonly anchor: TrustAnchor | undefined
}

/** A house has tens of authorities, asked with each new path: each is parsed, and its key imported, once. */
const readAuthorities = new WeakMap<Authority, ReadAuthority>()

function readAuthority(authority: Authority): ReadAuthority {
  const known = readAuthorities.get(authority)
  if (known !== undefined) return known
  const certificate = parseCertificate(authority.certificate)
  // Whoever stands above it is believed as it stands: a root, or what somebody else's authority was given as.
  const isRoot = authority.parent === null
  const anchor = anchorOf(certificate)
  const read = { certificate, isRoot, anchor: anchor.kind === 'anchor' ? anchor.anchor : undefined }
  readAuthorities.set(authority, read)
  return read
}

function later(left: Temporal.Instant, right: Temporal.Instant): Temporal.Instant {
  return Temporal.Instant.compare(left, right) > 0 ? left : right
}

function earlier(left: Temporal.Instant, right: Temporal.Instant): Temporal.Instant {
  return Temporal.Instant.compare(left, right) < 0 ? left : right
}
