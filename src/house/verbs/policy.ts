// SPDX-License-Identifier: Apache-2.0
import { trustForeign } from '#core/authority/trust-foreign.ts'
import { applyProfile, newestProfile } from '#core/policy/apply-profile.ts'
import { diffProfiles } from '#core/policy/document/diff-profiles.ts'
import { parseProfile } from '#core/policy/document/parse-profile.ts'
import { readCertificate } from '#edge/admin/ledger-verbs/pem.ts'
import { showAuthority, showProfile } from '#edge/admin/ledger-verbs/show.ts'
import type { Verbs } from '#edge/admin/verbs.ts'
import { refuse } from '#trust/refusal.ts'
import type { Core } from '../core.ts'

type PolicyVerbs = Pick<
  Verbs,
  'authority.trust' | 'profile.apply' | 'profile.check' | 'profile.diff'
>

/** What changes the rules by which certificates are made. */
export function policyVerbs(core: Core): PolicyVerbs {
  return {
    'authority.trust': async ({ name, certificate: pem, products }, { caller }) => {
      const read = readCertificate(pem)
      if (read.kind === 'refused') return read
      const { environment } = core
      const asked = { name, certificate: read.certificate, products, environment }
      const trusted = await trustForeign(asked, caller.actor, core)
      return trusted.kind === 'refused' ? trusted : showAuthority(trusted.authority)
    },

    'profile.check': async ({ document }) => {
      const parsed = parseProfile(document)
      if (parsed.kind === 'profile') return { good: true, faults: [] }
      return {
        good: false,
        faults: parsed.faults.map(({ path, value, remedy }) => ({
          path,
          value,
          fault: `is ${value}`,
          remedy,
        })),
      }
    },

    'profile.diff': async ({ document }) => {
      const { name } = document
      if (typeof name !== 'string')
        return refuse('profile-wrong', 'name: the document names no profile')
      const before = await newestProfile(name, core.ledger)
      const differences = diffProfiles(before?.document ?? {}, document)
      return {
        name,
        number: before?.number ?? null,
        differences: differences.map(({ path, from, to }) => ({
          path,
          before: from ?? null,
          after: to ?? null,
          means: null,
        })),
      }
    },

    'profile.apply': async ({ document }, { caller }) => {
      const applied = await applyProfile(document, caller.actor, core)
      return applied.kind === 'refused' ? applied : showProfile(applied.profile)
    },
  }
}
