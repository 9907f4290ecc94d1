// SPDX-License-Identifier: Apache-2.0
import { refuse } from '#trust/refusal.ts'
import type { Refused } from '../refusal.ts'
import type { Environment } from './document/words.ts'
import type { Profile } from './profile.ts'

/** Whether an authority of this environment may issue by the profile. */
export function checkEnvironment(
  { name, environments }: Profile,
  environment: Environment,
): Refused | undefined {
  if (environments.includes(environment)) return undefined
  return refuse(
    'profile-wrong',
    `profile ${name} is for ${environments.join(', ')}, the authority is ${environment}`,
  )
}
