// SPDX-License-Identifier: Apache-2.0
import { refuse } from '#trust/refusal.ts'
import type { Refused } from '../refusal.ts'
import type { Judgement } from './judge-release.ts'

/** Why what was signed may not be given to devices, if so: who reviewed the emergency did not agree. */
export function refuseDisputed({ verdict }: Judgement): Refused | undefined {
  return verdict === 'refused'
    ? refuse('release-not-approved', 'a person who reviewed it signed that it must not go out')
    : undefined
}
