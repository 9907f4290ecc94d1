// SPDX-License-Identifier: Apache-2.0
import { parseProfile } from '../policy/document/parse-profile.ts'
import type { Profile } from '../policy/profile.ts'
import { readyProfiles } from '../policy/ready/ready-profiles.ts'

/** The profile that comes with the program, with the end that a script asks for. */
export function profileFor(
  name: 'root' | 'trial-root' | 'issuing',
  until: Temporal.Instant | undefined,
): Profile {
  const parsed = parseProfile(readyProfiles[name])
  if (parsed.kind === 'faults') throw new TypeError(`ready profile ${name} is not sound`)
  if (until === undefined) return parsed.profile
  return { ...parsed.profile, validity: { kind: 'until', notAfter: until } }
}
