// SPDX-License-Identifier: Apache-2.0
/** Basic and name constraints: RFC 5280 sections 4.2.1.9 and 4.2.1.10. */
import { always, authorities, leaves, only, type Rule } from '../rule.ts'

export const constraintRules: readonly Rule[] = [
  {
    id: 'authority-has-basic-constraints',
    source: 'RFC 5280 section 4.2.1.9',
    severity: 'error',
    holds: 'an authority has basic constraints with cA, critical',
    applies: authorities,
    check: (linted) =>
      linted.isAuthority && linted.critical('basicConstraints')
        ? undefined
        : 'basicConstraints lacks cA, is not critical, or is missing',
  },
  {
    id: 'leaf-is-no-authority',
    source: 'RFC 5280 section 4.2.1.9',
    severity: 'error',
    holds: 'a leaf has no basic constraints with cA',
    applies: leaves,
    check: (linted) => (linted.isAuthority ? `a ${linted.kind} certificate has cA` : undefined),
  },
  {
    id: 'path-length-within-issuer',
    source: 'RFC 5280 sections 4.2.1.9 and 6.1.4',
    severity: 'error',
    holds: "an authority's path length is less than its issuer's",
    applies: only('issuing'),
    check: (linted) => {
      const allowed = linted.issuer?.value('basicConstraints')?.pathLength
      const own = linted.value('basicConstraints')?.pathLength
      if (allowed === undefined || (allowed > 0 && own !== undefined && own < allowed))
        return undefined
      return `path length ${own ?? 'without limit'} below an issuer with ${allowed}`
    },
  },
  {
    id: 'issuing-authority-has-path-length',
    source: 'own: what is not meant to make further authorities must not be able to',
    severity: 'warning',
    holds: 'an issuing authority limits its path length',
    applies: only('issuing'),
    check: (linted) =>
      linted.value('basicConstraints')?.pathLength === undefined
        ? 'basicConstraints has no pathLenConstraint'
        : undefined,
  },
  {
    id: 'name-constraints-on-authority',
    source: 'RFC 5280 section 4.2.1.10',
    severity: 'error',
    holds: 'only an authority has name constraints',
    applies: leaves,
    check: (linted) => (linted.has('nameConstraints') ? 'nameConstraints is there' : undefined),
  },
  {
    id: 'name-constraints-critical',
    source: 'RFC 5280 section 4.2.1.10',
    severity: 'error',
    holds: 'name constraints are critical',
    applies: authorities,
    check: (linted) =>
      linted.has('nameConstraints') && !linted.critical('nameConstraints')
        ? 'nameConstraints is not critical'
        : undefined,
  },
  {
    id: 'policy-constraints-critical',
    source: 'RFC 5280 sections 4.2.1.11 and 4.2.1.14',
    severity: 'error',
    holds: 'policy constraints and inhibitAnyPolicy are critical',
    applies: always,
    check: (linted) => {
      const lax = (['policyConstraints', 'inhibitAnyPolicy'] as const).find(
        (name) => linted.has(name) && !linted.critical(name),
      )
      return lax && `${lax} is not critical`
    },
  },
]
