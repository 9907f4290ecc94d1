// SPDX-License-Identifier: Apache-2.0
import { refuse } from '#trust/refusal.ts'
import type { Ledger } from '../ledger/ledger.ts'
import { newestProfile } from '../policy/apply-profile.ts'
import { parseProfile } from '../policy/document/parse-profile.ts'
import type { Profile } from '../policy/profile.ts'
import type { Refused } from '../refusal.ts'

/** The newest version of a profile by which applications get an identity and renew it, or why it is none. */
export async function applicationProfile(name: string, ledger: Ledger): Promise<Profile | Refused> {
  const record = await newestProfile(name, ledger)
  const parsed = record && parseProfile(record.document)
  if (record === undefined || parsed?.kind !== 'profile')
    return refuse('not-found', `no profile ${name} is here`)
  const { kind, proofs } = parsed.profile
  if (kind !== 'server' && kind !== 'client')
    return refuse(
      'input-wrong',
      `profile ${name} makes ${kind} certificates, not those of applications`,
    )
  const missing = (['code', 'current-certificate'] as const).filter((one) => !proofs.includes(one))
  if (missing.length > 0)
    return refuse(
      'proof-not-admitted',
      `profile ${name} admits ${proofs.join(', ')}; an application needs ${missing.join(', ')}, and renewal: write them into its next version (profile show, profile apply)`,
    )
  return { ...parsed.profile, version: record.number }
}
