// SPDX-License-Identifier: Apache-2.0

import { sameBytes } from '#format/bytes.ts'
import type { Oid } from '#format/der/oid.ts'
import type { Certificate } from '#format/x509/certificate.ts'
import { readExtension } from '#format/x509/extension.ts'
import { formatName, sameName } from '#format/x509/name.ts'
import type { PublicKey } from '../public-key.ts'
import { type Refused, refuse } from '../refusal.ts'
import { verifySignatureSync } from '../signature.ts'
import { importSoundKey } from '../sound-key.ts'
import type { TrustAnchor } from '../trust-anchor.ts'
import type { PathBudget } from './budget.ts'
import { moreTelling } from './failure.ts'
import { isSignedBy } from './known-signatures.ts'
import { type PathRules, walkPath } from './walk.ts'

export interface Found {
  readonly kind: 'found'
  /** The leaf first, the anchor not included. */
  readonly certificates: readonly Certificate[]
  readonly anchor: TrustAnchor
  readonly policies: ReadonlySet<Oid>
}

type Issuer = TrustAnchor | Certificate

/**
 * Searches upward from the leaf, depth first, for a path that keeps the rules.
 *
 * Issuers are found by name; key identifiers only say whom to try first. Several issuers of one name,
 * cross-certificates and loops are expected; a link between two certificates is checked once, in however many paths.
 *
 * @see RFC 4158 (certification path building)
 */
export class PathSearch {
  readonly #anchors: readonly TrustAnchor[]
  readonly #intermediates: readonly Certificate[]
  readonly #rules: PathRules
  readonly #budget: PathBudget
  readonly #keys = new Map<Certificate, PublicKey | Refused>()
  readonly #links = new Map<Certificate, Map<Issuer, Refused | undefined>>()
  #failure: Refused | undefined

  constructor(
    anchors: readonly TrustAnchor[],
    intermediates: readonly Certificate[],
    rules: PathRules,
    budget: PathBudget,
  ) {
    this.#anchors = anchors
    this.#intermediates = distinct(intermediates)
    this.#rules = rules
    this.#budget = budget
  }

  /** @throws PathBudgetSpent */
  run(leaf: Certificate): Found | Refused {
    return (
      this.#extend([leaf]) ??
      this.#failure ??
      refuse('certificate-not-trusted', `no anchor stands behind ${formatName(leaf.issuer)}`)
    )
  }

  /** Undefined: no path goes through these certificates; `#failure` says more. */
  #extend(path: readonly Certificate[]): Found | undefined {
    const child = path.at(-1)!
    for (const anchor of this.#issuersOf(child, this.#anchors)) {
      const found = this.#holds(child, anchor, anchor.publicKey) && this.#walk(path, anchor)
      if (found) return found
    }
    for (const issuer of this.#issuersOf(child, this.#intermediates)) {
      if (path.some((other) => sameEntity(other, issuer))) continue
      if (path.length > this.#budget.limits.intermediates) return this.#failTooLong()
      const key = this.#keyOf(issuer)
      if (key === undefined || !this.#holds(child, issuer, key)) continue
      const found = this.#extend([...path, issuer])
      if (found !== undefined) return found
    }
    return undefined
  }

  /** Those who bear the name of the child's issuer; whose key identifier matches comes first. */
  #issuersOf<I extends Issuer>(child: Certificate, candidates: readonly I[]): readonly I[] {
    const named = candidates.filter((candidate) => {
      this.#budget.spend('steps')
      return sameName(candidate.subject, child.issuer)
    })
    if (named.length < 2) return named
    const wanted = readExtension(child.extensions, 'authorityKeyIdentifier')?.keyIdentifier
    const [matching, others] = [true, false].map((matches) =>
      named.filter((issuer) => hasKeyIdentifier(issuer, wanted) === matches),
    )
    return [...matching!, ...others!]
  }

  #keyOf(issuer: Certificate): PublicKey | undefined {
    const key = this.#keys.get(issuer) ?? importSoundKey(issuer.publicKey)
    this.#keys.set(issuer, key)
    return 'kind' in key ? this.#fail(key) : key
  }

  /** Whether the key made the child's signature. */
  #holds(child: Certificate, issuer: Issuer, key: PublicKey): boolean {
    const links = this.#links.get(child) ?? new Map<Issuer, Refused | undefined>()
    this.#links.set(child, links)
    if (!links.has(issuer)) links.set(issuer, this.#checkSignature(child, key))
    const no = links.get(issuer)
    if (no !== undefined) this.#fail(no)
    return no === undefined
  }

  #checkSignature(child: Certificate, key: PublicKey): Refused | undefined {
    this.#budget.spend('signatures')
    const genuine = isSignedBy(child, key, () =>
      verifySignatureSync(child.signatureAlgorithm, key, child.tbs, child.signature),
    )
    if (typeof genuine === 'object') return genuine
    return genuine
      ? undefined
      : refuse(
          'signature-wrong',
          `${formatName(child.issuer)} did not sign with the key that is known`,
        )
  }

  #walk(certificates: readonly Certificate[], anchor: TrustAnchor): Found | undefined {
    const walked = walkPath(certificates, anchor, this.#rules, this.#budget)
    if (walked.kind === 'refused') return this.#fail(walked)
    return { kind: 'found', certificates, anchor, policies: walked.policies }
  }

  #failTooLong(): undefined {
    const { intermediates } = this.#budget.limits
    return this.#fail(
      refuse('path-too-long', `more than ${intermediates} intermediate certificates`),
    )
  }

  #fail(failure: Refused): undefined {
    this.#failure = moreTelling(this.#failure, failure)
  }
}

function distinct(certificates: readonly Certificate[]): readonly Certificate[] {
  return [...new Map(certificates.map((one) => [one.der.toHex(), one])).values()]
}

/** One name and one key: a second certificate of the same authority would only lead round in a circle. */
function sameEntity(left: Certificate, right: Certificate): boolean {
  return sameBytes(left.publicKey.der, right.publicKey.der) && sameName(left.subject, right.subject)
}

function hasKeyIdentifier(issuer: Issuer, wanted: Uint8Array | undefined): boolean {
  const extensions = 'extensions' in issuer ? issuer.extensions : issuer.certificate?.extensions
  const identifier = extensions && readExtension(extensions, 'subjectKeyIdentifier')
  return wanted !== undefined && identifier !== undefined && sameBytes(identifier, wanted)
}
