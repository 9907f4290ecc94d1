// SPDX-License-Identifier: Apache-2.0
import assert from 'node:assert/strict'
import { applyProfile, newestProfile } from '#core/policy/apply-profile.ts'
import type { ProfileDocument } from '#core/policy/document/profile-document.ts'
import { readyProfiles } from '#core/policy/ready/ready-profiles.ts'
import type { Core } from '#house/core.ts'

const operator = { kind: 'person', id: 'psn_test' } as const

/** Puts the next version of a ready-made profile in force, with other sections; gives its number. */
export async function changeProfile(
  core: Core,
  sections: Partial<ProfileDocument>,
  name: keyof typeof readyProfiles = 'ldevid',
): Promise<number> {
  const before = await newestProfile(name, core.ledger)
  const version = (before?.number ?? 0) + 1
  const document = { ...structuredClone(readyProfiles[name]), ...sections, version }
  const applied = await applyProfile(document, operator, core)
  if (applied.kind === 'refused') assert.fail(applied.detail)
  await core.doors.reload()
  return version
}

/** Whatever is asked for waits for a person. */
export const manual = {
  approval: { rule: 'manual', operations: ['enrol', 'renew'], because: 'RFC 0000: a test' },
} as const satisfies Partial<ProfileDocument>
