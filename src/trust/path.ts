// SPDX-License-Identifier: Apache-2.0
import type { Oid } from '#format/der/oid.ts'
import { anyPolicy } from '#format/oids.ts'
import type { Certificate } from '#format/x509/certificate.ts'
import { PathBudget, PathBudgetSpent, type PathLimits, pathLimits } from './path/budget.ts'
import type { Purpose } from './path/purpose.ts'
import { type Found, PathSearch } from './path/search.ts'
import type { PathRules } from './path/walk.ts'
import type { PublicKey } from './public-key.ts'
import { type Refused, refuse } from './refusal.ts'
import { importSoundKey } from './sound-key.ts'
import type { TrustAnchor } from './trust-anchor.ts'

/** A question of RFC 5280 section 6: may this certificate be believed, now, for this purpose? */
export interface PathQuestion {
  readonly leaf: Certificate
  /** In any order, with strangers and repetitions; best parsed with unknown critical extensions kept. */
  readonly intermediates: readonly Certificate[]
  readonly anchors: readonly TrustAnchor[]
  readonly at: Temporal.Instant
  readonly purpose: Purpose
  /** Bounds other than the usual ones. */
  readonly budget?: Partial<PathLimits>
  /** The leaf alone may have expired; every authority above it must be valid. */
  readonly ignoreExpiry?: boolean
  /** The policy inputs of section 6.1.1; absent: no policy is asked. */
  readonly policies?: PolicyInputs
}

export interface PolicyInputs {
  /** user-initial-policy-set; absent: any. */
  readonly acceptable?: readonly Oid[]
  readonly requireExplicitPolicy?: boolean
  readonly inhibitPolicyMapping?: boolean
  readonly inhibitAnyPolicy?: boolean
}

/** Only `validatePath` can make one: the private field cannot be written in an object literal. */
class ValidatedPath {
  readonly #madeHere = true
  /** The leaf first, its authorities upward, the anchor not included. */
  readonly certificates: readonly Certificate[]
  readonly anchor: TrustAnchor
  /** The leaf's key. */
  readonly publicKey: PublicKey
  /** The certificate policies that hold for the leaf; holds `anyPolicy` if all do. */
  readonly policies: ReadonlySet<Oid>

  constructor({ certificates, anchor, policies }: Found, publicKey: PublicKey) {
    this.certificates = certificates
    this.anchor = anchor
    this.policies = policies
    this.publicKey = publicKey
    void this.#madeHere
  }

  get leaf(): Certificate {
    return this.certificates[0]!
  }
}

/** A path that was found, checked and kept every rule at the moment that was asked. */
export type ValidPath = ValidatedPath

/**
 * Finds a path from the leaf to an anchor and checks it, by RFC 5280 section 6 with the policy graph of RFC 9618.
 *
 * No key on the path may be malformed or known weak. Not checked: whether any certificate is revoked, and whether
 * policy wants stronger keys.
 * Runs on the calling thread, within its budget: well below a millisecond for two signatures of P-256.
 *
 * @returns of several failures the most telling; `path-budget-spent` if the search had to be cut short
 */
export function validatePath(
  question: PathQuestion,
): { readonly kind: 'valid'; readonly path: ValidPath } | Refused {
  const publicKey = importSoundKey(question.leaf.publicKey)
  if ('kind' in publicKey) return publicKey
  const found = search(question)
  return found.kind === 'refused'
    ? found
    : { kind: 'valid', path: new ValidatedPath(found, publicKey) }
}

function search(question: PathQuestion): Found | Refused {
  const budget = new PathBudget({ ...pathLimits, ...question.budget })
  const { anchors, intermediates, leaf } = question
  try {
    return new PathSearch(anchors, intermediates, rulesOf(question), budget).run(leaf)
  } catch (error) {
    if (!(error instanceof PathBudgetSpent)) throw error
    return refuse(
      'path-budget-spent',
      `the certificates ask for more than ${error.limit} ${error.cost}`,
    )
  }
}

function rulesOf({ at, purpose, ignoreExpiry = false, policies = {} }: PathQuestion): PathRules {
  return {
    at,
    purpose,
    ignoreExpiry,
    acceptablePolicies: new Set(policies.acceptable ?? [anyPolicy]),
    requireExplicitPolicy: policies.requireExplicitPolicy ?? false,
    inhibitPolicyMapping: policies.inhibitPolicyMapping ?? false,
    inhibitAnyPolicy: policies.inhibitAnyPolicy ?? false,
  }
}
