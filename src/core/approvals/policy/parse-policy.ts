// SPDX-License-Identifier: Apache-2.0

import { type ProfileFault, readShape } from '#core/policy/document/read-shape.ts'
import type { Refused } from '#core/refusal.ts'
import { refuse } from '#trust/refusal.ts'
import { demandsOf, fewestForProduction, type PolicyRules, policyShape } from './rules.ts'

export type ParsedPolicy = { readonly kind: 'policy'; readonly rules: PolicyRules } | Refused

/** Faults that are told at once; the rest come when these are mended. */
const mostTold = 5

/**
 * Reads a signing policy, as from JSON; never throws, whatever JSON holds.
 *
 * `signing-policy-too-low`: production with fewer people than the floor, which no policy lowers.
 */
export function parsePolicy(document: unknown): ParsedPolicy {
  const faults: ProfileFault[] = []
  const rules = readShape(policyShape, document, '', faults) as PolicyRules
  if (faults.length > 0) return refuse('signing-policy-wrong', faultWords(faults))
  for (const { environment, kind, approvals } of demandsOf(rules)) {
    const { people, roles = [] } = approvals
    if (environment === 'production' && people < fewestForProduction)
      return refuse(
        'signing-policy-too-low',
        `production asks ${people} ${people === 1 ? 'person' : 'people'} for ${kind} releases, at least ${fewestForProduction} have to agree`,
      )
    const doubled = roles.find(({ role }, at) => roles.findIndex((one) => one.role === role) !== at)
    if (doubled !== undefined)
      return refuse('signing-policy-wrong', `${environment}: the role ${doubled.role} stands twice`)
    // A person signs in one role: more than all people cannot be asked.
    const wanted = roles.reduce((sum, one) => sum + one.people, 0)
    if (wanted > people)
      return refuse(
        'signing-policy-wrong',
        `${environment}: the roles of ${kind} releases ask ${wanted} people, and ${people} have to agree`,
      )
  }
  return { kind: 'policy', rules }
}

function faultWords(faults: readonly ProfileFault[]): string {
  const told = faults
    .slice(0, mostTold)
    .map(
      ({ path, value, remedy }) => `${path === '' ? 'the document' : path} is ${value}: ${remedy}`,
    )
  const more = faults.length - told.length
  return `${told.join('; ')}${more > 0 ? `; and ${more} more` : ''}`
}
