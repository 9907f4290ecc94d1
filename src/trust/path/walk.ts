// SPDX-License-Identifier: Apache-2.0
/** RFC 5280 sections 6.1.2 to 6.1.5 over one path whose names chain and whose signatures are checked. */
import type { Oid } from '#format/der/oid.ts'
import { anyPolicy } from '#format/oids.ts'
import type { Certificate } from '#format/x509/certificate.ts'
import { readExtension } from '#format/x509/extension.ts'
import { extensionCodecs } from '#format/x509/extensions/table.ts'
import { formatName, sameName } from '#format/x509/name.ts'
import { type Refused, refuse } from '../refusal.ts'
import type { TrustAnchor } from '../trust-anchor.ts'
import type { PathBudget } from './budget.ts'
import { NameRestrictions } from './name-restrictions.ts'
import { PolicyGraph } from './policy-graph.ts'
import { checkAuthorityPurpose, checkLeafPurpose, type Purpose } from './purpose.ts'

/** The inputs of section 6.1.1 that do not change from path to path. */
export interface PathRules {
  readonly at: Temporal.Instant
  readonly purpose: Purpose
  /** Whether the leaf, and only the leaf, may have expired. */
  readonly ignoreExpiry: boolean
  /** user-initial-policy-set; `anyPolicy` asks nothing. */
  readonly acceptablePolicies: ReadonlySet<Oid>
  /** initial-explicit-policy */
  readonly requireExplicitPolicy: boolean
  /** initial-policy-mapping-inhibit */
  readonly inhibitPolicyMapping: boolean
  /** initial-any-policy-inhibit */
  readonly inhibitAnyPolicy: boolean
}

export interface Walked {
  readonly kind: 'walked'
  /** user_constrained_policy_set */
  readonly policies: ReadonlySet<Oid>
}

/** 6.1.2: the state variables; the working key is not among them, as signatures are checked by the search. */
interface State {
  readonly names: NameRestrictions
  readonly policies: PolicyGraph
  explicitPolicy: number
  policyMapping: number
  inhibitAnyPolicy: number
  maxPathLength: number
}

/**
 * Walks from the anchor down to the leaf and holds every rule on the way.
 *
 * @param path the leaf first, the anchor not included
 * @throws PathBudgetSpent
 */
export function walkPath(
  path: readonly Certificate[],
  anchor: TrustAnchor,
  rules: PathRules,
  budget: PathBudget,
): Walked | Refused {
  const state = startAt(path.length, rules, budget)
  const unfit = anchor.certificate && enterAuthority(anchor.certificate, state, rules)
  if (unfit !== undefined) return unfit
  for (const [index, certificate] of [...path.entries()].reverse()) {
    const no =
      index === 0
        ? checkLeaf(certificate, state, rules)
        : checkIntermediate(certificate, state, rules)
    if (no !== undefined) return no
  }
  return wrapUp(path[0]!, state, rules)
}

function startAt(length: number, rules: PathRules, budget: PathBudget): State {
  return {
    names: new NameRestrictions(budget),
    policies: new PolicyGraph(budget),
    explicitPolicy: rules.requireExplicitPolicy ? 0 : length + 1,
    policyMapping: rules.inhibitPolicyMapping ? 0 : length + 1,
    inhibitAnyPolicy: rules.inhibitAnyPolicy ? 0 : length + 1,
    maxPathLength: length,
  }
}

/**
 * What an authority's certificate demands by itself, and what it lays on those below.
 *
 * An anchor is held to this much (RFC 5937), not to its own policies or to a length above it.
 */
function enterAuthority(certificate: Certificate, state: State, rules: PathRules) {
  const no =
    checkValidity(certificate, rules.at) ??
    checkCritical(certificate) ??
    checkAuthority(certificate) ??
    checkAuthorityPurpose(certificate, rules.purpose)
  if (no !== undefined) return no
  const { extensions } = certificate
  // 6.1.4 (g)
  const nameConstraints = readExtension(extensions, 'nameConstraints')
  if (nameConstraints !== undefined) state.names.add(nameConstraints)
  // 6.1.4 (m)
  const pathLength = readExtension(extensions, 'basicConstraints')?.pathLength
  state.maxPathLength = Math.min(state.maxPathLength, pathLength ?? state.maxPathLength)
  return undefined
}

/** 6.1.3 and 6.1.4. */
function checkIntermediate(certificate: Certificate, state: State, rules: PathRules) {
  const selfIssued = isSelfIssued(certificate)
  const no =
    (selfIssued ? undefined : state.names.check(certificate)) ??
    checkPolicies(certificate, state, selfIssued) ??
    applyMappings(certificate, state)
  if (no !== undefined) return no
  // 6.1.4 (h)
  if (!selfIssued) countDown(state)
  // 6.1.4 (i), (j)
  applyPolicyLimits(certificate, state)
  // 6.1.4 (l)
  if (!selfIssued && state.maxPathLength-- === 0) {
    return refuse('path-too-long', `${who(certificate)} lies below an authority's path length`)
  }
  return enterAuthority(certificate, state, rules)
}

/** 6.1.3 and 6.1.5 for the last certificate. */
function checkLeaf(certificate: Certificate, state: State, rules: PathRules) {
  return (
    checkValidity(certificate, rules.at, rules.ignoreExpiry) ??
    state.names.check(certificate) ??
    checkPolicies(certificate, state, false) ??
    checkCritical(certificate) ??
    checkLeafPurpose(certificate, rules.purpose)
  )
}

/** 6.1.5 (a), (b) and (g). */
function wrapUp(leaf: Certificate, state: State, rules: PathRules): Walked | Refused {
  const constraints = readExtension(leaf.extensions, 'policyConstraints')
  const explicit = state.explicitPolicy <= 1 || constraints?.requireExplicitPolicy === 0
  const policies = state.policies.assertedOf(rules.acceptablePolicies)
  if (explicit && policies.size === 0) {
    return refuse('certificate-not-trusted', 'the path asserts no certificate policy that is asked')
  }
  return { kind: 'walked', policies }
}

/** 6.1.3 (a)(2); both ends inclusive to the second (4.1.2.5), so 99991231235959Z never ends. */
function checkValidity(certificate: Certificate, at: Temporal.Instant, ignoreExpiry = false) {
  const { notBefore, notAfter } = certificate
  const second = at.round({ smallestUnit: 'second', roundingMode: 'floor' })
  if (Temporal.Instant.compare(second, notBefore) < 0) {
    return refuse(
      'certificate-not-yet-valid',
      `${who(certificate)} is valid from ${notBefore}, it is ${second}`,
    )
  }
  if (!ignoreExpiry && Temporal.Instant.compare(second, notAfter) > 0) {
    return refuse(
      'certificate-expired',
      `${who(certificate)} was valid until ${notAfter}, it is ${second}`,
    )
  }
  return undefined
}

/** 6.1.3 (d), (e) and (f). */
function checkPolicies({ extensions }: Certificate, state: State, selfIssued: boolean) {
  const policies = readExtension(extensions, 'certificatePolicies')?.map((policy) => policy.oid)
  state.policies.descend(policies, state.inhibitAnyPolicy > 0 || selfIssued)
  return state.explicitPolicy > 0 || !state.policies.isEmpty
    ? undefined
    : refuse('certificate-not-trusted', 'an explicit certificate policy is asked, none is left')
}

/** 6.1.4 (a) and (b). */
function applyMappings({ extensions }: Certificate, state: State): Refused | undefined {
  const mappings = readExtension(extensions, 'policyMappings')
  if (mappings === undefined) return undefined
  const wild = mappings.some(
    (mapping) =>
      mapping.issuerDomainPolicy === anyPolicy || mapping.subjectDomainPolicy === anyPolicy,
  )
  if (wild) return refuse('certificate-not-trusted', 'a policy mapping names anyPolicy')
  state.policies.map(mappings, state.policyMapping > 0)
  return undefined
}

function countDown(state: State): void {
  state.explicitPolicy = Math.max(0, state.explicitPolicy - 1)
  state.policyMapping = Math.max(0, state.policyMapping - 1)
  state.inhibitAnyPolicy = Math.max(0, state.inhibitAnyPolicy - 1)
}

function applyPolicyLimits({ extensions }: Certificate, state: State): void {
  const constraints = readExtension(extensions, 'policyConstraints')
  const { requireExplicitPolicy = Infinity, inhibitPolicyMapping = Infinity } = constraints ?? {}
  const skipCerts = readExtension(extensions, 'inhibitAnyPolicy') ?? Infinity
  state.explicitPolicy = Math.min(state.explicitPolicy, requireExplicitPolicy)
  state.policyMapping = Math.min(state.policyMapping, inhibitPolicyMapping)
  state.inhibitAnyPolicy = Math.min(state.inhibitAnyPolicy, skipCerts)
}

/** 6.1.4 (k) and (n). */
function checkAuthority(certificate: Certificate): Refused | undefined {
  const { extensions } = certificate
  if (readExtension(extensions, 'basicConstraints')?.ca !== true) {
    return refuse(
      'certificate-not-trusted',
      `${who(certificate)} is no authority (basicConstraints)`,
    )
  }
  const keyUsage = readExtension(extensions, 'keyUsage')
  return keyUsage === undefined || keyUsage.includes('keyCertSign')
    ? undefined
    : refuse('certificate-not-trusted', `${who(certificate)} may not sign certificates (keyUsage)`)
}

/** What is held here, or by those who ask whether a certificate is revoked. */
const understood: ReadonlySet<Oid> = new Set(
  (
    [
      'authorityKeyIdentifier',
      'basicConstraints',
      'cRLDistributionPoints',
      'certificatePolicies',
      'extKeyUsage',
      'freshestCRL',
      'inhibitAnyPolicy',
      'keyUsage',
      'nameConstraints',
      'policyConstraints',
      'policyMappings',
      'subjectAltName',
      'subjectKeyIdentifier',
    ] as const
  ).map((name) => extensionCodecs[name].oid),
)

/** 6.1.4 (o) and 6.1.5 (f). */
function checkCritical(certificate: Certificate): Refused | undefined {
  const stranger = certificate.extensions.find(
    ({ oid, critical }) => critical && !understood.has(oid),
  )
  return (
    stranger &&
    refuse(
      'certificate-not-trusted',
      `${who(certificate)} has the critical extension ${stranger.oid}`,
    )
  )
}

function isSelfIssued({ subject, issuer }: Certificate): boolean {
  return sameName(subject, issuer)
}

function who({ subject }: Certificate): string {
  return subject.rdns.length === 0
    ? 'a certificate without subject'
    : formatName(subject).slice(0, 256)
}
